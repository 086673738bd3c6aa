"""Named classes of alterations ("exon 19 deletion", "activating") and resistance, as curated data.

One reviewed YAML file per gene under ``data/alterations/``. A class is defined by exact protein
changes, codons, regions of the protein or splice sites of a transcript, each with a source, and may
include other classes. Codon and base numbers hold for the reference sequence of the file only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from knowledge.coding_change import CodingChange, base_accession, parse_coding_change
from knowledge.facts import Fact, Kind, State
from knowledge.protein_change import (
    NotationError,
    ProteinChange,
    ProteinChangeKind,
    is_among,
    parse_protein_change,
)


@dataclass(frozen=True, slots=True)
class Region:
    """Changes of certain kinds within a stretch of codons.

    ``net`` is ``loss`` or ``gain`` of residues; ``touches`` narrows to changes that reach these codons.
    """

    first: int
    last: int
    kinds: frozenset[ProteinChangeKind]
    net: str
    touches: tuple[int, int] | None = None

    def holds_protein(self, change: ProteinChange) -> bool:
        """Whether a protein change lies in this region."""
        if change.kind not in self.kinds:
            return False
        return self._holds(change.start, change.end, change.net_length)

    def holds_coding(self, change: CodingChange) -> bool:
        """Whether an in-frame coding change lies in this region, by its codons."""
        net = change.net_length
        if net is None or net == 0 or net % 3:
            return False
        return self._holds(change.start.codon or 0, change.end.codon or 0, net)

    def _holds(self, start: int, end: int, net: int | None) -> bool:
        if not self.first <= start <= self.last:
            return False
        if self.touches and (end < self.touches[0] or start > self.touches[1]):
            return False
        return net is None or (net < 0 if self.net == "loss" else net > 0)


@dataclass(frozen=True, slots=True)
class SpliceSite:
    """The first and last base of an exon in one transcript; its ±1 and ±2 positions are the canonical sites."""

    transcript: str
    first: int
    last: int

    def holds(self, change: CodingChange) -> bool:
        """Whether a change replaces or removes a canonical splice position."""
        if change.start.region or change.end.region or change.kind not in ("substitution", "del", "delins", "inv"):
            return False
        start = (change.start.base, change.start.offset)
        end = (change.end.base, change.end.offset)
        canonical = ((self.first, -2), (self.first, -1), (self.last, 1), (self.last, 2))
        return any(start <= position <= end for position in canonical)


@dataclass(frozen=True, slots=True)
class AlterationClass:
    """A named class of alterations of one gene."""

    gene: str
    name: str
    structural: bool
    written: frozenset[str]
    exon: int | None
    changes: frozenset[str]
    codons: frozenset[int]
    regions: tuple[Region, ...]
    splice_sites: tuple[SpliceSite, ...]
    coding: frozenset[str]
    includes: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class Resistance:
    """An alteration that predicts resistance of a gene's tumours to drugs of its class."""

    gene: str
    name: str
    changes: frozenset[str]
    variant_class: str | None
    drugs: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class GeneAlterations:
    """What the catalogue knows about one gene."""

    gene: str
    protein_reference: str
    transcripts: frozenset[str]
    classes: Mapping[str, AlterationClass]
    resistances: tuple[Resistance, ...]
    same_change: Mapping[str, str]  # coding change -> protein change


@dataclass(frozen=True, slots=True)
class Notation:
    """The names of a change, before there is a fact of it."""

    protein: str | None
    coding: str | None
    transcript: str | None


