"""Whose findings change from one release to another: only what differs is evaluated, for those whom it can concern."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import compute, parquet

from cds_service.codec import loads
from cds_service.screening.parts import PATIENTS, part_file
from cds_service.screening.wording import UNDECIDED
from knowledge import Fact, Finding
from knowledge.changed_statements import ChangedStatements, IndexKeys, changed_statements, index_keys
from knowledge.evaluation import evaluate_patient
from knowledge.loading import read_release
from knowledge.patient import Patient
from knowledge.wording import describe


@dataclass(frozen=True, slots=True)
class SinceTask:
    """What the comparison of all parts has in common.

    ``before_facts`` and ``after_facts`` are the folders of screenings whose facts are those of each release; one and
    the same where both releases read the same facts.
    """

    before: Path
    after: Path | None
    before_facts: Path
    after_facts: Path
    today: date


@dataclass(slots=True)
class PartChanges:
    """What came of one part: patients, how many were evaluated, and those whose findings change."""

    patients: int = 0
    touched: int = 0
    not_readable: int = 0
    changes: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@lru_cache(maxsize=1)
def _loaded(before: Path, after: Path | None) -> tuple[ChangedStatements, IndexKeys, IndexKeys]:
    changed = changed_statements(read_release(before), read_release(after))
    return changed, index_keys(changed.before), index_keys(changed.after)


def compare_part(task: SinceTask, part: int) -> PartChanges:
    """Compare the findings of the patients of a part whom a statement that differs can concern."""
    changed, before_keys, after_keys = _loaded(task.before, task.after)
    found = PartChanges()
    after = _Facts(part_file(task.after_facts, PATIENTS, part))
    same = task.before_facts == task.after_facts
    before = after if same else _Facts(part_file(task.before_facts, PATIENTS, part))
    found.patients = after.count
    wanted = sorted(before.concerned(before_keys) | after.concerned(after_keys))
    found.touched = len(wanted)
    known = {} if same else before.of(wanted)
    for key, (facts, failed) in after.of(wanted).items():
        old_facts, old_failed = (facts, failed) if same else known[key]
        if failed or old_failed:
            found.not_readable += 1
            continue
        changes = list(_changes(old_facts, facts, changed, task.today))
        found.counts.update((one["statement"], _outcome(one["before"]), _outcome(one["after"])) for one in changes)
        if changes:
            found.changes.append({"patient": key, "changes": changes})
    return found


class _Facts:
    """The stored facts of a part. What a query does not need stays compressed."""

    def __init__(self, path: Path) -> None:
        self._file = parquet.ParquetFile(path)
        self.count: int = self._file.metadata.num_rows
        self._keys: list[str] = self._file.read(["patient"], use_threads=False).column("patient").to_pylist()

    def concerned(self, keys: IndexKeys) -> set[str]:
        """The patients who have one of the keys, by which alone the index finds a statement."""
        columns = {"tumours": keys.tumours, "names": keys.names, "drugs": keys.drugs}
        table = self._file.read(list(columns), use_threads=False)
        return {
            self._keys[row]
            for name, wanted in columns.items()
            for row in _rows_with(table.column(name).combine_chunks(), wanted)
        }

    def of(self, patients: Sequence[str]) -> dict[str, tuple[tuple[Fact, ...], bool]]:
        """The facts of patients, and whether reading them failed, in the order of the part."""
        if not patients:
            return {}
        wanted = set(patients)
        rows = [row for row, key in enumerate(self._keys) if key in wanted]
        table = self._file.read(["facts", "failure"], use_threads=False).take(rows)
        stored = zip(rows, table.column("facts").to_pylist(), table.column("failure").to_pylist(), strict=True)
        return {
            self._keys[row]: (tuple(map(Fact.from_json, loads(facts))), failure is not None)
            for row, facts, failure in stored
        }


def _rows_with(column: Any, wanted: frozenset[str]) -> list[int]:
    """The rows of a column of lists that hold one of the names."""
    hits = compute.is_in(compute.list_flatten(column), value_set=pyarrow.array(sorted(wanted), pyarrow.string()))
    rows: list[int] = compute.list_parent_indices(column).filter(hits).unique().to_pylist()
    return rows


def _changes(
    old_facts: tuple[Fact, ...], facts: tuple[Fact, ...], changed: ChangedStatements, today: date
) -> Iterator[dict[str, Any]]:
    old_patient = Patient(old_facts, today, changed.before.reference)
    patient = Patient(facts, today, changed.after.reference)
    before = {finding.statement.id: finding for finding in evaluate_patient(old_patient, changed.before)}
    after = {finding.statement.id: finding for finding in evaluate_patient(patient, changed.after)}
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        if how := _how(old, new):
            shown = new or old
            assert shown is not None
            yield {
                "statement": name,
                "medicine": shown.medicine.brand,
                "layer": shown.layer.value,
                "change": how,
                "before": _shown(old),
                "after": _shown(new),
            }


def _how(old: Finding | None, new: Finding | None) -> str | None:
    """How a finding changes; ``None`` if it stays what it is for the patient."""
    if old is None or new is None:
        return "added" if old is None else "removed"
    if old.outcome is not new.outcome:
        return "outcome"
    if new.outcome in UNDECIDED and _missing(old) != _missing(new):
        return "missing"
    return None


def _missing(finding: Finding) -> list[str]:
    return list(dict.fromkeys(str(describe(leaf.criterion)) for leaf in finding.missing()))


def _shown(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    missing = _missing(finding)
    return {
        "outcome": finding.outcome.value,
        **({"missing": missing} if missing else {}),
        "trace": finding.trace.to_json(),
    }


def _outcome(shown: dict[str, Any] | None) -> str:
    return shown["outcome"] if shown else "none"
