"""Screening the patients of one part of the cohort, and the files that hold what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pyarrow import parquet

from cds_service.advisor import Advisor
from cds_service.screening.columns import FindingColumns, PatientColumns
from cds_service.screening.lines import PatientLines
from cds_service.screening.patients import screen_patient
from cds_service.screening.wording import StatementWords

FINDINGS, PATIENTS, LINES = "findings", "patients", "ndjson"

#: The key of a patient and the lines of the patient's resources.
Group = tuple[str, Sequence[bytes]]


def part_file(folder: Path, kind: str, part: int) -> Path:
    """Where the results of a part stand."""
    ending = "ndjson" if kind == LINES else "parquet"
    return folder / kind / f"part-{part:05d}.{ending}"


def is_done(folder: Path, part: int) -> bool:
    """Whether all files of a part are there: the one of the patients is written last."""
    return part_file(folder, PATIENTS, part).exists()


class PartWriter:
    """Screens the patients of a part and writes what came of them. Each file appears whole or not at all."""

    def __init__(self, folder: Path, advisor: Advisor, today: date, *, traces: bool = False) -> None:
        self._folder = folder
        self._advisor = advisor
        self._today = today
        self._words = StatementWords(advisor.knowledge)
        self._lines = PatientLines(self._words, traces=traces)

    def write(self, part: int, groups: Iterable[Group]) -> int:
        """Screen the groups, in their order; the number of patients."""
        findings, patients = FindingColumns(self._words), PatientColumns()
        with _whole(part_file(self._folder, LINES, part)) as path, path.open("wb") as file:
            for key, lines in groups:
                screened = screen_patient(key, lines, self._advisor, self._today)
                said = self._words.said(screened.findings)
                findings.add(key, said)
                patients.add(screened)
                file.write(self._lines.line(screened, said))
        with _whole(part_file(self._folder, FINDINGS, part)) as path:
            parquet.write_table(findings.table(), path, compression="zstd")
        with _whole(part_file(self._folder, PATIENTS, part)) as path:
            parquet.write_table(patients.table(), path, compression="zstd")
        return patients.count


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file that takes its name when it is complete; an interrupted one never has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Several processes may write the same part (a task that is repeated elsewhere): each writes a file of its own.
    partial = path.with_name(f".{path.name}.{os.uname().nodename}.{os.getpid()}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
