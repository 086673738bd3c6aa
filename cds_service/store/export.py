"""The tables of the store as files: CSV by the standard library, Parquet by pyarrow where it is installed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Float, Integer, Table

from cds_service.codec import dumps_canonical
from cds_service.store.store import Store
from cds_service.store.tables import cards, decisions, feedback

FORMATS = ("csv", "parquet")
_TABLES = (decisions, cards, feedback)
_ROWS_IN_GROUP = 10_000


class MissingLibrary(Exception):
    """A format whose library is not installed."""


def export_tables(store: Store, folder: Path, form: str) -> list[tuple[Path, int]]:
    """Write each table to a file of the folder; the files with their numbers of rows.

    Lists and objects are written as JSON text, times in UTC. Raises :class:`StoreError`, :class:`MissingLibrary` and
    ``OSError``.
    """
    write = _write_parquet if form == "parquet" else _write_csv
    folder.mkdir(parents=True, exist_ok=True)
    paths = [(table, folder / f"{table.name}.{form}") for table in _TABLES]
    return [(path, write(path, table, _rows(store, table))) for table, path in paths]


def _rows(store: Store, table: Table) -> Iterator[list[Any]]:
    columns = list(table.columns)
    for row in store.rows(table):
        yield [_value(value, column.type) for value, column in zip(row, columns, strict=True)]


def _value(value: Any, kind: Any) -> Any:
    if isinstance(kind, JSON):
        return dumps_canonical(value).decode()
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def _write_csv(path: Path, table: Table, rows: Iterator[list[Any]]) -> int:
    number = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(column.name for column in table.columns)
        for number, row in enumerate(rows, start=1):  # noqa: B007 (the last number is the count)
            writer.writerow([_cell(value) for value in row])
    return number


def _cell(value: Any) -> Any:
    """Times as text; and no text that a spreadsheet would take for a formula (a client chose some of them)."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")):
        return f"'{value}"
    return value


def _write_parquet(path: Path, table: Table, rows: Iterator[list[Any]]) -> int:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingLibrary("Parquet needs pyarrow: pip install 'oncohooks[parquet]'") from None

    def arrow_type(kind: Any) -> Any:
        if isinstance(kind, DateTime):
            return pyarrow.timestamp("us", tz="UTC")
        simple = ((Boolean, pyarrow.bool_()), (Float, pyarrow.float64()), (Integer, pyarrow.int64()))
        return next((arrow for sql, arrow in simple if isinstance(kind, sql)), pyarrow.string())

    schema = pyarrow.schema([(column.name, arrow_type(column.type)) for column in table.columns])
    number = 0
    with parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(rows, _ROWS_IN_GROUP)):
            values = zip(*group, strict=True)
            arrays = [pyarrow.array(list(column), field.type) for column, field in zip(values, schema, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            number += len(group)
    return number
