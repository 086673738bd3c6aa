"""The engine of a cluster: Spark reads, shuffles, sorts, schedules and repeats; a task screens whole parts.

The output folder, the input and the knowledge are on a file system that every worker sees under the same path.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow

from cds_service.screening.local import EngineFailed, task_of
from cds_service.screening.parts import Group, is_done
from cds_service.screening.plan import Plan
from cds_service.screening.progress import Progress
from cds_service.screening.queries import GROUPED_FOR_SPARK, NOBODY_FOR_SPARK, ORDER
from cds_service.screening.staging import Stager
from cds_service.screening.worker import Task, writer_of

Batches = Iterator[pyarrow.RecordBatch]

#: The parts of a cohort are screened in about so many jobs, so that a run that is killed loses one of them at most.
_JOBS = 10
_STAGED = (
    "fate byte, part int, key string, file int, block bigint, line_of_block bigint, type string, "
    "medications array<string>, reason string, line binary"
)
_DONE = pyarrow.schema([("part", pyarrow.int32()), ("patients", pyarrow.int64())])


class MissingSpark(Exception):
    """Spark is not installed, or has no Java to run on."""


def run(plan: Plan, progress: Progress, master: str | None = None) -> None:
    """Screen the parts that are not done yet. Raises :class:`MissingSpark` and :class:`EngineFailed`."""
    task = task_of(plan)
    with _session(master) as spark:
        try:
            if not (plan.work / "staged" / "_SUCCESS").exists():
                with progress.step("reading", 1) as advance:
                    _stage(spark, plan, task)
                    advance(1)
            staged = spark.read.parquet(_pattern(plan.work / "staged"))
            staged.createOrReplaceTempView("staged")
            if not (plan.work / "nobody.parquet" / "_SUCCESS").exists():
                spark.sql(NOBODY_FOR_SPARK).write.mode("overwrite").parquet(_address(plan.work / "nobody.parquet"))
            _screen(spark, plan, task, progress)
        except Exception as error:  # Spark's errors have many types and long texts, with lines of the input in them
            raise EngineFailed(f"Spark could not finish ({type(error).__name__}); its own log says more") from None


def _stage(spark: Any, plan: Plan, task: Task) -> None:
    from pyspark.sql import functions

    numbers = {file.path.resolve(): number for number, file in enumerate(plan.files)}
    lines = (
        spark.read.option("lineSep", "\n")
        .text([_pattern(file.path) for file in plan.files])
        .select(
            functions.col("value").cast("binary").alias("line"),
            functions.col("_metadata.file_path").alias("path"),
            functions.col("_metadata.file_block_start").alias("block"),
        )
    )
    lines.mapInArrow(_stager(task, numbers), _STAGED).write.mode("overwrite").parquet(_address(plan.work / "staged"))


def _stager(task: Task, numbers: dict[Path, int]) -> Callable[[Batches], Batches]:
    def staged(batches: Batches) -> Batches:
        stager = Stager(task.parts)
        rows = (
            row
            for batch in batches
            for row in zip(*(batch.column(name).to_pylist() for name in ("path", "block", "line")), strict=True)
        )
        for (path, block), group in groupby(rows, key=lambda row: row[:2]):
            file = numbers[Path(unquote(urlsplit(path).path))]
            yield from stager.batches(file, block, (_without_mark(line, block, first) for first, line in _first(group)))
        yield stager.rest()

    return staged


def _first(rows: Iterator[Any]) -> Iterator[tuple[bool, bytes]]:
    for number, (_, _, line) in enumerate(rows):
        yield number == 0, line


def _without_mark(line: bytes, block: int, first: bool) -> bytes:
    return line.removeprefix(b"\xef\xbb\xbf") if first and block == 0 else line


def _screen(spark: Any, plan: Plan, task: Task, progress: Progress) -> None:
    todo = [part for part in range(plan.parts) if not is_done(plan.output, part)]
    size = max(1, -(-len(todo) // _JOBS))
    grouped = spark.sql(GROUPED_FOR_SPARK)
    with progress.step("screening", plan.parts) as advance:
        advance(plan.parts - len(todo))
        for start in range(0, len(todo), size):
            some = todo[start : start + size]
            mine = grouped.where(grouped.part.isin(some)).repartition(len(some), "part")
            done = mine.sortWithinPartitions(*ORDER.split(", ")).select("part", "key", "line")
            done.mapInArrow(_screener(task), "part int, patients bigint").collect()
            for part in some:
                # A part without a patient has no row that a task could see.
                if not is_done(plan.output, part):
                    writer_of(task).write(part, ())
            advance(len(some))


def _screener(task: Task) -> Callable[[Batches], Batches]:
    def screened(batches: Batches) -> Batches:
        rows = (
            row
            for batch in batches
            for row in zip(*(batch.column(name).to_pylist() for name in ("part", "key", "line")), strict=True)
        )
        for part, of_part in groupby(rows, key=lambda row: row[0]):
            count = writer_of(task).write(part, _groups(of_part))
            yield pyarrow.RecordBatch.from_pydict({"part": [part], "patients": [count]}, schema=_DONE)

    return screened


def _groups(rows: Iterator[Any]) -> Iterator[Group]:
    for key, of_patient in groupby(rows, key=lambda row: row[1]):
        yield key, [bytes(line) for _, _, line in of_patient]


def _address(path: Path) -> str:
    """A path as Hadoop takes it: with its scheme and nothing encoded."""
    return f"file:{path.resolve()}"


def _pattern(path: Path) -> str:
    """The same for reading, where some characters stand for any others."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", _address(path))


@contextmanager
def _session(master: str | None) -> Iterator[Any]:
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingSpark("Spark needs pyspark: pip install 'oncohooks[spark]'") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("oncohooks screen")
    if master:
        builder = builder.master(master)
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.driver.bindAddress": "127.0.0.1" if master and master.startswith("local") else None,
    }
    for name, value in options.items():
        if value is not None:
            builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except (PySparkRuntimeError, OSError):
        raise MissingSpark("Spark found no Java to run on: install a Java runtime, 17 or newer") from None
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()
