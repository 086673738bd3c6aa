"""DuckDB over the files of a screening: it sorts and counts out of core."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from cds_service.screening.parts import FINDINGS, PATIENTS

#: Memory of the database; what needs more goes to files.
MEMORY = "256MB"


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def database(spill_to: Path, cores: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that has files beside it only while a query needs more than its memory."""
    spill = spill_to / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "memory_limit": MEMORY,
        "temp_directory": str(spill),
        "threads": cores or available_cores(),
    }
    try:
        with duckdb.connect(config=settings) as connection:
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def view_parquet(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """A view of one Parquet file, or of all in a folder."""
    files = path / "*.parquet" if path.is_dir() else path
    connection.read_parquet(str(files)).create_view(name)


def view_results(connection: duckdb.DuckDBPyConnection, output: Path) -> None:
    """The views ``patients`` and ``findings`` of a screening's results."""
    for name in (PATIENTS, FINDINGS):
        view_parquet(connection, name, output / name)


def copy_to(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write what a query gives as one Parquet file, which is whole whenever it is there."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    connection.sql(query).write_parquet(str(partial), compression="zstd", row_group_size=8192)
    partial.replace(path)