class AlterationCatalogue:
    """All genes of the catalogue. Immutable once built."""

    def __init__(self, genes: Iterable[GeneAlterations]) -> None:
        self._genes = {entry.gene: entry for entry in genes}

    def __contains__(self, gene: str) -> bool:
        """Whether the catalogue has an entry for the gene."""
        return gene in self._genes

    def knows_class(self, gene: str, name: str) -> bool:
        """Whether a class of this name is defined for the gene."""
        return gene in self._genes and name in self._genes[gene].classes

    def classes_of(self, gene: str, fact: Fact) -> frozenset[str]:
        """Every class of ``gene`` to which a variant fact belongs, included classes resolved."""
        if gene not in self._genes or gene not in fact.genes:
            return frozenset()
        return _classes_of(self, gene, fact.variant_class, Notation(fact.protein, fact.coding, fact.transcript))

    def classes_of_notation(self, gene: str, stated: str | None, notation: Notation) -> frozenset[str]:
        """Every class of a change of a gene of the catalogue, by its notation and by the class stated for it."""
        entry = self._genes[gene]
        direct = {stated} if stated in entry.classes else set()
        direct |= _direct_classes(entry, notation)
        return _with_including(entry, {name for name in direct if name})

    def classes_including(self, gene: str, name: str) -> frozenset[str]:
        """The class itself and every class that includes it."""
        entry = self._genes.get(gene)
        return _with_including(entry, {name}) if entry else frozenset({name})

    def structural_class(self, gene: str, fact: Fact | Notation) -> str | None:
        """The structural class (``exon 19 deletion``) that a fact's notation places it in."""
        entry = self._genes.get(gene)
        if entry is None:
            return None
        names = sorted(name for name in _direct_classes(entry, fact) if entry.classes[name].structural)
        return names[0] if names else None

    def class_in_text(self, gene: str, text: str) -> str | None:
        """The one class whose written form stands in the text; ``None`` if none or several do."""
        entry = self._genes.get(gene)
        if entry is None:
            return None
        words = f" {_plain(text)} "
        found = {c.name for c in entry.classes.values() for written in c.written if f" {written} " in words}
        return found.pop() if len(found) == 1 else None

    def class_named(self, gene: str, text: str) -> str | None:
        """The one class that the whole text names, with or without the word "mutation" behind it."""
        entry = self._genes.get(gene)
        words = _plain(text)
        names = {words, re.sub(r" mutations?$", "", words)}
        found = {c.name for c in entry.classes.values() if c.written & names} if entry else set()
        return found.pop() if len(found) == 1 else None

    def class_of_exon(self, gene: str, exon: int, kind: ProteinChangeKind) -> str | None:
        """The structural class for a change of this kind in an exon, where the exon is all that is told."""
        entry = self._genes.get(gene)
        for alteration in entry.classes.values() if entry else ():
            if alteration.exon == exon and any(kind in region.kinds for region in alteration.regions):
                return alteration.name
        return None

    def protein_of_coding(self, gene: str, coding: str, transcript: str | None) -> str | None:
        """The protein change that the catalogue records for a coding change on its own transcript."""
        entry = self._genes.get(gene)
        if entry is None or not _is_reference(transcript, entry.transcripts):
            return None
        return entry.same_change.get(coding)

    def resistances(self, gene: str, drugs: frozenset[str], fact: Fact) -> tuple[Resistance, ...]:
        """Resistance entries of ``gene`` to any of ``drugs`` that a present fact fulfils."""
        entry = self._genes.get(gene)
        if entry is None or fact.state is not State.PRESENT or fact.kind is not Kind.VARIANT:
            return ()
        return tuple(
            resistance
            for resistance in entry.resistances
            if drugs & resistance.drugs
            and (
                is_among(fact.protein, resistance.changes)
                or (resistance.variant_class is not None and resistance.variant_class in self.classes_of(gene, fact))
            )
        )

    def resistant_drugs(self, gene: str, but_for: frozenset[tuple[str, str]] = frozenset()) -> frozenset[str]:
        """Every drug for which the catalogue lists a resistance alteration of ``gene``.

        Entries whose changes are all among ``but_for``, pairs of gene and change, are passed over.
        """
        entry = self._genes.get(gene)
        if entry is None:
            return frozenset()
        left = [
            resistance
            for resistance in entry.resistances
            if resistance.variant_class is not None or not {(gene, name) for name in resistance.changes} <= but_for
        ]
        return frozenset(drug for resistance in left for drug in resistance.drugs)

    @property
    def genes(self) -> tuple[str, ...]:
        """The genes of the catalogue."""
        return tuple(sorted(self._genes))


@lru_cache(maxsize=4096)
def _classes_of(catalogue: AlterationCatalogue, gene: str, stated: str | None, notation: Notation) -> frozenset[str]:
    """Many criteria ask this of the same change, and the same changes come in many records."""
    return catalogue.classes_of_notation(gene, stated, notation)


