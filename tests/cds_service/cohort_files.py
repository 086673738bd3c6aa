"""Small cohorts as files, and what a screening made of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyarrow import parquet

DAY = "2026-11-26"
#: The command with parts so small that a cohort of a test has several.
_COMMAND = """
import cds_service.screening.plan as plan, cds_service.screening.sources as sources
plan.PART_BYTES, sources.PIECE = {part_bytes}, {piece}
sources.pieces.__defaults__ = (sources.PIECE,)
{dying}
from cds_service.cli import main
main()
"""
#: Ends the process as a power cut does, when a function of the local engine is called once too often.
_DYING = """
import os, signal
import cds_service.screening.local as local
call, calls = local.{name}, iter(range({times}))
def until_it_dies(*arguments):
    if next(calls, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return call(*arguments)
local.{name} = until_it_dies
"""


def write_lines(path: Path, *resources: Any) -> Path:
    """One line for each resource; text and bytes are written as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (line if isinstance(line, bytes) else line.encode() for line in map(_text, resources))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def _text(resource: Any) -> str | bytes:
    return resource if isinstance(resource, str | bytes) else json.dumps(resource)


def command(*arguments: object, dies_in: str = "", after: int = 0) -> list[str]:
    """The command line that runs ``oncohooks``; perhaps one that dies after some calls of a function."""
    dying = _DYING.format(name=dies_in, times=after) if dies_in else ""
    script = _COMMAND.format(part_bytes=60_000, piece=100_000, dying=dying)
    return [sys.executable, "-c", script, *map(str, arguments)]


def environment(folder: Path) -> dict[str, str]:
    """The environment of a command: no settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONCOHOOKS_")}
    return kept | {"TMPDIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(folder / "spark")}


def run(folder: Path, *arguments: object, status: int = 0, dies_in: str = "", after: int = 0) -> str:
    """Run ``oncohooks`` to its end; what it says."""
    result = subprocess.run(
        command(*arguments, dies_in=dies_in, after=after),
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=300,
    )
    text = result.stdout.decode()
    assert result.returncode == status, text
    return text


def screened(tmp_path: Path, cohort: Path, *options: object, output: str = "out") -> Path:
    """Screen a cohort in one process, which is the quickest for a few patients; the folder of the results."""
    if "spark" not in options:
        options = (*options, "--processes", 1)
    run(tmp_path, "screen", cohort, "--output", tmp_path / output, "--today", DAY, *options)
    return tmp_path / output


def results(output: Path) -> dict[str, bytes]:
    """The results of a screening by the name of the file."""
    return {str(path.relative_to(output)): path.read_bytes() for path in sorted(output.rglob("*")) if path.is_file()}


def summary(output: Path) -> dict[str, Any]:
    """The summary of a screening."""
    return dict(json.loads((output / "summary.json").read_text(encoding="utf-8")))


def lines(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The objects of NDJSON files."""
    return [json.loads(line) for path in sorted(paths) for line in path.read_text(encoding="utf-8").splitlines()]


def patients(output: Path) -> dict[str, dict[str, Any]]:
    """The rows of the patients by key."""
    return {row["patient"]: row for row in parquet.read_table(output / "patients").to_pylist()}


def findings(output: Path) -> list[dict[str, Any]]:
    """The rows of the findings."""
    return list(parquet.read_table(output / "findings").to_pylist())
