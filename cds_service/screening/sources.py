"""The files of a cohort: which there are, and the lines of a piece of one."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cds_service.screening.routing import LONGEST_LINE

_PATTERNS = ("*.ndjson", "*.ndjson.gz", "*.jsonl", "*.jsonl.gz")
_BOM = b"\xef\xbb\xbf"
#: How much of a file is read as one piece. Compressed files cannot be divided.
PIECE = 32 * 1024 * 1024
#: FHIR JSON shrinks to about this part by gzip; it decides only into how many parts a cohort is divided.
_SHRINKS_TO = 10


class NoInput(Exception):
    """There is nothing to screen."""


class Unreadable(Exception):
    """A file that cannot be read, or not to its end; ``reason`` does not name it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: where it is, its name below the input, its size in bytes and when it was changed (nanoseconds)."""

    path: Path
    name: str
    size: int
    changed: int

    @property
    def compressed(self) -> bool:
        """Whether its lines are compressed with gzip."""
        return self.path.suffix == ".gz"

    @property
    def text_bytes(self) -> int:
        """The size of its text, estimated if it is compressed."""
        return self.size * (_SHRINKS_TO if self.compressed else 1)


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines of a file that begin at ``start`` or later and before ``end`` (bytes); all of a compressed file."""

    file: int
    path: Path
    start: int
    end: int


def source_files(root: Path) -> tuple[SourceFile, ...]:
    """The NDJSON files of a folder and the folders in it, or one file, in the order of their names.

    Raises :class:`NoInput` and :class:`Unreadable`.
    """
    if root.is_file():
        found = {root}
    else:
        found = {path for pattern in _PATTERNS for path in root.rglob(pattern) if path.is_file()}
    if not found:
        raise NoInput(f"{root}: no file of {', '.join(_PATTERNS)}")
    base = root.parent if root.is_file() else root
    try:
        stats = [(path, path.relative_to(base).as_posix(), path.stat()) for path in found]
    except OSError as error:
        raise Unreadable(Path(error.filename), error.strerror or "cannot be read") from None
    return tuple(
        SourceFile(path, name, stat.st_size, stat.st_mtime_ns)
        for path, name, stat in sorted(stats, key=lambda item: item[1])
    )


def pieces(files: tuple[SourceFile, ...], size: int = PIECE) -> tuple[Piece, ...]:
    """The pieces of all files, in order."""
    found: list[Piece] = []
    for number, file in enumerate(files):
        step = max(file.size, 1) if file.compressed else size
        found += [Piece(number, file.path, start, start + step) for start in range(0, max(file.size, 1), step)]
    return tuple(found)


def lines_of(piece: Piece) -> Iterator[bytes]:
    """The lines of a piece, without their ends. Raises :class:`Unreadable`."""
    try:
        if piece.path.suffix == ".gz":
            with gzip.open(piece.path, "rb") as file:
                yield from _lines(file, None)
        else:
            with piece.path.open("rb") as file:
                if piece.start:
                    file.seek(piece.start - 1)
                    _skip_line(file)
                yield from _lines(file, piece.end)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "damaged or cut off"
        raise Unreadable(piece.path, f"the file cannot be read from here on: {reason}") from None


def _lines(file: IO[bytes] | gzip.GzipFile, end: int | None) -> Iterator[bytes]:
    place = file.tell()
    while end is None or place < end:
        line = file.readline(LONGEST_LINE + 2)
        if not line:
            return
        first, length = place == 0, len(line)
        if not line.endswith(b"\n") and length == LONGEST_LINE + 2:
            length += _skip_line(file)
        place += length
        yield (line.removeprefix(_BOM) if first else line).removesuffix(b"\n")


def _skip_line(file: IO[bytes] | gzip.GzipFile) -> int:
    """Read to the end of a line; how many bytes that were."""
    skipped = 0
    while part := file.readline(LONGEST_LINE):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped
