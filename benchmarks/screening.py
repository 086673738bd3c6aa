"""What screening a cohort costs: patients per second and core, memory, and what a comparison with ``--since`` spares.

    benchmarks/screen [--patients 10000 100000] [--engine local]

Invented cohorts of each size are screened by the command itself, one after the other in the same run. *Per core of
wall time* divides by the time that passed and the number of cores; *per second of processor* by what all processes
used, which is what is left of the first figure on a machine that does something else besides. The older release of the
comparison lacks one medicine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.process import children, memory_mib
from cds_service.advisor import Advisor
from cds_service.cohorts import Cohort, write_cohort
from cds_service.screening.database import available_cores
from knowledge.loading import read_release
from knowledge.release import Release, release_text

#: The medicine that the older release lacks.
MEDICINE = "eu/balversa.yaml"
_TODAY = "2026-11-26"
_COLUMNS = (
    "Patients",
    "Resources each",
    "Wall",
    "Patients/s/core (wall)",
    "Patients per second of processor",
    "Peak memory",
    "`--since`",
    "Evaluated",
    "Full/since",
)
_COMMAND = str(Path(sys.executable).parent / "oncohooks")


@dataclass(frozen=True)
class Cost:
    """What one command used: seconds of wall time, of processor time, and MiB of all its processes at the most."""

    wall: float
    processor: float
    peak_mib: float


@dataclass(frozen=True)
class Row:
    """One size of the cohort. ``since_ratio``: time of the whole screening by that of the comparison."""

    patients: int
    resources_each: float
    full: Cost
    since: Cost
    evaluated: int

    @property
    def since_ratio(self) -> float:
        """How many times faster the comparison is than the screening of everybody."""
        return self.full.wall / self.since.wall


def main() -> None:
    """Screen cohorts of each size and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--patients", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--engine", choices=["local", "spark"], default="local")
    parser.add_argument("--master", help="Spark's master")
    parser.add_argument("--folder", type=Path, help="where the cohorts are kept from run to run")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    options = ["--engine", arguments.engine, *(["--master", arguments.master] if arguments.master else [])]
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch)
        rows = []
        for number in sorted(arguments.patients):
            rows.append(measure(number, folder, Path(scratch), options))
            print(rows[-1], file=sys.stderr)
    print(markdown(rows, available_cores()))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


def measure(patients: int, folder: Path, scratch: Path, options: Sequence[str]) -> Row:
    """Screen a cohort of so many patients, then compare with the release that lacks one medicine."""
    cohort, resources = kept_cohort(patients, folder)
    output = scratch / f"results-{patients}"
    older = scratch / "older.json"
    older.write_text(release_text(release_without(MEDICINE), "benchmark"), encoding="utf-8")
    command = [_COMMAND, "screen", str(cohort), "--output", str(output), "--today", _TODAY, *options]
    full = cost_of(command)
    since = cost_of([*command, "--since", str(older)])
    (summary,) = output.glob("since-*/summary.json")
    evaluated = json.loads(summary.read_text(encoding="utf-8"))["patients"]["evaluated"]
    return Row(patients, resources / patients, full, since, evaluated)


def kept_cohort(patients: int, folder: Path) -> tuple[Path, int]:
    """The folder of a cohort, written unless it is there, and its number of resources."""
    cohort, count = folder / f"cohort-{patients}", folder / f"cohort-{patients}.count"
    if not count.exists():
        count.parent.mkdir(parents=True, exist_ok=True)
        count.write_text(str(write_cohort(Cohort(Advisor.load().tables), patients, cohort)), encoding="utf-8")
    return cohort, int(count.read_text(encoding="utf-8"))


def release_without(name: str) -> Release:
    """The shipped release without one document."""
    return Release.of({key: value for key, value in read_release().documents.items() if key != name})


def cost_of(command: Sequence[str]) -> Cost:
    """Run a command to its end. Raises ``RuntimeError`` if it fails."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
    peak = _Peak(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begin
    if process.returncode:
        raise RuntimeError(f"exit status {process.returncode}: {' '.join(command)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak.stop())


class _Peak:
    """Looks at the memory of a process and of all that it started, pages that they share counted once."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The most that was seen, in MiB."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._ended.wait(0.25):
            self._most = max(self._most, sum(_memory(pid) for pid in _family(self._pid)))


def _memory(pid: int) -> float:
    return memory_mib(pid, "smaps_rollup", "Pss") or memory_mib(pid, "status", "VmRSS") or 0.0


def _family(pid: int) -> list[int]:
    found = [pid]
    for child in children(pid):
        found += _family(child)
    return found


def markdown(rows: Sequence[Row], cores: int) -> str:
    """The figures as a table."""
    lines = [
        f"{cores} cores.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        lines.append(
            f"| {row.patients} | {row.resources_each:.1f} | {row.full.wall:.1f} s "
            f"| {row.patients / row.full.wall / cores:.0f} | {row.patients / row.full.processor:.0f} "
            f"| {row.full.peak_mib:.0f} MiB | {row.since.wall:.1f} s | {row.evaluated} | {row.since_ratio:.1f} |"
        )
    if len(rows) > 1:
        growth = rows[-1].full.peak_mib / rows[0].full.peak_mib
        lines += ["", f"Memory at {rows[-1].patients} patients by that at {rows[0].patients}: {growth:.2f}."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
