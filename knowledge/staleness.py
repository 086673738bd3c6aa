"""Label texts of today against the statements: which anchors still stand, and which labels have a newer text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from knowledge.labels import Anchor, Label, NewerLabel
from knowledge.statements import Medicine, anchors_of


@dataclass(frozen=True, slots=True)
class LabelText:
    """The text of one medicine's label, by section; a section may stand there several times."""

    medicine: str
    document: str
    date: date
    sections: Mapping[str, tuple[str, ...]]

    def has_section(self, anchor: Anchor) -> bool:
        """Whether the anchor's section is part of the text at all."""
        return anchor.section in self.sections

    def holds(self, anchor: Anchor) -> bool:
        """Whether the anchor stands in its section, whatever the line breaks."""
        words = _one_space(anchor.text)
        return any(words in _one_space(text) for text in self.sections.get(anchor.section, ()))


class Standing(StrEnum):
    """How a medicine's anchors fare in a text of its label."""

    STANDS = "stands"
    LOST = "anchors lost"
    NEWER = "newer label"
    OLDER = "older text"
    NO_TEXT = "no text"


@dataclass(frozen=True, slots=True)
class LabelCheck:
    """What a text of the label says about one medicine.

    ``lost`` are anchors that do not stand in their section, ``unread`` those whose section is not in the text; each
    with its statement or row.
    """

    medicine: str
    read: date
    anchors: int
    text: date | None = None
    document: str | None = None
    lost: tuple[tuple[str, Anchor], ...] = ()
    unread: tuple[tuple[str, Anchor], ...] = ()

    @property
    def found(self) -> int:
        """The anchors that stand."""
        return self.anchors - len(self.lost) - len(self.unread) if self.text else 0

    @property
    def standing(self) -> Standing:
        """A newer text makes the statements stale, whether the anchors stand in it or not."""
        if self.text is None:
            return Standing.NO_TEXT
        if self.text != self.read:
            return Standing.NEWER if self.text > self.read else Standing.OLDER
        return Standing.LOST if self.lost else Standing.STANDS

    @property
    def passes(self) -> bool:
        """Whether nobody has to look: no newer text, and no anchor lost."""
        return self.standing is not Standing.NEWER and not self.lost

    def to_json(self) -> dict[str, Any]:
        """The check as the command line prints it."""
        return {
            "medicine": self.medicine,
            "standing": self.standing.value,
            "read": self.read.isoformat(),
            "text": self.text.isoformat() if self.text else None,
            "document": self.document,
            "anchors": self.anchors,
            "found": self.found,
            "lost": [_lost_json(owner, anchor) for owner, anchor in self.lost],
            "unread": [_lost_json(owner, anchor) for owner, anchor in self.unread],
        }


def check_labels(medicines: Iterable[Medicine], texts: Mapping[str, LabelText]) -> Iterator[LabelCheck]:
    """Every medicine and every copy against the label texts, which are found by document or brand."""
    for medicine in medicines:
        owned = [(statement.id, anchor) for statement in medicine.statements for anchor in anchors_of(statement)]
        yield _check(medicine.brand, medicine.label, owned, texts)
        for copy in medicine.copies:
            proofs = [(carried.row, carried.anchor) for carried in copy.carried]
            yield _check(copy.brand, copy.label, proofs, texts)


def _check(brand: str, label: Label, owned: list[tuple[str, Anchor]], texts: Mapping[str, LabelText]) -> LabelCheck:
    anchors = tuple(dict.fromkeys(owned))
    # What the member states authorise is read in the label of another medicine: the document decides.
    text = texts.get(label.document or brand) or texts.get(brand)
    if text is None:
        return LabelCheck(brand, label.date, len(anchors))
    unread = tuple((owner, anchor) for owner, anchor in anchors if not text.has_section(anchor))
    lost = tuple((owner, anchor) for owner, anchor in anchors if text.has_section(anchor) and not text.holds(anchor))
    return LabelCheck(brand, label.date, len(anchors), text.date, text.document, lost, unread)


def stale_document(checks: Iterable[LabelCheck]) -> dict[str, Any]:
    """What ``stale.yaml`` records: every medicine whose label has a newer text."""
    return {
        "stale": [
            {
                "medicine": check.medicine,
                "read": check.read.isoformat(),
                "newer": check.text.isoformat(),
                "document": check.document,
                "lost": [_lost_json(owner, anchor) for owner, anchor in check.lost],
            }
            for check in checks
            if check.standing is Standing.NEWER and check.text
        ]
    }


def read_stale(document: Mapping[str, Any] | None) -> dict[str, NewerLabel]:
    """The newer label of each medicine and copy, by brand, as ``stale.yaml`` records it."""
    return {
        item["medicine"]: NewerLabel(
            date.fromisoformat(item["newer"]),
            tuple((lost["of"], Anchor(lost["section"], lost["text"])) for lost in item["lost"]),
        )
        for item in (document or {"stale": []})["stale"]
    }


def _lost_json(owner: str, anchor: Anchor) -> dict[str, str]:
    return {"of": owner, "section": anchor.section, "text": anchor.text}


def _one_space(text: str) -> str:
    return " ".join(text.split())
