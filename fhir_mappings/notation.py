"""Variant names in the slots where laboratories put them, which are often not the right slots.

Each slot is read on its own: what cannot be read is kept as a warning and never stops the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from knowledge.coding_change import CodingChange, parse_coding_change, reference_of
from knowledge.protein_change import NotationError, ProteinChange, ProteinChangeKind, parse_protein_change

_GENOMIC = re.compile(r"(?:(?P<reference>N[CGTW]_\d+\.?\d*|[Cc]hr[0-9XYM]+)\s*:\s*)?g\.\S+")
_SPDI = re.compile(r"NC_\d+\.\d+:\d+:[A-Za-z]*:\S+")
_CODING_IN_TEXT = re.compile(r"(?:[A-Z]{2}_?\d+(?:\.\d+)?(?:\([A-Za-z0-9-]+\))?:)?c\.[^\s,;)]+")
_PROTEIN_IN_TEXT = re.compile(r"\(?p\.\(?[A-Za-z0-9_*=?]+\)?")
_GENE_AND_PROTEIN = re.compile(
    r"(?P<gene>[A-Z][A-Z0-9]{1,9})[\s:,]+(?P<change>(?:p\.)?\(?[A-Z][a-z]{0,2}\d{1,4}(?:[A-Z][a-z]{0,2}|Ter|\*)?"
    r"(?:_[A-Z][a-z]{0,2}\d{1,4})?(?:fs\S*|delins[A-Za-z]+|del|dup|ins[A-Za-z]+)?\)?)"
)


@dataclass(slots=True)
class Names:
    """What the naming slots of one variant say."""

    protein: ProteinChange | None = None
    coding: CodingChange | None = None
    genomic: str | None = None
    transcript: str | None = None
    gene: str | None = None
    path: str | None = None
    raw: str | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether anything names the change."""
        return bool(self.protein or self.coding or self.genomic)

    def decided_by(self, path: str, raw: str) -> None:
        """Remember the most telling slot: the first one set stays."""
        if self.path is None:
            self.path, self.raw = path, raw


def read_protein(candidates: Iterable[str], path: str, names: Names) -> None:
    """Slot 48005-3: an amino acid change, code before display."""
    tried = []
    for text in candidates:
        tried.append(text)
        try:
            change = parse_protein_change(text)
        except NotationError:
            if _read_embedded(text, path, names):
                return
            continue
        if change.kind is not ProteinChangeKind.UNKNOWN:
            names.protein = names.protein or change
            names.decided_by(path, text)
        return
    if tried:
        names.warnings.append(f"protein change not read: {tried[0][:80]}")


def read_dna(candidates: Iterable[str], path: str, names: Names) -> None:
    """Slots 48004-6 and 81290-9: a coding or a genomic change; each occurs in the other's slot."""
    tried = []
    for text in candidates:
        tried.append(text)
        if _SPDI.fullmatch(text) or _GENOMIC.fullmatch(text):
            names.genomic = names.genomic or text
            names.decided_by(path, text)
            return
        try:
            _take_coding(text, path, names)
            return
        except NotationError:
            if _read_embedded(text, path, names):
                return
    if tried:
        names.warnings.append(f"DNA change not read: {tried[0][:80]}")


def read_variation(candidates: Iterable[str], path: str, names: Names) -> None:
    """Slot 81252-9: identifiers with HGVS in the display, SPDI, or a plain name such as ``EGFR L858R``.

    A fallback: it fills what the HGVS slots left open, and identifiers alone are no warning.
    """
    for text in candidates:
        if _SPDI.fullmatch(text):
            names.genomic = names.genomic or text
            names.decided_by(path, text)
        elif not _read_embedded(text, path, names) and (match := _GENE_AND_PROTEIN.fullmatch(text.strip())):
            _take_named(match, path, text, names)


def read_gene_and_protein(text: str) -> tuple[str, ProteinChange] | None:
    """``EGFR L858R`` as a whole text: gene symbol as written and protein change."""
    match = _GENE_AND_PROTEIN.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return match["gene"], parse_protein_change(match["change"])
    except NotationError:
        return None


def _take_named(match: re.Match[str], path: str, text: str, names: Names) -> None:
    try:
        change = parse_protein_change(match["change"])
    except NotationError:
        return
    names.gene = names.gene or match["gene"]
    if not names.protein and not names.coding:
        names.protein = change
        names.decided_by(path, text)


def _take_coding(text: str, path: str, names: Names) -> None:
    change = parse_coding_change(text)
    reference, gene = reference_of(text)
    names.coding = names.coding or change
    names.transcript = names.transcript or (
        reference if reference and reference.startswith(("NM_", "ENST", "NR_")) else None
    )
    names.gene = names.gene or gene
    names.decided_by(path, text)


def _read_embedded(text: str, path: str, names: Names) -> bool:
    """Read ``NM_000455.5(STK11):c.725G>A (p.Gly242Glu)``: several notations in one text."""
    found = False
    if match := _CODING_IN_TEXT.search(text):
        try:
            _take_coding(match[0], path, names)
            found = True
        except NotationError:
            names.warnings.append(f"DNA change not read: {match[0][:80]}")
    if match := _PROTEIN_IN_TEXT.search(text):
        try:
            change = parse_protein_change(match[0].strip("()"))
            names.protein = names.protein or change
            names.decided_by(path, text)
            found = True
        except NotationError:
            names.warnings.append(f"protein change not read: {match[0][:80]}")
    return found
