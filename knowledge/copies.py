"""Generics, hybrids and biosimilars: which statements of their reference medicine their own label carries.

A copy of a medicine need not have every indication of it. So a copy carries a statement only if each row of the
reference table that the statement answers was found, by an anchor, in the copy's own dated label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from knowledge.labels import Anchor, Label, NewerLabel

KINDS = {
    "generic-or-hybrid": "generic or hybrid",
    "biosimilar": "biosimilar",
    "other": "other medicine with the same INN",
}


@dataclass(frozen=True, slots=True)
class CarriedRow:
    """A row of the reference table, and the words of the copy's own label that answer it."""

    row: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Copy:
    """A medicine with the INN of a reference medicine.

    ``lacks``: rows that its own label does not answer. ``unproved``: rows of which its label has not been read.
    """

    brand: str
    inn: str
    ema_number: str
    kind: str
    reference: str
    status: str
    status_date: date
    label: Label
    carried: tuple[CarriedRow, ...]
    lacks: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    newer_label: NewerLabel | None = None

    @property
    def name(self) -> str:
        """The brand without former names."""
        return self.brand.partition(" (previously")[0]

    @property
    def rows(self) -> frozenset[str]:
        """The rows that its own label answers."""
        return frozenset(carried.row for carried in self.carried)

    def carries(self, rows: tuple[str, ...]) -> bool:
        """Whether its own label answers all of these rows, and there are any."""
        return bool(rows) and set(rows) <= self.rows


def read_copies(document: Mapping[str, Any], newer: Mapping[str, NewerLabel]) -> Iterator[Copy]:
    """The copies of the compiled document, with the newer labels that are known by brand."""
    for item in document["copies"]:
        label = item["label"]
        read = date.fromisoformat(label["date"])
        later = newer.get(item["brand"])
        yield Copy(
            brand=item["brand"],
            inn=item["inn"],
            ema_number=item["ema_number"],
            kind=item["kind"],
            reference=item["reference"],
            status=item["status"],
            status_date=date.fromisoformat(item["status_date"]),
            label=Label(label["url"], read, label["document"]),
            carried=tuple(CarriedRow(row["row"], Anchor(row["section"], row["text"])) for row in item["carries"]),
            lacks=tuple(item["lacks"]),
            unproved=tuple(item["unproved"]),
            newer_label=later if later and later.date > read else None,
        )
