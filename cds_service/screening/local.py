"""The engine of one machine: DuckDB sorts the lines by patient out of core, processes screen the parts."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from cds_service.screening.database import available_cores, copy_to, database, view_parquet
from cds_service.screening.parts import is_done
from cds_service.screening.plan import Plan
from cds_service.screening.progress import Progress
from cds_service.screening.queries import GROUP, NOBODY
from cds_service.screening.sources import pieces
from cds_service.screening.worker import Task, grouped_file, screen_part, stage, staged_file

#: Makes calls with these arguments each, and gives their results.
Work = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[Any]]
#: With fewer parts, starting processes takes longer than what they would do.
_WORTH_PROCESSES = 8


class EngineFailed(Exception):
    """An engine that could not finish. What it has done is kept, and the same command goes on with it."""


def task_of(plan: Plan) -> Task:
    """What the processes of an engine need of a plan."""
    return Task(plan.output, plan.reading, plan.release, plan.today, plan.traces, plan.parts)


def run(plan: Plan, progress: Progress, processes: int | None = None) -> None:
    """Screen the parts that are not done yet. Raises :class:`EngineFailed`."""
    task = task_of(plan)
    # What fits into one part is done before further processes would have started.
    cores = processes or (available_cores() if plan.parts > 1 else 1)
    if not grouped_file(plan.output).exists():
        # Their processes end before the lines are sorted, so that the memory of both is not held at once.
        with _workers(cores) as work:
            _stage_all(plan, task, work, progress)
        with progress.step("grouping by patient", 1) as advance:
            _apart(group, plan, cores)
            advance(1)
    todo = [part for part in range(plan.parts) if not is_done(plan.output, part)]
    with _workers(cores) as work, progress.step("screening", plan.parts) as advance:
        advance(plan.parts - len(todo))
        for _ in work(screen_part, [(task, part) for part in todo]):
            advance(1)


def _stage_all(plan: Plan, task: Task, work: Work, progress: Progress) -> None:
    staged_file(plan.output, 0).parent.mkdir(parents=True, exist_ok=True)
    numbered = [
        (task, number, piece)
        for number, piece in enumerate(pieces(plan.files))
        if not staged_file(plan.output, number).exists()
    ]
    with progress.step("reading", len(numbered)) as advance:
        for _ in work(stage, numbered):
            advance(1)


def group(plan: Plan, cores: int) -> None:
    """Sort the staged lines by part and patient, with the Medications that they refer to; drop what was staged."""
    with database(plan.work, cores) as connection:
        view_parquet(connection, "staged", plan.work / "staged")
        copy_to(connection, NOBODY, plan.work / "nobody.parquet")
        copy_to(connection, GROUP, grouped_file(plan.output))
    shutil.rmtree(plan.work / "staged")


@contextmanager
def _workers(cores: int, processes: int | None = None) -> Iterator[Work]:
    """Something that makes calls, in no certain order: in this process if it has one core, else in several others."""
    if cores == 1:
        yield _here
        return
    # Started anew, not forked: the database and Arrow have threads, which a forked copy would not have.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes or cores, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            yield lambda call, calls: _results(pool, call, calls)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _apart(call: Callable[[Plan, int], None], plan: Plan, cores: int) -> None:
    """A call in a process of its own, whose memory is free afterwards; in this one if there is one core."""
    if cores == 1:
        call(plan, cores)
        return
    with _workers(cores, processes=1) as work:
        for _ in work(call, [(plan, cores)]):
            pass


def _here(call: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    try:
        for arguments in calls:
            yield call(*arguments)
    except OSError as error:
        raise _failed(error) from None


def _failed(error: OSError) -> EngineFailed:
    return EngineFailed(f"{error.filename or 'a file'}: {error.strerror or type(error).__name__}")


def _end_with_parent() -> None:
    """A process of the pool ends when the command was killed, and leaves an interruption to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_end_of_parent, daemon=True).start()


def _wait_for_end_of_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _results(pool: ProcessPoolExecutor, call: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    try:
        futures = [pool.submit(call, *arguments) for arguments in calls]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool:
        raise EngineFailed("a process ended before its work was done (perhaps for want of memory)") from None
    except OSError as error:
        raise _failed(error) from None


def map_parts(
    call: Callable[..., Any], calls: Sequence[tuple[Any, ...]], processes: int | None = None
) -> Iterator[Any]:
    """Call a function for each part, in several processes where that is worth their start; in no certain order."""
    cores = processes or available_cores()
    with _workers(1 if len(calls) < _WORTH_PROCESSES else cores) as work:
        yield from work(call, calls)
