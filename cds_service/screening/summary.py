"""What came of a screening in numbers, and every line that was of no use. Nothing of it names a patient."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import duckdb

from cds_service.codec import dumps, loads
from cds_service.screening import queries
from cds_service.screening.database import database, view_parquet, view_results
from cds_service.screening.plan import Plan, write_json
from fhir_mappings import RECORD_TYPES

SUMMARY, PROBLEMS = "summary.json", "problems.ndjson"


def summarise(output: Path, plan: Plan) -> dict[str, Any]:
    """Count, write ``summary.json`` and ``problems.ndjson``, and return the summary.

    Where both were written before and the work is gone, the summary is read.
    """
    work = output / "work"
    if not (work / "nobody.parquet").exists():
        return dict(loads((output / SUMMARY).read_bytes()))
    with database(work) as connection:
        view_parquet(connection, "nobody", work / "nobody.parquet")
        view_results(connection, output)
        problems = _write_problems(connection, output / PROBLEMS, [file.name for file in plan.files])
        summary = {
            "release": plan.release,
            "today": plan.today.isoformat(),
            "input": _input(connection, len(plan.files)),
            "problems": problems,
            **_results(connection),
        }
    write_json(output / SUMMARY, summary)
    return summary


def _write_problems(connection: duckdb.DuckDBPyConnection, path: Path, names: list[str]) -> dict[str, int]:
    """Write each line that cannot be used with its place; the number of them by reason."""
    counted: Counter[str] = Counter()
    partial = path.with_name(f".{path.name}.partial")
    rows = connection.execute(queries.PROBLEMS)
    with partial.open("wb") as file:
        while some := rows.fetchmany(10_000):
            for number, line, kind, reason in some:
                counted[f"{kind} {reason}".strip()] += 1
                file.write(dumps({"file": names[number], "line": line, "type": kind, "reason": reason}) + b"\n")
    partial.replace(path)
    return dict(sorted(counted.items()))


def _input(connection: duckdb.DuckDBPyConnection, files: int) -> dict[str, Any]:
    lines = 0
    types: Counter[str] = Counter()
    for number, counts in connection.execute(queries.COUNTS).fetchall():
        lines += number
        types.update(loads(counts))
    blank, unknown = types.pop(" ", 0), types.pop("", 0)
    return {
        "files": files,
        "lines": lines,
        "blank": blank,
        "no_resource": unknown,
        "types": {name: number for name, number in sorted(types.items()) if name in RECORD_TYPES},
        "types_not_read": {name: number for name, number in sorted(types.items()) if name not in RECORD_TYPES},
        "medications_nobody_refers_to": _rows(connection, queries.UNUSED_MEDICATIONS)[0][0],
    }


def _results(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    totals = connection.execute(queries.TOTALS)
    names = [column[0] for column in totals.description or ()]
    (numbers,) = totals.fetchall()
    return {
        "patients": {name: int(number) for name, number in zip(names, numbers, strict=True)},
        "failures": dict(_rows(connection, queries.FAILURES)),
        "unread": [
            {"code": code, "reason": reason, "results": number}
            for code, reason, number in _rows(connection, queries.UNREAD)
        ],
        "statements": _statements(connection),
        "medicines": _medicines(connection),
        "stale": [name for (name,) in _rows(connection, queries.STALE)],
        "tumours": dict(_rows(connection, queries.TUMOURS)),
        "missing_tests": [
            {"tumour": tumour, "analyte": analyte, "patients": number}
            for tumour, analyte, number in _rows(connection, queries.MISSING_TESTS)
        ],
        "turnaround": _turnaround(connection),
    }


def _statements(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for statement, medicine, layer, outcome, number in _rows(connection, queries.STATEMENTS):
        entry = found.setdefault(
            statement, {"id": statement, "medicine": medicine, "layer": layer, "outcomes": dict[str, int]()}
        )
        entry["outcomes"][outcome] = number
    return list(found.values())


def _medicines(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for medicine, outcome, number in _rows(connection, queries.MEDICINES):
        entry = found.setdefault(medicine, {"medicine": medicine, "outcomes": dict[str, int]()})
        entry["outcomes"][outcome] = number
    return list(found.values())


def _turnaround(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    """Results by kind and days from the result's date to its issue."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for kind, days, number in _rows(connection, queries.TURNAROUND):
        found[kind][str(days)] = number
    return dict(found)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return connection.execute(query).fetchall()
