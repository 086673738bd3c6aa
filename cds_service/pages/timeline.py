"""The patient's biomarker results over time, as coordinates of a drawing and as a list that says the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from knowledge.dates import UNDATED, date_interval
from knowledge.facts import BIOMARKERS, Fact, State
from knowledge.wording import describe_fact

#: Coordinates in the drawing, which is as wide as ``WIDTH``: so that it can be read when it is scaled to a phone.
WIDTH, LEFT, RIGHT, TOP, ROW = 440, 110, 10, 32, 28
#: Half the width of a date, which stands in the middle above the first and last day.
_EDGE = 42


@dataclass(frozen=True, slots=True)
class Mark:
    """One result: where it stands, how wide its partial date is, its shape (``present``, ``absent``, ``other``)."""

    x: float
    width: float
    shape: str
    text: str
    date: str


@dataclass(frozen=True, slots=True)
class Row:
    """The results of one gene or marker."""

    name: str
    y: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A day on the axis."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The drawing; ``undated`` are results without a date, in words."""

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    undated: tuple[str, ...]

    @property
    def height(self) -> int:
        """Height of the drawing."""
        return TOP + ROW * len(self.rows) + 8


def timeline(facts: Iterable[Fact]) -> Timeline | None:
    """The timeline of the biomarker results among the facts; ``None`` if there are none."""
    results = [fact for fact in facts if fact.kind in BIOMARKERS]
    if not results:
        return None
    dated = [(fact, *date_interval(fact.date)) for fact in results if date_interval(fact.date) != UNDATED]
    undated = tuple(describe_fact(fact) for fact in results if date_interval(fact.date) == UNDATED)
    if not dated:
        return Timeline((), (), undated)
    first, last = min(start for _, start, _ in dated), max(end for _, _, end in dated)
    by_name: dict[str, list[Mark]] = {}
    for fact, start, end in sorted(dated, key=lambda item: item[1]):
        x, until = _x(start, first, last), _x(end, first, last)
        mark = Mark(x, round(until - x, 1), _shape(fact), describe_fact(fact), fact.date or "")
        by_name.setdefault(fact.marker or "/".join(fact.genes) or fact.kind.value, []).append(mark)
    rows = tuple(
        Row(name, TOP + ROW * number + ROW // 2, tuple(marks)) for number, (name, marks) in enumerate(by_name.items())
    )
    return Timeline(rows, _ticks(first, last), undated)


def _x(day: date, first: date, last: date) -> float:
    span = (last - first).days
    share = (day - first).days / span if span else 0.5
    return round(LEFT + share * (WIDTH - LEFT - RIGHT - 2 * _EDGE) + _EDGE, 1)


def _ticks(first: date, last: date) -> tuple[Tick, ...]:
    if first == last:
        return (Tick(_x(first, first, last), first.isoformat(), "middle"),)
    return tuple(Tick(_x(day, first, last), day.isoformat(), "middle") for day in (first, last))


def _shape(fact: Fact) -> str:
    if fact.state is State.PRESENT:
        return "present"
    return "absent" if fact.state is State.ABSENT else "other"
