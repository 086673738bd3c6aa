"""The engine of a cluster gives what the local engine gives, on a real Spark."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from cds_service import Advisor
from cds_service.cohorts import Cohort, write_cohort
from tests.cds_service.cohort_files import DAY, command, environment, results, run, screened

_LACKS = next(
    (
        said
        for is_there, said in (
            (shutil.which("java"), "Spark needs Java, which is not installed: apt-get install default-jre-headless"),
            (importlib.util.find_spec("pyspark"), "pyspark is not installed: pip install 'oncohooks[spark]'"),
        )
        if not is_there
    ),
    "",
)
pytestmark = pytest.mark.skipif(bool(_LACKS), reason=_LACKS)

SPARK = ("--engine", "spark", "--master", "local[2]")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory, advisor: Advisor) -> Path:
    """A cohort with a file name that addresses encode, and lines that cannot be used in the middle of files."""
    folder = tmp_path_factory.mktemp("a cohort ä")
    write_cohort(Cohort(advisor.tables, seed=5), 80, folder)
    observations = folder / "Observation.ndjson"
    rows = observations.read_bytes().splitlines(keepends=True)
    rows[30:30] = [b"{broken\n", b"\n", b'{"resourceType": "Encounter"}\n', b'"\xff"\n', rows[0]]
    observations.write_bytes(b"\xef\xbb\xbf" + b"".join(rows))
    (folder / quote("mehr %", safe=" %")).mkdir()
    shutil.move(folder / "Condition.ndjson", folder / "mehr %" / "Condition.ndjson")
    return folder


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, cohort: Path) -> Path:
    return screened(tmp_path_factory.mktemp("local"), cohort)


def test_both_engines_write_the_same_bytes(tmp_path: Path, cohort: Path, output: Path):
    assert results(screened(tmp_path, cohort, *SPARK)) == results(output)


def test_a_killed_run_goes_on_with_either_engine(tmp_path: Path, cohort: Path, output: Path):
    again = tmp_path / "again"
    words = ("screen", cohort, "--output", again, "--today", DAY)
    process = subprocess.Popen(
        command(*words, *SPARK), env=environment(tmp_path), stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 240
    while not list(again.glob("patients/part-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (again / "screening.json").exists(), "it was too fast to be killed"
    half = tmp_path / "half"
    shutil.copytree(again, half)
    run(tmp_path, *words, *SPARK)
    assert results(again) == results(output)
    run(tmp_path, "screen", cohort, "--output", half, "--today", DAY, "--engine", "local")
    assert results(half) == results(output)


def test_without_java_the_message_says_what_to_install(tmp_path: Path, cohort: Path):
    words = command("screen", cohort, "--output", tmp_path / "out", *SPARK)
    alone = environment(tmp_path) | {"PATH": str(tmp_path), "JAVA_HOME": ""}
    result = subprocess.run(words, env=alone, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 1
    assert "install a Java runtime" in result.stderr
