"""Lines with their routes as Arrow tables: the form in which both engines group them by patient."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator

import pyarrow

from cds_service.codec import dumps_canonical
from cds_service.screening.routing import Fate, Route, route
from cds_service.screening.sources import Unreadable

#: A row for each line that is kept, and at the end of each block one row of counts (``fate`` is null).
#: ``block`` is the place in the file where reading began and ``line_of_block`` counts from 0, so that
#: (file, block, line_of_block) is the order of the lines of a file whoever read which part of it.
SCHEMA = pyarrow.schema(
    [
        ("fate", pyarrow.int8()),
        ("part", pyarrow.int32()),
        ("key", pyarrow.string()),
        ("file", pyarrow.int32()),
        ("block", pyarrow.int64()),
        ("line_of_block", pyarrow.int64()),
        ("type", pyarrow.string()),
        ("medications", pyarrow.list_(pyarrow.string())),
        ("reason", pyarrow.string()),
        ("line", pyarrow.binary()),
    ]
)
_ROWS = 5_000
_BYTES = 8 * 1024 * 1024


def part_of(key: str, parts: int) -> int:
    """The part of the cohort to which a patient belongs: the same on every machine and in every engine."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % parts


class Stager:
    """Routes the lines of blocks and gathers them in batches."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._rows: list[tuple[object, ...]] = []
        self._bytes = 0

    def batches(self, file: int, block: int, lines: Iterable[bytes]) -> Iterator[pyarrow.RecordBatch]:
        """Full batches of the lines of one block; what is left comes with :meth:`rest`."""
        types: Counter[str] = Counter()
        number = 0
        for number, (line, found) in enumerate(_routed(lines), start=1):
            types[found.type if found.fate is not Fate.BLANK else " "] += 1
            if found.fate in (Fate.BLANK, Fate.PASSED):
                continue
            kept = found.fate is not Fate.PROBLEM
            part = part_of(found.key, self._parts) if found.fate is Fate.PATIENT else -1
            self._rows.append(
                (
                    found.fate.value,
                    part,
                    found.key,
                    file,
                    block,
                    number - 1,
                    found.type,
                    found.medications,
                    found.reason,
                    line if kept else None,
                )
            )
            self._bytes += len(line) if kept else 0
            if len(self._rows) >= _ROWS or self._bytes >= _BYTES:
                yield self.rest()
        counts = dumps_canonical(types).decode()
        self._rows.append((None, -1, "", file, block, number, "", (), counts, None))

    def rest(self) -> pyarrow.RecordBatch:
        """What has been gathered since the last batch."""
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(SCHEMA)
        arrays = [pyarrow.array(list(column), field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        self._rows, self._bytes = [], 0
        return pyarrow.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _routed(lines: Iterable[bytes]) -> Iterator[tuple[bytes, Route]]:
    """Each line with its route; where a file cannot be read any further, that is reported in place of a line."""
    try:
        for line in lines:
            yield line, route(line)
    except Unreadable as error:
        yield b"", Route(Fate.PROBLEM, reason=error.reason)
