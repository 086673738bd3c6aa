"""Coding DNA changes in HGVS (``c.2573T>G``), enough of them to place a change in a transcript.

Numbers belong to one transcript and are never compared across transcripts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from knowledge.making import quick_to_make
from knowledge.protein_change import NotationError


@quick_to_make
@dataclass(frozen=True, slots=True)
class CodingPosition:
    """A position in a coding sequence; ``offset`` counts into the neighbouring intron.

    ``region`` is empty inside the coding sequence, ``-`` before it and ``*`` after it.
    """

    base: int
    offset: int = 0
    region: str = ""

    def __str__(self) -> str:
        return f"{self.region}{self.base}{self.offset:+d}" if self.offset else f"{self.region}{self.base}"

    @property
    def codon(self) -> int | None:
        """The codon of an exonic coding position."""
        return None if self.offset or self.region else (self.base + 2) // 3


@quick_to_make
@dataclass(frozen=True, slots=True)
class CodingChange:
    """One coding change. ``kind`` is ``substitution``, ``del``, ``dup``, ``ins``, ``delins``, ``inv``,
    ``=`` or ``other`` (kept as text, for instance repeats).

    ``inserted_length`` is the number of inserted bases where the notation does not say which they are.
    """

    kind: str
    start: CodingPosition
    end: CodingPosition
    old: str = ""
    new: str = ""
    text: str = ""
    inserted_length: int | None = None

    def __str__(self) -> str:
        if self.kind == "other":
            return self.text
        if self.kind == "=" and self.start == _NOWHERE:
            return "c.="
        sites = str(self.start) if self.start == self.end else f"{self.start}_{self.end}"
        if self.kind == "substitution":
            return f"c.{sites}{self.old}>{self.new}"
        count = f"({self.inserted_length})" if self.inserted_length and not self.new else ""
        return f"c.{sites}{self.kind}{self.new}{count}"

    @property
    def net_length(self) -> int | None:
        """Bases gained or lost inside one exon; ``None`` where that cannot be told from the notation."""
        if self.start.offset or self.end.offset or self.start.region or self.end.region:
            return None
        replaced = self.end.base - self.start.base + 1
        match self.kind:
            case "del":
                return -replaced
            case "dup":
                return replaced
            case "ins":
                return len(self.new) or self.inserted_length
            case "delins":
                added = len(self.new) or self.inserted_length
                return added - replaced if added else None
            case "substitution" | "inv" | "=":
                return 0
        return None


_NOWHERE = CodingPosition(0)  # "c.=" names no position
_POSITION = r"[-*]?\d{1,6}(?:[+-]\d{1,6})?"
_REFERENCE = re.compile(r"^(?:(?P<reference>[A-Za-z]{1,4}[A-Za-z0-9_.-]*)?(?:\((?P<gene>[A-Za-z0-9-]+)\))?:)?[cC]\.")
_COUNT = r"(?:N?[(\[]?(?P<{}>\d{{1,5}})[)\]]?)"
_BODY = re.compile(
    rf"(?P<start>{_POSITION})(?:_(?P<end>{_POSITION}))?"
    r"(?:(?P<old>[ACGT]+)>(?P<new>[ACGT]+)"
    rf"|del(?:[ACGT]+|\d+)?ins(?:(?P<delins>[ACGT]+)|{_COUNT.format('delins_count')})"
    r"|(?P<verb>del|dup|inv)(?:[ACGT]+|\d+)?"
    rf"|ins(?:(?P<ins>[ACGT]*)|{_COUNT.format('ins_count')})"
    r"|(?P<same>=))"
)
_OTHER = re.compile(rf"(?P<start>{_POSITION})(?:_(?P<end>{_POSITION}))?[ACGTN]+\[\d+\](?:[ACGTN]+\[\d+\])*")
_SITE = re.compile(r"(?P<region>[-*]?)(?P<base>\d+)(?P<offset>[+-]\d+)?")
_SMALL_BASES = re.compile(r"[acgt]+(?=>|$)|(?<=>)[acgt]+|(?<=ins)[acgt]+|(?<=del)[acgt]+|(?<=dup)[acgt]+")
_TYPOGRAPHY = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2212": "-", "\u2192": ">"})


#: What most laboratories send, read at once: ``NM_005228.5:c.2573T>G``.
_PLAIN_SUBSTITUTION = re.compile(r"(?:NM_\d+\.\d+:)?c\.(?P<base>\d{1,6})(?P<old>[ACGT])>(?P<new>[ACGT])", re.ASCII)


@lru_cache(maxsize=2048)
def parse_coding_change(text: str) -> CodingChange:
    """Read a coding change, with or without reference. Raises :class:`NotationError` otherwise."""
    if match := _PLAIN_SUBSTITUTION.fullmatch(text):
        place = CodingPosition(int(match["base"]))
        return CodingChange("substitution", place, place, match["old"], match["new"])
    body = _body(text)
    if body == "=":
        return CodingChange("=", _NOWHERE, _NOWHERE)
    match = _BODY.fullmatch(body)
    if match is None:
        return _other(body, text)
    start = _position(match["start"])
    end = _position(match["end"]) if match["end"] else start
    if not end.region and not start.region and end.base < start.base:
        raise NotationError(f"range runs backwards: {text[:80]!r}")
    if match["old"]:
        return _replaced(start, end, match["old"], match["new"])
    if match["delins"] or match["delins_count"]:
        return CodingChange(
            "delins", start, end, new=match["delins"] or "", inserted_length=_count(match["delins_count"])
        )
    if match["verb"]:
        return CodingChange(match["verb"], start, end)
    if match["same"]:
        return CodingChange("=", start, end)
    return CodingChange("ins", start, end, new=match["ins"] or "", inserted_length=_count(match["ins_count"]))


def _body(text: str) -> str:
    """The change without reference, ``c.`` and outer brackets, bases in capitals."""
    plain = "".join(text.split())
    if not plain.isascii():
        plain = plain.translate(_TYPOGRAPHY)
    if plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1]
    body, found = _REFERENCE.subn("", plain, count=1)
    if not found:
        raise NotationError(f"not a coding change: {text[:80]!r}")
    if len(body) > 2 and (body[0], body[-1]) in (("(", ")"), ("[", "]")) and body[0] not in body[1:]:
        body = body[1:-1]
    return body if body.isupper() else _SMALL_BASES.sub(lambda match: match[0].upper(), body)


def _replaced(start: CodingPosition, end: CodingPosition, old: str, new: str) -> CodingChange:
    """``A>T`` is a substitution; ``TG>AA`` was once written for what is a deletion with insertion."""
    if len(old) == len(new) == 1 and start == end:
        return CodingChange("substitution", start, end, old, new)
    if start == end and len(old) > 1 and not start.offset:
        end = CodingPosition(start.base + len(old) - 1, 0, start.region)
    return CodingChange("delins", start, end, new=new)


def _count(text: str | None) -> int | None:
    return int(text) if text else None


def _other(body: str, text: str) -> CodingChange:
    match = _OTHER.fullmatch(body)
    if match is None:
        raise NotationError(f"not a coding change: {text[:80]!r}")
    start = _position(match["start"])
    return CodingChange("other", start, _position(match["end"]) if match["end"] else start, text=f"c.{body}")


def _position(text: str) -> CodingPosition:
    match = _SITE.fullmatch(text)
    if match is None:
        raise NotationError(f"not a position: {text[:40]!r}")
    return CodingPosition(int(match["base"]), int(match["offset"] or 0), match["region"])


_BEFORE_THE_COLON = re.compile(
    r"\s*(?P<reference>(?:N[CGMPRW]|X[MPR]|ENS[TPG]|LRG)[A-Za-z0-9_.]*)?(?:\((?P<gene>[A-Za-z0-9-]+)\))?\s*:"
)


def reference_of(text: str) -> tuple[str | None, str | None]:
    """Reference sequence and gene symbol before the colon of an HGVS string, where given."""
    match = _BEFORE_THE_COLON.match(text)
    return (match["reference"], match["gene"]) if match else (None, None)


def base_accession(reference: str) -> str:
    """``NM_005228.5`` to ``NM_005228``: versions differ in the field without changing the numbers that matter."""
    return reference.split(".", 1)[0]
