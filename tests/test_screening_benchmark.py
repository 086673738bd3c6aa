"""The benchmark of screening. No test here measures time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.screening import MEDICINE, Cost, Row, cost_of, kept_cohort, markdown, release_without
from knowledge.loading import build_knowledge_base, read_release


def test_the_older_release_lacks_one_medicine():
    older, newer = build_knowledge_base(release_without(MEDICINE)), build_knowledge_base(read_release())
    assert {m.brand for m in newer.medicines} - {m.brand for m in older.medicines} == {"Balversa"}


def test_a_cohort_is_written_once(tmp_path: Path):
    folder, resources = kept_cohort(5, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert kept_cohort(5, tmp_path) == (folder, resources)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert resources == sum(len(path.read_bytes().splitlines()) for path in folder.iterdir())


def test_the_cost_of_a_command_counts_what_its_processes_hold():
    held = "import subprocess, sys; x = bytearray(80 << 20); subprocess.run([sys.executable, '-c', {inner!r}])"
    inner = "import time; y = bytearray(80 << 20); time.sleep(1.5)"
    cost = cost_of([sys.executable, "-c", held.format(inner=inner)])
    if cost.peak_mib == 0:
        pytest.skip("this system does not tell the memory of a process")
    assert cost.peak_mib > 150
    assert cost.processor > 0


def test_a_command_that_fails_is_no_measurement():
    with pytest.raises(RuntimeError, match="exit status 3"):
        cost_of([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_table_shows_ratios_and_the_growth_of_memory():
    small = Row(1000, 10.0, Cost(10, 15, 200), Cost(2, 2, 100), 50)
    large = Row(10_000, 10.0, Cost(80, 150, 220), Cost(4, 5, 100), 500)
    lines = markdown([small, large], 2).splitlines()
    assert lines[-3].startswith("| 10000 | 10.0 | 80.0 s | 62 | 67 | 220 MiB | 4.0 s | 500 | 20.0 |")
    assert lines[-1].endswith(": 1.10.")
    assert {line.count("|") for line in lines if line.startswith("|")} == {10}