def _direct_classes(entry: GeneAlterations, fact: Fact | Notation) -> set[str]:
    protein = _read_protein(fact.protein)
    coding = _read_coding(fact.coding)
    on_reference = _is_reference(fact.transcript, entry.transcripts)
    names = set()
    for name, alteration in entry.classes.items():
        if protein is not None and _protein_belongs(alteration, protein, fact.protein or ""):
            names.add(name)
        elif coding is not None and _coding_belongs(alteration, coding, fact, on_reference):
            names.add(name)
    return names


def _protein_belongs(alteration: AlterationClass, change: ProteinChange, text: str) -> bool:
    if is_among(text, alteration.changes) or any(region.holds_protein(change) for region in alteration.regions):
        return True
    return (
        change.kind in (ProteinChangeKind.SUBSTITUTION, ProteinChangeKind.CODON) and change.start in alteration.codons
    )


def _coding_belongs(
    alteration: AlterationClass, change: CodingChange, fact: Fact | Notation, on_reference: bool
) -> bool:
    if on_reference and fact.coding in alteration.coding:
        return True
    if on_reference and fact.protein is None and any(region.holds_coding(change) for region in alteration.regions):
        return True
    # Exon boundaries differ between transcripts and do not collide, so without a transcript a splice
    # position that fits one numbering can only mean that one.
    return any(
        site.holds(change)
        for site in alteration.splice_sites
        if fact.transcript is None or base_accession(fact.transcript) == site.transcript
    )


def _with_including(entry: GeneAlterations, names: set[str]) -> frozenset[str]:
    result = set(names)
    grown = True
    while grown:
        including = {c.name for c in entry.classes.values() if c.includes & result} - result
        result |= including
        grown = bool(including)
    return frozenset(result)


def _is_reference(transcript: str | None, transcripts: frozenset[str]) -> bool:
    return transcript is None or base_accession(transcript) in transcripts


def _read_protein(text: str | None) -> ProteinChange | None:
    try:
        return parse_protein_change(text) if text else None
    except NotationError:
        return None


def _read_coding(text: str | None) -> CodingChange | None:
    try:
        return parse_coding_change(text) if text else None
    except NotationError:
        return None


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def read_gene_alterations(data: Mapping[str, Any]) -> GeneAlterations:
    """Build one gene's entry from its YAML document, which the JSON Schema has checked."""
    gene = data["gene"]
    reference = data["reference"]
    classes = {item["name"]: _read_class(gene, item) for item in data["classes"]}
    same_change = {item["coding"]: item["protein"] for item in data.get("same_change", ())}
    return GeneAlterations(
        gene=gene,
        protein_reference=reference["protein"],
        transcripts=frozenset(reference["transcripts"]),
        classes=classes,
        resistances=tuple(_read_resistance(gene, item) for item in data.get("resistance", ())),
        same_change=same_change,
    )


def _read_class(gene: str, item: Mapping[str, Any]) -> AlterationClass:
    return AlterationClass(
        gene=gene,
        name=item["name"],
        structural=item.get("structural", False),
        written=frozenset(_plain(text) for text in (item["name"], *item.get("written", ()))),
        exon=item.get("exon"),
        changes=frozenset(str(parse_protein_change(text)) for text in item.get("protein", ())),
        codons=frozenset(item.get("codons", ())),
        regions=tuple(_read_region(region) for region in item.get("regions", ())),
        splice_sites=tuple(
            SpliceSite(site["transcript"], site["first"], site["last"]) for site in item.get("splice_sites", ())
        ),
        coding=frozenset(item.get("coding", ())),
        includes=frozenset(item.get("includes", ())),
        source=item["source"],
    )


def _read_region(item: Mapping[str, Any]) -> Region:
    touches = item.get("touches")
    return Region(
        first=item["codons"][0],
        last=item["codons"][1],
        kinds=frozenset(ProteinChangeKind(kind) for kind in item["kinds"]),
        net=item["net"],
        touches=(touches[0], touches[1]) if touches else None,
    )


def _read_resistance(gene: str, item: Mapping[str, Any]) -> Resistance:
    return Resistance(
        gene=gene,
        name=item["name"],
        changes=frozenset(str(parse_protein_change(text)) for text in item.get("protein", ())),
        variant_class=item.get("class"),
        drugs=frozenset(item["drugs"]),
        source=item["source"],
    )
