"""What the command asks for: a screening, or the comparison of two releases; each with the lines that it prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cds_service.codec import dumps
from cds_service.screening import local
from cds_service.screening.local import EngineFailed, map_parts
from cds_service.screening.plan import Plan, Reading, found_in, write_json
from cds_service.screening.progress import Progress
from cds_service.screening.run import Engine, OtherScreening, screen
from cds_service.screening.since import PartChanges, SinceTask, compare_part
from cds_service.screening.sources import NoInput, Unreadable
from cds_service.screening.spark import MissingSpark
from knowledge.changed_statements import changed_statements

__all__ = ["UNUSABLE", "Reading", "Request", "compare", "local_engine", "run", "spark_engine"]

#: What ends a command with a message; it can be given again.
UNUSABLE = (NoInput, Unreadable, OtherScreening, EngineFailed, MissingSpark, OSError)
CHANGES = "changes.ndjson"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be screened. Without a day it is that of the unfinished run, else the current one."""

    root: Path
    output: Path
    reading: Reading
    today: date | None = None
    traces: bool = False
    restart: bool = False

    def plan(self) -> Plan:
        """The plan of the screening."""
        day = self.today or (None if self.restart else _day_of_unfinished(self.output)) or datetime.now(UTC).date()
        return Plan.of(self.root, self.output, self.reading, day, traces=self.traces)


@dataclass(frozen=True, slots=True)
class ChosenEngine:
    """An engine and its name; ``processes`` for what runs on this machine in any case."""

    name: str
    run: Engine
    processes: int | None = None


def local_engine(processes: int | None) -> ChosenEngine:
    """The engine of this machine."""
    return ChosenEngine("local", lambda plan, progress: local.run(plan, progress, processes), processes)


def spark_engine(master: str | None) -> ChosenEngine:
    """Spark with a master."""
    from cds_service.screening import spark

    return ChosenEngine("spark", lambda plan, progress: spark.run(plan, progress, master))


def run(request: Request, engine: ChosenEngine) -> list[str]:
    """Screen; the lines to print."""
    plan = request.plan()
    summary = screen(plan, engine.name, engine.run, Progress(), restart=request.restart)
    return list(_said(summary, plan.output))


def _said(summary: dict[str, Any], output: Path) -> Iterator[str]:
    patients, read = summary["patients"], summary["input"]
    yield f"{patients['total']} patients, {read['lines'] - read['blank']} lines of {read['files']} files"
    unused = sum(summary["problems"].values())
    unread = sum(entry["results"] for entry in summary["unread"])
    again = patients["identical"] + patients["conflicting"]
    yield f"{unused} lines not used, {again} resources sent again, {unread} results not understood"
    if patients["failed"]:
        yield f"{patients['failed']} patients could not be evaluated"
    yield f"report: {output / 'report.html'}"


def compare(request: Request, since: Path, engine: ChosenEngine) -> list[str]:
    """List the patients whose findings change from an older release to this one; the lines to print."""
    progress = Progress()
    plan = request.plan()
    older = replace(plan.reading, knowledge=since)
    before = older.release()
    if request.restart or not _has_facts(plan.output, plan):
        progress.say("the facts of the cohort are not there yet: screening all of it first")
        screen(plan, engine.name, engine.run, progress, restart=request.restart)
    before_facts = plan.output
    if older.digest(before) != plan.facts:
        progress.say("the older release reads other facts: screening the cohort with it, too")
        earlier = Plan.of(request.root, plan.output / f"before-{_short(before.digest)}", older, plan.today)
        if not _has_facts(earlier.output, earlier):
            screen(earlier, engine.name, engine.run, progress)
        before_facts = earlier.output
    changed = changed_statements(before, plan.reading.release())
    task = SinceTask(since, plan.reading.knowledge, before_facts, plan.output, plan.today)
    total = _compared(task, plan, progress, engine.processes) if changed.identifiers else PartChanges()
    target = plan.output / f"since-{_short(before.digest)}"
    _write_changes(target, total, plan, before.digest, changed.identifiers)
    return [
        f"{before.digest} to {plan.release}: {len(changed.identifiers)} statements differ"
        + (" (the terminology differs: all are taken to)" if changed.everything else ""),
        f"{total.touched} patients evaluated, {len(total.changes)} with findings that change",
        *([f"{total.not_readable} patients could not be evaluated"] if total.not_readable else []),
        f"changes: {target / CHANGES}",
    ]


def _short(digest: str) -> str:
    """A digest as part of a file name."""
    return digest.partition(":")[2]


def _has_facts(output: Path, plan: Plan) -> bool:
    """Whether a finished screening of the same input holds the facts as they would be read now."""
    known = found_in(output).finished
    wanted = plan.identity()
    return known is not None and all(known.get(name) == wanted[name] for name in ("format", "input", "facts"))


def _compared(task: SinceTask, plan: Plan, progress: Progress, processes: int | None) -> PartChanges:
    total = PartChanges()
    calls = [(task, part) for part in range(plan.parts)]
    with progress.step("comparing", plan.parts) as advance:
        for found in map_parts(compare_part, calls, processes):
            total.patients += found.patients
            total.touched += found.touched
            total.not_readable += found.not_readable
            total.changes += found.changes
            total.counts.update(found.counts)
            advance(1)
    return total


def _write_changes(target: Path, total: PartChanges, plan: Plan, before: str, statements: tuple[str, ...]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    partial = target / f".{CHANGES}.partial"
    with partial.open("wb") as file:
        for one in sorted(total.changes, key=lambda one: one["patient"]):
            file.write(dumps(one) + b"\n")
    partial.replace(target / CHANGES)
    counted: dict[str, Counter[str]] = {}
    for (statement, old, new), number in sorted(total.counts.items()):
        counted.setdefault(statement, Counter())[f"{old} to {new}"] = number
    summary = {
        "before": before,
        "after": plan.release,
        "today": plan.today.isoformat(),
        "statements": list(statements),
        "patients": {
            "total": total.patients,
            "evaluated": total.touched,
            "changed": len(total.changes),
            "not_evaluated": total.not_readable,
        },
        "changes": counted,
    }
    write_json(target / "summary.json", summary)


def _day_of_unfinished(output: Path) -> date | None:
    """The day of the run that goes on."""
    unfinished = found_in(output).unfinished
    return date.fromisoformat(unfinished["today"]) if unfinished else None
