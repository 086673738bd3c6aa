"""One variant of CIViC as a criterion, or the reason why no criterion says exactly the same.

Nothing becomes a match by gene: "KRAS Mutation" is refused, not widened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.alterations import AlterationCatalogue
from knowledge.civic.profiles import Document
from knowledge.civic.refusal import NotExact
from knowledge.civic.tables import Row
from knowledge.protein_change import (
    NotationError,
    ProteinChange,
    ProteinChangeKind,
    parse_protein_change,
    same_protein_change,
)
from knowledge.terminology import GeneTable

_EXACT = frozenset(
    {
        ProteinChangeKind.SUBSTITUTION,
        ProteinChangeKind.NONSENSE,
        ProteinChangeKind.DELETION,
        ProteinChangeKind.DUPLICATION,
        ProteinChangeKind.INSERTION,
        ProteinChangeKind.DELETION_INSERTION,
    }
)
_WITH_NEW_RESIDUES = frozenset({ProteinChangeKind.INSERTION, ProteinChangeKind.DELETION_INSERTION})
_CODONS = re.compile(r"[A-Z]\d+(?:/[A-Z]\d+)+")
#: Sequence Ontology: the whole gene is gone.
_GENE_DELETION = "transcript_ablation"
_FACTORS = {("MSI", "High"): {"signature": {"name": "MSI", "is": ["MSI-H"]}}}

#: Why a variant of a gene that is no exact change, codon, class or amplification is refused; the first that fits.
_REASONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (f"variant: {reason}", re.compile(pattern, re.IGNORECASE))
    for reason, pattern in (
        ("any mutation of the gene", r"mutations?|alterations?|mutated"),
        ("wild type of the whole gene", r"wild.?type"),
        (
            "a functional class, which each study defines for itself",
            r".*(?:loss|gain).of.function.*|.*(?:in)?activating.*|.*deleterious.*|.*oncogenic.*|.*resistance.*|null.*",
        ),
        (
            "expression, methylation or a level without a score",
            r".*(?:expression|phosphorylation|methylation|serum levels|nuclear|expressing).*",
        ),
        (
            "a polymorphism, genotype or coding change",
            r"c\..*|.*\brs\d+.*|.*\*\d.*|.*polymorphism.*|.*genotype.*|.*homozygosity.*|.*repeat.*",
        ),
        ("a rearrangement without its fusion", r".*(?:rearrangement|translocation|fusion).*"),
        (
            "a loss or deletion of which it is not said what is lost",
            r"loss|deletion|copy.?number.*|loh|.*heterozygosity.*",
        ),
        (
            "a class that the alteration catalogue does not define",
            r".*(?:exon|domain|loop|\bitd\b|\btkd\b|skipping|insertion|deletion|mutation|non-|viii|frameshift).*",
        ),
    )
)


@dataclass(frozen=True, slots=True, repr=False)
class VariantReader:
    """CIViC's variants by their full name (``EGFR L858R``), with the terminology they are checked against."""

    genes: GeneTable
    catalogue: AlterationCatalogue
    variants: Mapping[str, Row]
    features: Mapping[str, Row]

    @classmethod
    def of(
        cls, genes: GeneTable, catalogue: AlterationCatalogue, variants: Iterable[Row], features: Iterable[Row]
    ) -> VariantReader:
        """A reader of the variants of one release."""
        by_name = {f"{row['feature_name']} {row['variant']}": row for row in variants}
        return cls(genes, catalogue, by_name, {row["feature_id"]: row for row in features})

    def document(self, name: str, is_germline: bool) -> Document:
        """The criterion of one variant. Raises :class:`NotExact`."""
        row = self.variants.get(name)
        if row is None:
            raise NotExact("variant: not described in the file of variants")
        if row["is_flagged"] == "true":
            raise NotExact("flagged in CIViC as in need of correction")
        match row["feature_type"]:
            case "Fusion":
                return self._fusion(row)
            case "Factor":
                return _factor(row)
        return self._of_gene(row, is_germline)

    def _fusion(self, row: Row) -> Document:
        if row["variant"] != "Fusion":
            raise NotExact("variant: a fusion of certain exons")
        statuses = (row["5_prime_partner_status"], row["3_prime_partner_status"])
        if not set(statuses) <= {"known", "multiple"} or "known" not in statuses:
            raise NotExact("variant: a fusion whose partner is not known")
        feature = self.features.get(row["feature_id"], {})
        # The kinase that is named alone, or stands at the 3' end of a pair, is the gene; the other is its partner.
        partners = [
            self._symbol(feature.get(f"{end}_gene_name", ""), feature.get(f"{end}_gene_entrez_id", ""))
            for end, status in zip(("three_prime", "five_prime"), reversed(statuses), strict=True)
            if status == "known"
        ]
        return {"fusion": dict(zip(("gene", "partner"), partners, strict=False))}

    def _of_gene(self, row: Row, is_germline: bool) -> Document:
        name, gene = row["variant"], self._symbol(row["gene"], row["entrez_id"])
        if name.casefold() == "amplification":
            return {"copy_number": {"gene": gene, "change": "amplification"}}
        if name.casefold() == "deletion" and _GENE_DELETION in row["variant_types"].split(","):
            return {"copy_number": {"gene": gene, "change": "deletion"}}
        about: dict[str, Any] = {"gene": gene}
        origin = {"origin": "germline"} if is_germline else {}
        if _CODONS.fullmatch(name):
            codons = [{"variant": about | {"codon": int(part[1:])} | origin} for part in name.split("/")]
            return {"any_of": codons}
        change = _read(name)
        if change is not None and change.kind is ProteinChangeKind.CODON:
            return {"variant": about | {"codon": change.start} | origin}
        if change is not None:
            return {"variant": about | {"protein": [_exact(change, row)]} | origin}
        return {"variant": about | {"class": self._class(gene, name)} | origin}

    def _class(self, gene: str, name: str) -> str:
        reason = next((reason for reason, pattern in _REASONS if pattern.fullmatch(name)), "variant: not understood")
        if reason != _REASONS[-1][0]:
            raise NotExact(reason)
        found = self.catalogue.class_named(gene, name)
        if found is None:
            raise NotExact(reason)
        return found

    def _symbol(self, name: str, entrez: str) -> str:
        """The approved symbol, by the gene's id; a name that is another gene's is not taken."""
        gene = self.genes.by_ncbi(entrez) if entrez else None
        named = self.genes.resolve(name)
        if gene is None or named is None or named.symbol != gene.symbol:
            raise NotExact("variant: the name and the id of the gene do not agree")
        return gene.symbol


def _factor(row: Row) -> Document:
    found = _FACTORS.get((row["feature_name"], row["variant"]))
    if found is None:
        raise NotExact("variant: a factor without a defined value (TMB without a bound)")
    return dict(found)


def _exact(change: ProteinChange, row: Row) -> str:
    """The change as HGVS, if it is one change and CIViC's own HGVS does not say another."""
    if change.kind not in _EXACT or (change.kind in _WITH_NEW_RESIDUES and not change.new):
        raise NotExact("variant: a protein change that is not told in full")
    described = [_read(text) for text in re.findall(r":(p\.[^,\s]+)", row["hgvs_descriptions"])]
    if described and not any(other is not None and same_protein_change(change, other) for other in described):
        raise NotExact("variant: its name and its HGVS description differ (another numbering)")
    return str(change)


def _read(text: str) -> ProteinChange | None:
    try:
        return parse_protein_change(text)
    except NotationError:
        return None
