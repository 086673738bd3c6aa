"""Variant names in the slots where laboratories put them, which are often not the right slots.

Each slot is read on its own: what cannot be read is kept as a warning and never stops the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from knowledge.coding_change import CodingChange, parse_coding_change, reference_of
from knowledge.language import phrase
from knowledge.protein_change import (
    NotationError,
    ProteinChange,
    ProteinChangeKind,
    common_codon,
    parse_protein_change,
)

_GENOMIC = re.compile(
    r"(?:(?P<reference>N[CGTW]_\d+\.?\d*|LRG_\d+|[Cc]hr[0-9XYM]+|(?:[1-9]|1\d|2[0-2]|X|Y))\s*:\s*)?g\.\S+"
    r"|[Cc]hr[0-9XYM]+:\d+(?:_\d+)?(?:[ACGT]+>[ACGT]+|del\S*|dup\S*|ins\S+)"
)
_SPDI = re.compile(r"NC_\d+\.\d+:\d+:[A-Za-z]*:\S+")
#: Where one notation ends and the next begins: white space, a comma, or a bracket or slash before "c." or "p.".
_BETWEEN = re.compile(r"[\s,]+|[/|;]+(?=\(?[pc]\.)|(?<=[^\s(:])(?=\(p\.)")
_CODING_TOKEN = re.compile(r"\(?(?:[A-Z]{2,4}_?\d+(?:\.\d+)?(?:\([A-Za-z0-9-]+\))?:)?c\.\S+")
_PROTEIN_TOKEN = re.compile(r"\(?(?:[A-Z]{2,4}_?\d+(?:\.\d+)?(?:\([A-Za-z0-9-]+\))?:)?p\.\S+")
_GENE_AND_PROTEIN = re.compile(
    r"(?P<gene>[A-Z][A-Z0-9]{1,9})(?:[\s:,]+|\s*(?=\())"
    r"(?P<change>(?:p\.)?\(?(?:p\.)?[A-Z][a-z]{0,2}\d{1,4}(?:[A-Z][a-z]{0,2}|Ter|\*)?"
    r"(?:[_-][A-Z][a-z]{0,2}\d{1,4})?(?:fs\S*|delins[A-Za-z]+|del[A-Za-z]*|dup[A-Za-z]*|ins[A-Za-z]+|>[A-Z]+)?\)?"
    r"(?:[/^|][A-Za-z0-9]+)*)"
)


@dataclass(slots=True)
class Names:
    """What the naming slots of one variant say. ``further`` holds other changes of the same Observation."""

    protein: ProteinChange | None = None
    coding: CodingChange | None = None
    genomic: str | None = None
    transcript: str | None = None
    gene: str | None = None
    path: str | None = None
    raw: str | None = None
    warnings: list[str] = field(default_factory=list)
    further: list[Names] = field(default_factory=list)

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
        if change := _protein(text, names):
            if change.kind is not ProteinChangeKind.UNKNOWN:
                names.protein = names.protein or change
                names.decided_by(path, text)
            return
        if _read_embedded(text, path, names):
            return
    if tried:
        names.warnings.append(phrase("protein change not read: {text}", text=tried[0][:80]))


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
        names.warnings.append(phrase("DNA change not read: {text}", text=tried[0][:80]))


def _protein(text: str, names: Names) -> ProteinChange | None:
    """One change, or the codon where alternatives at one codon are named."""
    try:
        return parse_protein_change(text)
    except NotationError:
        codon = common_codon(text)
        if codon is not None:
            names.warnings.append(phrase("several alternatives at one codon: {text}", text=text[:80]))
        return codon


def read_variation(candidates: Iterable[str], path: str, names: Names) -> None:
    """Slot 81252-9: identifiers with HGVS in the display, SPDI, or a plain name such as ``EGFR L858R``.

    A fallback: it fills what the HGVS slots left open, and identifiers alone are no warning.
    """
    for text in candidates:
        if _SPDI.fullmatch(text):
            names.genomic = names.genomic or text
            names.decided_by(path, text)
        elif match := _GENE_AND_PROTEIN.fullmatch(text.strip()):
            _take_named(match, path, text, names)
        else:
            _read_embedded(text, path, names)


def read_gene_and_protein(text: str, names: Names) -> tuple[str, ProteinChange] | None:
    """``EGFR L858R`` as a whole text: gene symbol as written and protein change; doubts go to the warnings."""
    match = _GENE_AND_PROTEIN.fullmatch(text.strip())
    change = _protein(match["change"], names) if match else None
    return (match["gene"], change) if match and change else None


def _take_named(match: re.Match[str], path: str, text: str, names: Names) -> None:
    change = _protein(match["change"], names)
    if change is None:
        return
    names.gene = names.gene or match["gene"]
    if not names.protein and not names.coding:
        names.protein = change
        names.decided_by(path, text)


@lru_cache(maxsize=2048)
def _read_coding(text: str) -> tuple[CodingChange, str | None, str | None]:
    """A coding change with its reference sequence and gene, where given."""
    return parse_coding_change(text), *reference_of(text)


def _take_coding(text: str, path: str, names: Names) -> None:
    change, reference, gene = _read_coding(text)
    names.coding = names.coding or change
    names.transcript = names.transcript or (
        reference if reference and reference.startswith(("NM_", "ENST", "NR_")) else None
    )
    names.gene = names.gene or gene
    names.decided_by(path, text)


def _read_embedded(text: str, path: str, names: Names) -> bool:
    """Read ``NM_000455.5(STK11):c.725G>A (p.Gly242Glu)``: several notations of one change in one text.

    A whole word is a notation or it is none: the beginning of ``p.Trp24=/Cys`` or ``p.V600E/K`` means something
    else than the whole. Two different changes of one kind are not one variant.
    """
    if "c." not in text and "p." not in text:
        return False
    words = [word for word in _BETWEEN.split(text) if word]
    coding = _distinct(word for word in words if _CODING_TOKEN.fullmatch(word))
    protein = _distinct(word for word in words if _PROTEIN_TOKEN.fullmatch(word))
    if len(coding) > 1 or len(protein) > 1:
        names.warnings.append(phrase("several changes in one text: {text}", text=text[:80]))
        return False
    found = False
    for word in coding:
        try:
            _take_coding(_bare(word), path, names)
            found = True
        except NotationError:
            names.warnings.append(phrase("DNA change not read: {text}", text=word[:80]))
    for word in protein:
        if change := _protein(_bare(word), names):
            names.protein = names.protein or change
            names.decided_by(path, text)
            found = True
        else:
            names.warnings.append(phrase("protein change not read: {text}", text=word[:80]))
    return found


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _bare(word: str) -> str:
    """A word of a text without the text's own brackets and full stop."""
    word = word.rstrip(".,;")
    if word.startswith("(") and word.count("(") > word.count(")"):
        word = word[1:]
    elif word.startswith("(") and word.endswith(")"):
        word = word[1:-1]
    return word.removesuffix(")") if word.count(")") > word.count("(") else word
