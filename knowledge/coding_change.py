"""Coding DNA changes in HGVS (``c.2573T>G``), enough of them to place a change in a transcript.

Numbers belong to one transcript and are never compared across transcripts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from knowledge.protein_change import NotationError


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


@dataclass(frozen=True, slots=True)
class CodingChange:
    """One coding change. ``kind`` is ``substitution``, ``del``, ``dup``, ``ins``, ``delins``, ``inv``,
    ``=`` or ``other`` (kept as text, for instance repeats)."""

    kind: str
    start: CodingPosition
    end: CodingPosition
    old: str = ""
    new: str = ""
    text: str = ""

    def __str__(self) -> str:
        if self.kind == "other":
            return self.text
        sites = str(self.start) if self.start == self.end else f"{self.start}_{self.end}"
        if self.kind == "substitution":
            return f"c.{sites}{self.old}>{self.new}"
        return f"c.{sites}{self.kind}{self.new}"

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
                return len(self.new) or None
            case "delins":
                return len(self.new) - replaced if self.new else None
            case "substitution" | "inv" | "=":
                return 0
        return None


_POSITION = r"[-*]?\d{1,6}(?:[+-]\d{1,6})?"
_REFERENCE = re.compile(r"^(?:(?P<reference>[A-Za-z]{1,4}[A-Za-z0-9_.-]*)?(?:\((?P<gene>[A-Za-z0-9-]+)\))?:)?c\.")
_BODY = re.compile(
    rf"(?P<start>{_POSITION})(?:_(?P<end>{_POSITION}))?"
    r"(?:(?P<old>[ACGT]+)>(?P<new>[ACGT]+)"
    r"|del(?:[ACGT]+|\d+)?ins(?P<delins>[ACGT]+)"
    r"|(?P<verb>del|dup|inv)(?:[ACGT]+|\d+)?"
    r"|ins(?P<ins>[ACGT]*)\d*"
    r"|(?P<same>=))"
)
_OTHER = re.compile(rf"(?P<start>{_POSITION})(?:_(?P<end>{_POSITION}))?[A-Z\[\]0-9]+")
_SITE = re.compile(r"(?P<region>[-*]?)(?P<base>\d+)(?P<offset>[+-]\d+)?")


@lru_cache(maxsize=8192)
def parse_coding_change(text: str) -> CodingChange:
    """Read a coding change, with or without reference. Raises :class:`NotationError` otherwise."""
    body, found = _REFERENCE.subn("", re.sub(r"\s+", "", text), count=1)
    if not found:
        raise NotationError(f"not a coding change: {text[:80]!r}")
    if body.startswith("(") and body.endswith(")"):
        body = body[1:-1]
    match = _BODY.fullmatch(body)
    if match is None:
        return _other(body, text)
    start = _position(match["start"])
    end = _position(match["end"]) if match["end"] else start
    if match["old"]:
        return CodingChange("substitution", start, end, match["old"], match["new"])
    if match["delins"]:
        return CodingChange("delins", start, end, new=match["delins"])
    if match["verb"]:
        return CodingChange(match["verb"], start, end)
    if match["same"]:
        return CodingChange("=", start, end)
    return CodingChange("ins", start, end, new=match["ins"] or "")


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


def reference_of(text: str) -> tuple[str | None, str | None]:
    """Reference sequence and gene symbol before the colon of an HGVS string, where given."""
    match = re.match(
        r"\s*(?P<reference>(?:N[CGMPRW]|X[MPR]|ENS[TPG]|LRG)[A-Za-z0-9_.]*)?(?:\((?P<gene>[A-Za-z0-9-]+)\))?\s*:", text
    )
    return (match["reference"], match["gene"]) if match else (None, None)


def base_accession(reference: str) -> str:
    """``NM_005228.5`` to ``NM_005228``: versions differ in the field without changing the numbers that matter."""
    return reference.split(".", 1)[0]
