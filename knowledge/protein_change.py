"""Protein changes in HGVS, in the notations that laboratories really send.

``parse_protein_change`` reads one- and three-letter forms, with or without reference, ``p.`` and
parentheses, and legacy forms (``E746-A750del``, ``delE746_A750``, ``L747_A750>P``). ``str()`` of the
result is the canonical three-letter form without reference, and reads back to the same value.

What is not one change is refused. Where a text names alternatives at one codon (``V600E/K``), the codon is
all it says: ``common_codon`` gives that.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from knowledge.making import quick_to_make

_THREE_LETTER = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly",
    "H": "His", "I": "Ile", "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser",
    "T": "Thr", "W": "Trp", "Y": "Tyr", "V": "Val", "U": "Sec", "*": "Ter",
}  # fmt: skip
_ONE_LETTER = {three: one for one, three in _THREE_LETTER.items()}


class ProteinChangeKind(StrEnum):
    """The kinds of protein change that HGVS distinguishes, plus the codon alone."""

    SUBSTITUTION = "substitution"
    NONSENSE = "nonsense"
    SYNONYMOUS = "synonymous"
    DELETION = "deletion"
    DUPLICATION = "duplication"
    INSERTION = "insertion"
    DELETION_INSERTION = "deletion-insertion"
    FRAMESHIFT = "frameshift"
    EXTENSION = "extension"
    START_LOST = "start-lost"  # p.Met1?: the start codon is changed, what follows is not known
    CODON = "codon"  # "V600", "G12X": the codon is named, the new residue is not
    NO_CHANGE = "no-change"  # p.=
    UNKNOWN = "unknown"  # p.?, p.0


class NotationError(ValueError):
    """The text is not a variant notation that can be read."""


@quick_to_make
@dataclass(frozen=True, slots=True)
class ProteinChange:
    """One protein change. Residues are three-letter codes; ``end`` equals ``start`` for one residue.

    ``new`` holds the new residues; it is empty where the notation gives only their number
    (``inserted_length``) or none.
    """

    kind: ProteinChangeKind
    first: str = ""
    start: int = 0
    last: str = ""
    end: int = 0
    new: tuple[str, ...] = ()
    inserted_length: int | None = None
    tail: str = ""  # after "fs" or "ext": distance to the new stop

    def __str__(self) -> str:
        match self.kind:
            case ProteinChangeKind.SUBSTITUTION | ProteinChangeKind.NONSENSE:  # first, because nearly all are
                return f"p.{self._range()}{self.new[0]}"
            case ProteinChangeKind.NO_CHANGE:
                return "p.="
            case ProteinChangeKind.UNKNOWN:
                return "p.?"
            case ProteinChangeKind.SYNONYMOUS:
                return f"p.{self._range()}="
            case ProteinChangeKind.CODON:
                return f"p.{self._range()}"
            case ProteinChangeKind.START_LOST:
                return f"p.{self._range()}?"
            case ProteinChangeKind.FRAMESHIFT:
                return f"p.{self._range()}{''.join(self.new)}fs{self.tail}"
            case ProteinChangeKind.EXTENSION:
                return f"p.{self._range()}{''.join(self.new)}ext{self.tail}"
        verb = {
            ProteinChangeKind.DELETION: "del",
            ProteinChangeKind.DUPLICATION: "dup",
            ProteinChangeKind.INSERTION: "ins",
            ProteinChangeKind.DELETION_INSERTION: "delins",
        }[self.kind]
        count = f"({self.inserted_length})" if not self.new and self.inserted_length else ""
        return f"p.{self._range()}{verb}{''.join(self.new)}{count}"

    @property
    def short(self) -> str:
        """One-letter form without ``p.``, as clinicians say it: ``L858R``."""
        text = str(self).removeprefix("p.")
        return re.sub(r"[A-Z][a-z]{2}", lambda match: _ONE_LETTER.get(match[0], match[0]), text)

    @property
    def net_length(self) -> int | None:
        """Residues gained (positive) or lost (negative); ``None`` where the notation does not say."""
        replaced = self.end - self.start + 1
        added = len(self.new) or self.inserted_length
        match self.kind:
            case ProteinChangeKind.DELETION:
                return -replaced
            case ProteinChangeKind.DUPLICATION:
                return replaced
            case ProteinChangeKind.INSERTION:
                return added
            case ProteinChangeKind.DELETION_INSERTION:
                return None if added is None else added - replaced
        return 0

    def _range(self) -> str:
        if self.end == self.start:
            return f"{self.first}{self.start}"
        return f"{self.first}{self.start}_{self.last}{self.end}"


_RESIDUE3 = "(?:" + "|".join(sorted(_ONE_LETTER)) + ")"
_RESIDUE = rf"(?:{_RESIDUE3}|[ACDEFGHIKLMNPQRSTVWYU*])"
_SITE = rf"(?P<first>{_RESIDUE})(?P<start>\d{{1,5}})"
_SITES = rf"{_SITE}(?:[_-](?P<last>{_RESIDUE})?(?P<end>\d{{1,5}}))?"
_RESIDUES = rf"(?:{_RESIDUE3})+|[ACDEFGHIKLMNPQRSTVWYU*]+"
# "ins(3)", "ins3", "insXaa[3]": how many residues, not which.
_COUNT = r"(?:Xaa|X)?[(\[]?(?P<count>\d{1,3})[)\]]?"

_REFERENCE = re.compile(r"^(?P<reference>[A-Za-z]{1,4}[A-Za-z0-9_.-]*)?(?:\((?P<gene>[A-Za-z0-9-]+)\))?:(?=\s*[pP(\[])")
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("frameshift", rf"{_SITE}(?P<new>{_RESIDUE})?fs(?P<tail>(?:Ter|\*|X)(?:\d+|\?)?)?"),
        ("extension", rf"{_SITE}(?P<new>{_RESIDUE})?ext(?P<tail>(?:Ter|\*|X|-)?(?:\d+|\?)?)"),
        ("delins", rf"{_SITES}del(?:{_RESIDUES})?ins(?:(?P<new>{_RESIDUES})|{_COUNT})"),
        ("delins", rf"{_SITES}>(?P<new>{_RESIDUES})"),
        ("delins", rf"del{_SITES}ins(?P<new>{_RESIDUES})"),
        ("deletion", rf"{_SITES}del(?:{_RESIDUES}|\d{{1,3}})?"),
        ("deletion", rf"del{_SITES}"),
        ("duplication", rf"{_SITES}dup(?:{_RESIDUES}|\d{{1,3}})?"),
        ("insertion", rf"{_SITES}ins(?:(?P<new>{_RESIDUES})|{_COUNT})?"),
        ("synonymous", rf"{_SITE}="),
        ("start-lost", r"(?P<first>Met|M)(?P<start>1)\?"),
        ("substitution", rf"{_SITE}(?P<new>{_RESIDUE})"),
        # X is any residue in "G12X" and the stop in an older "R213X"; both name the codon.
        ("codon", rf"{_SITE}(?:Xaa|[X?])?"),
    )
)


def three_letter(residue: str) -> str:
    """``L`` or ``Leu`` to ``Leu``."""
    return _THREE_LETTER.get(residue, residue)


#: What most laboratories send, read at once: ``NP_005219.2:p.Leu858Arg``.
_PLAIN_SUBSTITUTION = re.compile(rf"(?:NP_\d+\.\d+:)?p\.(?P<first>{_RESIDUE3})(?P<start>\d{{1,5}})(?P<new>{_RESIDUE3})")


@lru_cache(maxsize=2048)
def parse_protein_change(text: str) -> ProteinChange:
    """Read a protein change.

    Raises :class:`NotationError` for anything that is not exactly one protein change, for instance
    alternatives (``V600E/K``), mosaics (``p.Trp24=/Cys``) and combinations (``p.[A;B]``).
    """
    if match := _PLAIN_SUBSTITUTION.fullmatch(text):
        return _substitution(match["first"], int(match["start"]), match["new"])
    body = _body(text)
    if body == "=":
        return ProteinChange(ProteinChangeKind.NO_CHANGE)
    if body in ("?", "0", "0?"):
        return ProteinChange(ProteinChangeKind.UNKNOWN)
    for name, form in _FORMS:
        match = form.fullmatch(body)
        if match:
            return _built(name, match.groupdict(), text)
    raise NotationError(f"not a protein change: {text[:80]!r}")


def common_codon(text: str) -> ProteinChange | None:
    """The codon of alternatives at one codon (``V600E/K``, ``p.(Gly719Ala^Ser)``), which is all they say for sure.

    ``None`` for anything else: alternatives at several codons, combinations, mosaics.
    """
    match = _ALTERNATIVES.fullmatch(_body(text))
    if match is None:
        return None
    site, others = match["site"], re.split(_OR, match["others"])[1:]
    sites = {other[: len(site)] for other in others if re.search(r"\d", other)}
    if sites - {site}:
        return None
    residue, codon = three_letter(match["first"]), int(match["start"])
    return ProteinChange(ProteinChangeKind.CODON, residue, codon, residue, codon)


def same_protein_change(one: ProteinChange, other: ProteinChange) -> bool:
    """Whether two notations name the same change.

    An inserted copy of the residues beside it is a duplication: ``p.Ala775_Gly776insTyrValMetAla`` is
    ``p.Tyr772_Ala775dup``. The two are compared by what both say: place, length, first and last residue.
    """
    if one == other:
        return True
    kinds = {one.kind, other.kind}
    if kinds != {ProteinChangeKind.INSERTION, ProteinChangeKind.DUPLICATION}:
        return False
    inserted, doubled = (one, other) if one.kind is ProteinChangeKind.INSERTION else (other, one)
    if not inserted.new or len(inserted.new) != doubled.end - doubled.start + 1:
        return False
    ends_agree = (inserted.new[0], inserted.new[-1]) == (doubled.first, doubled.last)
    after_the_copy = (inserted.start, inserted.first) == (doubled.end, doubled.last)
    before_the_copy = (inserted.end, inserted.last) == (doubled.start, doubled.first)
    return ends_agree and (after_the_copy or before_the_copy)


def is_among(text: str | None, changes: Collection[str]) -> bool:
    """Whether a canonical protein change is one of the changes, in whatever notation."""
    if text is None or text in changes:
        return text is not None
    change = _read(text)
    if change is None or change.kind not in _TWO_NOTATIONS:
        return False
    return any((other := _read(wanted)) is not None and same_protein_change(change, other) for wanted in changes)


_TWO_NOTATIONS = (ProteinChangeKind.INSERTION, ProteinChangeKind.DUPLICATION)


def _read(text: str) -> ProteinChange | None:
    try:
        return parse_protein_change(text)
    except NotationError:
        return None


_TYPOGRAPHY = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2192": ">"})
_CAPITALS = re.compile("|".join(three.upper() for three in _ONE_LETTER))
_OR = r"[/^|]"
_ALTERNATIVES = re.compile(
    rf"(?P<site>{_SITE})(?:{_RESIDUE})(?P<others>(?:{_OR}(?:{_RESIDUE}\d{{1,5}})?(?:{_RESIDUE}))+)"
)


def _body(text: str) -> str:
    """The notation without reference, ``p.``, outer brackets, and with one kind of dash."""
    body = "".join(text.split())
    if not body.isascii():
        body = body.translate(_TYPOGRAPHY)
    if body.startswith("(p.") and body.endswith(")"):
        body = body[1:-1]
    body = _REFERENCE.sub("", body)
    body = body.removeprefix("p.").removeprefix("P.")
    body = _without_brackets(body)
    # All capitals as in "VAL600GLU" are the three-letter form; no one-letter form has three before a number.
    return _CAPITALS.sub(lambda match: match[0].title(), body) if _ALL_CAPITALS.match(body) else body


_ALL_CAPITALS = re.compile(rf"(?:{_CAPITALS.pattern})\d")


def _without_brackets(body: str) -> str:
    while len(body) > 2 and (body[0], body[-1]) in (("(", ")"), ("[", "]")) and _is_one_bracket(body):
        body = body[1:-1]
    # p.Gln1756(Profs) and similar inner brackets carry "predicted" only
    return body if _COUNTED.search(body) else body.replace("(", "").replace(")", "")


_COUNTED = re.compile(r"\(\d+\)$")


def _is_one_bracket(body: str) -> bool:
    """Whether the first bracket closes at the end, unlike in ``[A];[B]``."""
    return body[0] not in body[1:] or body.index(body[-1]) == len(body) - 1


def _built(name: str, parts: dict[str, str | None], text: str) -> ProteinChange:
    first = three_letter(parts["first"] or "")
    start = int(parts["start"] or 0)
    end = int(parts.get("end") or start)
    last = three_letter(parts.get("last") or "") or (first if end == start else "")
    if end < start:
        raise NotationError(f"range runs backwards: {text[:80]!r}")
    new = _residues(parts.get("new"))
    counted = parts.get("count")
    count = int(counted) if counted else None
    kind = ProteinChangeKind.CODON
    tail = ""
    match name:
        case "frameshift" | "extension":
            kind = ProteinChangeKind(name)
            tail = (parts.get("tail") or "").replace("*", "Ter").replace("X", "Ter")
        case "delins":
            kind = ProteinChangeKind.DELETION_INSERTION
        case "substitution":
            return _substitution(first, start, new[0])
        case _:
            kind = ProteinChangeKind(name)
    if kind is ProteinChangeKind.INSERTION and end != start + 1:
        raise NotationError(f"an insertion names two neighbouring residues: {text[:80]!r}")
    return ProteinChange(kind, first, start, last, end, new, count, tail)


def _substitution(first: str, codon: int, new: str) -> ProteinChange:
    """One residue in place of another; the same one again is a synonymous change, a stop a nonsense one."""
    if first == new:
        return ProteinChange(ProteinChangeKind.SYNONYMOUS, first, codon, first, codon)
    kind = ProteinChangeKind.NONSENSE if new == "Ter" else ProteinChangeKind.SUBSTITUTION
    return ProteinChange(kind, first, codon, first, codon, (new,))


_RESIDUES3 = re.compile(rf"(?:{_RESIDUE3})+")


def _residues(text: str | None) -> tuple[str, ...]:
    if not text:
        return ()
    if _RESIDUES3.fullmatch(text):
        return tuple(re.findall(r"[A-Z][a-z]{2}", text))
    return tuple(three_letter(letter) for letter in text)
