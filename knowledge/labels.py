"""The dated label text, the few words of it that prove a statement, and what is known of a newer text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Label:
    """The dated label text that the statements were read from."""

    url: str
    date: date
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A few words of the label that prove a statement, with their section."""

    section: str
    text: str


@dataclass(frozen=True, slots=True)
class NewerLabel:
    """A label text later than the one that was read: until it is read, what was read is stale.

    ``lost`` are anchors that no longer stand in it, each with the statement or table row that it proved.
    """

    date: date
    lost: tuple[tuple[str, Anchor], ...] = ()

    def lost_of(self, name: str) -> tuple[Anchor, ...]:
        """The anchors of one statement or row that no longer stand."""
        return tuple(anchor for owner, anchor in self.lost if owner == name)
