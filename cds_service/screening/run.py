"""One screening from its beginning, or from where it was interrupted, to its report."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cds_service.screening.parts import FINDINGS, LINES, PATIENTS
from cds_service.screening.plan import IDENTITY, OWN, Plan, found_in, write_json
from cds_service.screening.progress import Progress
from cds_service.screening.report import write_report
from cds_service.screening.summary import summarise

Engine = Callable[[Plan, Progress], None]


class OtherScreening(Exception):
    """The output folder holds the results of another screening."""


def screen(
    plan: Plan, engine_name: str, engine: Engine, progress: Progress, *, restart: bool = False
) -> dict[str, Any]:
    """Screen a cohort; its summary. What was done before is not done again.

    Raises :class:`OtherScreening`, and what the engine raises.
    """
    if restart:
        forget(plan.output)
    identity = plan.identity()
    found = found_in(plan.output)
    for known in (found.finished, found.unfinished):
        if known is not None and _without_engine(known) != identity:
            raise OtherScreening(
                f"{plan.output} holds a screening with {', '.join(differing(known, identity))}: "
                "name another folder, or forget that one with --restart"
            )
    if found.finished is not None and found.unfinished is None:
        progress.say("everything was done before")
        return summarise(plan.output, plan)
    if found.unfinished is not None and found.unfinished["engine"] != engine_name:
        _forget_stages(plan.work)
    write_json(plan.work / IDENTITY, identity | {"engine": engine_name})
    engine(plan, progress)
    _remove_unfinished(plan.output)
    with progress.step("counting", 1) as advance:
        summary = summarise(plan.output, plan)
        write_report(plan.output, summary)
        advance(1)
    write_json(plan.output / IDENTITY, identity)
    shutil.rmtree(plan.work)
    return summary


def differing(known: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """In what two screenings differ, in words."""
    names = {
        "format": "another form of the results",
        "input": "other input",
        "release": "other knowledge",
        "facts": "another reading of facts (program, settings or terminology)",
        "today": "another day",
        "traces": "other traces",
    }
    return [said for name, said in names.items() if known.get(name) != wanted[name]]


def forget(output: Path) -> None:
    """Remove everything that a screening wrote into a folder, and nothing else."""
    for path in [path for pattern in OWN for path in output.glob(pattern)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _remove_unfinished(output: Path) -> None:
    """Files of parts that a killed process had begun; the parts were done since."""
    for kind in (FINDINGS, PATIENTS, LINES):
        for path in (output / kind).glob(".part-*"):
            path.unlink()


def _forget_stages(work: Path) -> None:
    """What one engine staged, the other does not read; the parts that are done are the same."""
    for name in ("staged", "nobody.parquet", "grouped.parquet"):
        path = work / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _without_engine(known: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in known.items() if name != "engine"}
