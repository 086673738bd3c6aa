"""The index of the corpus: which facts a careful human reads in each file, and how to find them in a record.

An index fact is ``key=value`` pairs; ``~=`` marks what the human derived. A record has the fact if one of its
facts agrees with every pair that can be compared.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from knowledge import Fact, Kind
from knowledge.coding_change import parse_coding_change
from knowledge.protein_change import parse_protein_change
from tests.corpus_clinical import CLINICAL, is_in_the_file

#: Index kinds that have a reader, and the kinds of facts that carry them.
BUILT = {
    "variant": {Kind.VARIANT},
    "structural": {Kind.VARIANT, Kind.COPY_NUMBER},
    "fusion": {Kind.FUSION, Kind.KARYOTYPE},
    "cnv": {Kind.COPY_NUMBER},
    "disease": {Kind.DISEASE},
    "ihc": {Kind.EXPRESSION},
    "ish": {Kind.EXPRESSION},
    "msi": {Kind.SIGNATURE},
    "tmb": {Kind.SIGNATURE},
    "therapy": {Kind.THERAPY},
    "genotype": {Kind.GENOTYPE},
    "pgx_genotype": {Kind.GENOTYPE},
    "pgx_haplotype": {Kind.GENOTYPE},
    "pgx_phenotype": {Kind.PHENOTYPE},
    "hla": {Kind.HLA},
}


@dataclass(frozen=True)
class Expected:
    """One fact of the index."""

    file: str
    kind: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def is_built(self) -> bool:
        if self.kind in CLINICAL:
            return is_in_the_file(self.kind, dict(self.pairs))
        return self.kind in BUILT

    def comparable(self) -> list[tuple[str, str]]:
        return [
            (key, value)
            for key, value in self.pairs
            if key in _COMPARISONS and not _not_in_the_source(value) and (key != "code" or self.kind == "disease")
        ]

    def matches(self, fact: Fact) -> bool:
        if self.kind in CLINICAL:
            return any(wanted(fact) for wanted in CLINICAL[self.kind](dict(self.pairs)))
        if fact.kind not in BUILT[self.kind]:
            return False
        return all(_COMPARISONS[key](fact, value) for key, value in self.comparable())

    def count(self) -> int:
        """How many facts one line stands for (``count~=7 somatic SNVs``)."""
        if self.kind in CLINICAL:
            return len(CLINICAL[self.kind](dict(self.pairs)))
        number = re.match(r"\d+", dict(self.pairs).get("count", ""))
        return int(number[0]) if number else 1


def read_index(corpus: Path) -> list[Expected]:
    """Every fact of the index except ``none``."""
    with (corpus / "fixtures" / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    expected = []
    for row in rows:
        for text in row["facts"].split(" || "):
            pairs = tuple(_pair(part) for part in text.split("; ") if "=" in part)
            kind = dict(pairs).get("kind")
            if kind and kind != "none":
                expected += [Expected(row["file"], kind, single) for single in _one_drug_each(kind, pairs)]
    return expected


def _pair(part: str) -> tuple[str, str]:
    key, _, value = part.partition("=")
    return key.removesuffix("~").strip(), value.strip()


def _one_drug_each(kind: str, pairs: tuple[tuple[str, str], ...]) -> list[tuple[tuple[str, str], ...]]:
    """A line that lists several drugs stands for one therapy each; a stain with its score for two facts."""
    if "tps_in_note" in dict(pairs):
        return [tuple(pair for pair in pairs if pair[0] != name) for name in ("value", "tps_in_note")]
    if kind != "therapy":
        return [pairs]
    drugs = dict(pairs)["drug"].split(",")
    return [tuple((key, drug if key == "drug" else value) for key, value in pairs) for drug in drugs]


def _not_in_the_source(value: str) -> bool:
    return (
        value.startswith(("not stated", "never stated"))
        or "derivable" in value
        or "not sent" in value
        or "only in ClinVar" in value
    )


def _state(fact: Fact, value: str) -> bool:
    if fact.kind is Kind.THERAPY:
        return (fact.status or "").startswith(value)
    return fact.state == ("absent" if value.startswith(("absent", "wild type")) else "present")


def _vaf(fact: Fact, value: str) -> bool:
    number = float(value.removesuffix("%").strip())
    return fact.vaf is not None and abs(fact.vaf - (number / 100 if number > 1 else number)) < 1e-6


def _disease_code(fact: Fact, value: str) -> bool:
    return value in (fact.source.raw or "") or fact.histology == value


def _marker(fact: Fact, value: str) -> bool:
    return fact.marker == value.split()[0]


def _marker_value(fact: Fact, value: str) -> bool:
    """Yes and no of a stain, a class, or a number; instability without its degree is ``unstable``."""
    if fact.kind not in (Kind.EXPRESSION, Kind.SIGNATURE):
        return True
    word = value.split()[0]
    if fact.kind is Kind.EXPRESSION:
        return fact.value is None and fact.state == {"negative": "absent", "positive": "present"}.get(word, word)
    wanted = "unstable" if word == "positive" else word
    return str(fact.value) == wanted


def _marker_unit(fact: Fact, value: str) -> bool:
    return fact.kind is not Kind.SIGNATURE or fact.unit == "mut/Mb"


def _hybridisation(fact: Fact, value: str) -> bool:
    return (fact.state, fact.comparator, fact.value) == ("absent", "<", 1.8)


def _genes(fact: Fact, value: str) -> bool:
    return set(value.split()[0].split("+")) <= set(fact.genes)


def _without_gene(alleles: str) -> str:
    """``CYP2C9 *2/*5`` to ``*2/*5``; the gene of an HLA allele is part of its name."""
    return re.sub(r"^(?!HLA-)[A-Z0-9]+\s*(?=\*)", "", alleles.split(" (")[0])


def _diplotype(fact: Fact, value: str) -> bool:
    return sorted((fact.diplotype or "").split("/")) == sorted(_without_gene(value).split("/"))


def _phenotype(fact: Fact, value: str) -> bool:
    wanted = value.split(" (")[0].replace("metabolizer", "metaboliser")
    return fact.kind is not Kind.PHENOTYPE or fact.phenotype == wanted


def _pharmacogenomic_text(fact: Fact, value: str) -> bool:
    if fact.kind not in (Kind.GENOTYPE, Kind.PHENOTYPE, Kind.HLA):
        return True
    return value in (fact.source.raw, fact.allele)


def _drug(fact: Fact, value: str) -> bool:
    """The INN in the name that was sent: with its strength, in German, in tall man lettering."""
    return fact.kind is not Kind.THERAPY or (fact.inn or "none").rstrip("e") in value.lower()


_COMPARISONS = {
    "marker": _marker,
    "value": _marker_value,
    "unit": _marker_unit,
    "interp": _hybridisation,
    "drug": _drug,
    "period": lambda fact, value: fact.date == value.partition("..")[2],
    "gene": _genes,
    "diplotype": _diplotype,
    "allele": lambda fact, value: fact.allele == _without_gene(value),
    "phenotype": _phenotype,
    "text": _pharmacogenomic_text,
    "presence": lambda fact, value: (fact.state == "present") == (value == "true"),
    "p": lambda fact, value: fact.protein == str(parse_protein_change(value)),
    "p_in_display": lambda fact, value: fact.protein == str(parse_protein_change(value)),
    "c": lambda fact, value: fact.coding == str(parse_coding_change(value)),
    "g": lambda fact, value: fact.genomic == value,
    "spdi": lambda fact, value: fact.genomic == value,
    "chrom": lambda fact, value: (fact.genomic or "").startswith(value),
    "tx": lambda fact, value: fact.transcript == value,
    "status": _state,
    "origin": lambda fact, value: (fact.origin or "unknown") == value.split()[0],
    "zygosity": lambda fact, value: fact.zygosity == value,
    "vaf": _vaf,
    "cn": lambda fact, value: fact.copies == float(value),
    "cnv": lambda fact, value: fact.variant_class == value.split()[0],
    "partners": lambda fact, value: set(fact.genes) == set(value.split(",")),
    "iscn": lambda fact, value: fact.value == value,
    "date": lambda fact, value: (fact.date or "").startswith(value),
    "code": _disease_code,
    "tps_in_note": lambda fact, value: fact.score == "TPS" and fact.value == int(value.split()[0]),
}
