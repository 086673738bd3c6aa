"""What a process of an engine does: stage a piece of the input, or screen a part of the cohort."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import pyarrow
from pyarrow import dataset, parquet

from cds_service.memory import settle_memory
from cds_service.screening.parts import Group, PartWriter
from cds_service.screening.plan import Reading
from cds_service.screening.sources import Piece, lines_of
from cds_service.screening.staging import SCHEMA, Stager


class OtherRelease(Exception):
    """A process has other knowledge than the one that started it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What all parts have in common; small enough to be sent to every process."""

    output: Path
    reading: Reading
    release: str
    today: date
    traces: bool
    parts: int


@lru_cache(maxsize=1)
def writer_of(task: Task) -> PartWriter:
    """The writer of this process; knowledge is loaded once. Raises :class:`OtherRelease`."""
    advisor = task.reading.advisor()
    if advisor.knowledge.release != task.release:
        raise OtherRelease(f"this process has the knowledge {advisor.knowledge.release}, not {task.release}")
    settle_memory()
    return PartWriter(task.output, advisor, task.today, traces=task.traces)


def stage(task: Task, number: int, piece: Piece) -> int:
    """Stage one piece of the input as a file of its own; the bytes of the piece."""
    path = staged_file(task.output, number)
    partial = path.with_suffix(".partial")
    stager = Stager(task.parts)
    with parquet.ParquetWriter(partial, SCHEMA, compression="zstd", compression_level=1) as writer:
        for batch in stager.batches(piece.file, piece.start, lines_of(piece)):
            writer.write_batch(batch)
        writer.write_batch(stager.rest())
    partial.replace(path)
    return piece.end - piece.start


def staged_file(output: Path, number: int) -> Path:
    """Where a staged piece stands."""
    return output / "work" / "staged" / f"piece-{number:06d}.parquet"


def grouped_file(output: Path) -> Path:
    """Where the lines of all patients stand, sorted by part, patient and place in the input."""
    return output / "work" / "grouped.parquet"


def screen_part(task: Task, part: int) -> int:
    """Screen the patients of one part; their number."""
    rows = dataset.dataset(grouped_file(task.output)).scanner(
        columns=["key", "line"], filter=dataset.field("part") == part, use_threads=False, batch_size=2_000
    )
    return writer_of(task).write(part, groups_of(rows.to_batches()))


def groups_of(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[Group]:
    """Consecutive rows of the same patient together: key, lines."""
    pairs = (
        pair
        for batch in batches
        for pair in zip(batch.column("key").to_pylist(), batch.column("line").to_pylist(), strict=True)
    )
    for key, rows in groupby(pairs, key=lambda pair: pair[0]):
        yield key, [line for _, line in rows]
