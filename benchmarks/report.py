"""The figures as Markdown, and their place in the README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.rounds import Cell, ratio
from benchmarks.stages import STAGES

BEGIN = "<!-- benchmark:begin -->"
END = "<!-- benchmark:end -->"


class NoPlace(Exception):
    """A README without the markers between which the figures stand."""


@dataclass(frozen=True, slots=True)
class Row:
    """One size of request, from so many different patients.

    ``stages``: milliseconds of each stage without HTTP. ``worker_mib``: memory of the worker after this size and the
    smaller ones before it; ``None`` where the system does not tell.
    """

    observations: int
    patients: int
    body_bytes: int
    answer_bytes: int
    floor: Cell
    service: Cell
    stages: dict[str, float]
    worker_mib: float | None = None

    @property
    def ratio(self) -> float:
        """Throughput of the service as a share of the floor's."""
        return ratio(self.service, self.floor)


@dataclass(frozen=True, slots=True)
class Results:
    """One run. ``worker_mib`` is ``None`` where the system does not tell."""

    machine: str
    day: str
    server: str
    knowledge: dict[str, Any]
    seconds: float
    start_seconds: float
    worker_mib: float | None
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything measured."""
        found = asdict(self)
        for row, values in zip(self.rows, found["rows"], strict=True):
            values["ratio"] = row.ratio
        return found


@dataclass(frozen=True, slots=True)
class Budget:
    """What must hold for one size of request; times in milliseconds."""

    p50_ms: float | None = None
    p99_ms: float | None = None
    ratio: float | None = None


BUDGETS = {100: Budget(p50_ms=10, p99_ms=50, ratio=0.5), 500: Budget(p99_ms=120)}
START_SECONDS = 1.5
WORKER_MIB = 150


def markdown(results: Results) -> str:
    """The report: what was measured, the table of requests, the table of stages."""
    return "\n\n".join(
        [_intro(results), request_table(results.rows), _start(results), stage_table(results.rows), _legend(results)]
    )


def _intro(results: Results) -> str:
    knowledge = results.knowledge
    return (
        f"Measured on {results.day} by `benchmarks/run`: {results.machine}; {results.server}, one worker; "
        f"knowledge of {knowledge['medicines']} medicines, {knowledge['statements']} statements."
    )


def request_table(rows: Sequence[Row]) -> str:
    """One row for each size, floor and service side by side. A missed budget is bold."""
    service = ("Service p50", "Service p99", "Service/s", "Service/floor", "Worker")
    return table(("Observations", "Body", "Floor p50", "Floor/s", *service), [_request_row(row) for row in rows])


def _request_row(row: Row) -> tuple[str, ...]:
    budget = BUDGETS.get(row.observations, Budget())
    return (
        str(row.observations),
        f"{row.body_bytes / 1024:.0f} KiB",
        f"{row.floor.p50_ms:.1f} ms",
        f"{row.floor.throughput:.0f}",
        judged(row.service.p50_ms, budget.p50_ms, f"{row.service.p50_ms:.1f} ms"),
        judged(row.service.p99_ms, budget.p99_ms, f"{row.service.p99_ms:.1f} ms"),
        f"{row.service.throughput:.0f}",
        judged(-row.ratio, -budget.ratio if budget.ratio else None, f"{row.ratio:.2f}"),
        "–" if row.worker_mib is None else judged(row.worker_mib, WORKER_MIB, f"{row.worker_mib:.0f} MiB"),
    )


def judged(value: float, limit: float | None, shown: str) -> str:
    """A value as it is shown, in bold if it is above its limit."""
    return f"**{shown}**" if limit is not None and value > limit else shown


def _start(results: Results) -> str:
    start = judged(results.start_seconds, START_SECONDS, f"{results.start_seconds:.2f} s")
    if results.worker_mib is None:
        return f"Start to first answer {start}."
    memory = judged(results.worker_mib, WORKER_MIB, f"{results.worker_mib:.0f} MiB")
    return f"Start to first answer {start}; resident memory of the worker after everything {memory}."


def stage_table(rows: Sequence[Row]) -> str:
    """Median milliseconds of each stage of a request, without HTTP."""
    return table(
        ("Observations", *STAGES, "sum"),
        [
            (str(row.observations), *(f"{row.stages[stage]:.2f} ms" for stage in STAGES), _sum(row.stages))
            for row in rows
        ],
    )


def _sum(stages: dict[str, float]) -> str:
    return f"{sum(stages.values()):.2f} ms"


def _legend(results: Results) -> str:
    return (
        "The service runs as it is shipped: with its log, its metrics and a decision record of every answer. "
        "The *floor* is a bare WSGI application under the same server with the same settings, which reads the body, "
        "parses it with the same JSON reader and answers with constant JSON as long as the service's answer. One "
        "client in another process, not pinned to a core; one connection kept alive, one request after the other, "
        f"{_patients(results.rows)}. Floor and service alternate, {results.seconds:g} s each. p50, throughput and "
        "their ratio are medians over the rounds, p99 is over all requests. A value outside its budget is bold."
    )


def _patients(rows: Sequence[Row]) -> str:
    fewest = min(row.patients for row in rows)
    return "always the same patient" if fewest == 1 else f"at least {fewest} different patients in turn"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def between_markers(path: Path) -> tuple[str, str]:
    """What stands before the first marker and after the second. Raises :class:`NoPlace` without them."""
    if not path.is_file():
        raise NoPlace(f"{path.name} does not exist")
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlace(f"{path.name} has no {BEGIN} … {END}")
    return before, after


def write_between_markers(path: Path, text: str) -> None:
    """Replace what stands between the markers. Raises :class:`NoPlace` if there is no such place."""
    before, after = between_markers(path)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
