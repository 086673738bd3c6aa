"""The notations of pharmacogenomic genotypes: star alleles, genotype lists, bases at one position.

A call is what the text says and no more: two alleles, one allele, or several possibilities. Order is that of
the source. Sub-alleles (``*7.001``) belong to their allele; the text as sent stays in the provenance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fhir_mappings.pharmacogene_tables import PharmacogeneTables

_STAR = r"\*\d+[A-Z]?(?:\.\d{3})?(?:x(?:N|\d+))?"
_STARS = re.compile(rf"{_STAR}(?:\+{_STAR})*")
_CODING = re.compile(r"c\.[-*]?\d\S*")
_PREFIXED = re.compile(r"(?P<gene>[A-Z][A-Z0-9]{1,9})[\s_:]*(?P<allele>(?:\*|c\.|HapB3|Reference).*)")
_BASES = re.compile(
    r"(?:(?P<gene>[A-Z][A-Z0-9]{1,9})[\s:]+)?(?:(?P<position>rs\d+)[\s:]+)?(?P<first>[ACGT])\s*[/|]\s*(?P<second>[ACGT])"
)
_LIST_HEADER = re.compile(r"[A-Za-z0-9-]+#[^#]*#")
_SEVERAL = re.compile(r"\s+or\s+|[;|]")
_SUB_ALLELE = re.compile(r"(?P<star>\*\d+[A-Z]?)\.\d{3}")


@dataclass(frozen=True, slots=True)
class Call:
    """What one genotype text says.

    ``alleles`` has one or two members; with ``ambiguous`` it is empty, for the text names possibilities.
    ``gene`` is the symbol as written, ``position`` the dbSNP id of a genotype in bases.
    """

    alleles: tuple[str, ...]
    gene: str | None = None
    position: str | None = None
    ambiguous: bool = False
    two_genes: bool = False

    @property
    def diplotype(self) -> str | None:
        """Both alleles in the order of the source, in star numbers: ``*7/*1``."""
        if len(self.alleles) != 2:
            return None
        return "/".join(_SUB_ALLELE.sub(r"\g<star>", allele) for allele in self.alleles)

    @property
    def allele(self) -> str | None:
        """The one allele of a haplotype."""
        return self.alleles[0] if len(self.alleles) == 1 else None


def read_call(text: str, gene: str | None, tables: PharmacogeneTables, *, genotype_list: bool = False) -> Call | None:
    """Read a genotype or haplotype text; ``gene`` is the one the result names, for alleles without a star name.

    ``genotype_list`` says that the text is a GL String, where ``+`` joins the two copies and ``/`` means "or".
    """
    plain = _LIST_HEADER.sub("", " ".join(text.replace('"', " ").split()))
    if match := _BASES.fullmatch(plain):
        return Call((match["first"], match["second"]), match["gene"], match["position"])
    copies = plain.split("+")
    prefixed = len(copies) == 2 and all(_PREFIXED.fullmatch(copy.strip()) for copy in copies)
    if genotype_list or prefixed:
        return _of_copies(copies, "/", gene, tables)
    return _of_copies(plain.split("/"), None, gene, tables)


def _of_copies(copies: list[str], or_sign: str | None, gene: str | None, tables: PharmacogeneTables) -> Call | None:
    """A call from the texts of the copies; a copy that names several possibilities makes it ambiguous."""
    possibilities = [_possibilities(copy, or_sign) for copy in copies]
    read = [_allele(text, gene, tables) for texts in possibilities for text in texts]
    alleles = [item for item in read if item is not None]
    if not alleles or len(alleles) < len(read):
        return None
    genes = list(dict.fromkeys(name for name, _ in alleles if name))
    named = genes[0] if genes else None
    if len(genes) > 1:
        return Call((), named, ambiguous=True, two_genes=True)
    if len(copies) > 2 or any(len(texts) > 1 for texts in possibilities):
        return Call((), named, ambiguous=True)
    return Call(tuple(name for _, name in alleles), named)


def _possibilities(copy: str, or_sign: str | None) -> list[str]:
    parts = _SEVERAL.split(copy)
    return [part for text in parts for part in (text.split(or_sign) if or_sign else [text])]


def _allele(text: str, gene: str | None, tables: PharmacogeneTables) -> tuple[str | None, str] | None:
    """The gene as written and the allele; ``None`` if the text is no allele."""
    stripped = text.strip()
    written = None
    if match := _PREFIXED.fullmatch(stripped):
        written, stripped = match["gene"], match["allele"].strip()
    if name := tables.allele(written or gene, stripped):
        return written, name
    if _STARS.fullmatch(stripped) or _CODING.fullmatch(stripped):
        return written, stripped
    return None
