"""``screen --since``: who is touched by what differs between two releases, and nobody else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_service import Advisor
from cds_service.cohorts import Cohort, write_cohort
from cds_service.screening.parts import PATIENTS, part_file
from knowledge.loading import build_knowledge_base, read_release
from knowledge.release import Release, release_text
from tests.cds_service.cohort_files import DAY, findings, lines, run, screened, summary, write_lines

NUMBER = 150
Documents = dict[str, Any]


def _otherwise(change: Callable[[Documents], None]) -> Release:
    """The shipped release with something changed."""
    documents = copy.deepcopy(dict(read_release().documents))
    change(documents)
    return Release.of(documents)


def _without_balversa(documents: Documents) -> None:
    del documents["eu/balversa.yaml"]


def _narrower_keytruda(documents: Documents) -> None:
    for indication in documents["eu/keytruda.yaml"]["indications"]:
        indication["age"] = {"at_least": 70}


def _other_tree(documents: Documents) -> None:
    """Adenocarcinoma of the lung is no NSCLC: another reading of facts, and other decisions."""
    rows = documents["terminology/oncotree.tsv"].splitlines(keepends=True)
    (place,) = (number for number, row in enumerate(rows) if row.startswith("LUAD\t"))
    cells = rows[place].split("\t")
    cells[2] = "LUNG"
    rows[place] = "\t".join(cells)
    documents["terminology/oncotree.tsv"] = "".join(rows)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory, advisor: Advisor) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(Cohort(advisor.tables, seed=3), NUMBER, folder)
    return folder


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, cohort: Path) -> Path:
    return screened(tmp_path_factory.mktemp("screened"), cohort)


def _compared(
    tmp_path: Path, cohort: Path, output: Path, older: Release
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    file = tmp_path / "older.json"
    file.write_text(release_text(older, "test"), encoding="utf-8")
    run(tmp_path, "screen", cohort, "--output", output, "--today", DAY, "--since", file, "--processes", 1)
    folder = output / f"since-{older.digest.partition(':')[2]}"
    return json.loads((folder / "summary.json").read_text()), lines([folder / "changes.ndjson"])


def _expected(cohort: Path, older: Release) -> dict[str, dict[str, tuple[str | None, str | None]]]:
    """Outcomes before and after, of every patient and statement that has others, by evaluating everything."""
    today = date.fromisoformat(DAY)
    by_patient: dict[str, list[Any]] = {}
    shared: dict[str, Any] = {}
    for path in sorted(cohort.glob("*.ndjson")):
        for line in path.read_text().splitlines():
            resource = json.loads(line)
            if resource["resourceType"] == "Medication":
                shared[f"Medication/{resource['id']}"] = resource
                continue
            own = f"Patient/{resource['id']}" if resource["resourceType"] == "Patient" else ""
            by_patient.setdefault(own or resource["subject"]["reference"], []).append(resource)
    advisors = {name: _advisor(release) for name, release in (("old", older), ("new", read_release()))}
    changes: dict[str, dict[str, tuple[str | None, str | None]]] = {}
    for key, resources in by_patient.items():
        named = {resource.get("medicationReference", {}).get("reference") for resource in resources}
        document = [*resources, *(shared[name] for name in named if name)]
        found = {
            name: {f.statement.id: f.outcome.value for f in advisor.findings(advisor.record(document), today)}
            for name, advisor in advisors.items()
        }
        for statement in {*found["old"], *found["new"]}:
            pair = found["old"].get(statement), found["new"].get(statement)
            if pair[0] != pair[1]:
                changes.setdefault(key, {})[statement] = pair
    return changes


def _advisor(release: Release) -> Advisor:
    from fhir_mappings import load_tables
    from knowledge.loading import load_genes

    knowledge = build_knowledge_base(release)
    return Advisor(knowledge, load_tables(load_genes(), knowledge.reference.tumours, knowledge.reference.alterations))


def _outcome(side: dict[str, Any] | None) -> str | None:
    return side["outcome"] if side else None


@pytest.mark.parametrize("change", [_without_balversa, _narrower_keytruda, _other_tree])
def test_everybody_whose_findings_change_is_listed_with_both_traces(
    tmp_path: Path, cohort: Path, output: Path, change: Callable[[Documents], None]
):
    older = _otherwise(change)
    counted, changed = _compared(tmp_path, cohort, output, older)
    said = {
        line["patient"]: {
            one["statement"]: (_outcome(one["before"]), _outcome(one["after"]))
            for one in line["changes"]
            if one["change"] != "missing"
        }
        for line in changed
    }
    assert {key: ones for key, ones in said.items() if ones} == _expected(cohort, older)
    sides = [side for line in changed for one in line["changes"] for side in (one["before"], one["after"]) if side]
    assert all(side["trace"]["verdict"] in ("true", "false", "unknown") for side in sides)
    assert counted["patients"]["changed"] == len(changed) > 0


def test_only_patients_whom_the_medicine_can_concern_are_evaluated(tmp_path: Path, cohort: Path, output: Path):
    counted, changed = _compared(tmp_path, cohort, output, _otherwise(_without_balversa))
    concerned = {row["patient"] for row in findings(output) if row["medicine"] == "Balversa"}
    assert counted["patients"]["evaluated"] == len(concerned) < NUMBER / 4
    assert {line["patient"] for line in changed} == concerned
    assert {one["medicine"] for line in changed for one in line["changes"]} == {"Balversa"}
    assert counted["statements"] == ["balversa-1"]


def test_a_change_of_what_is_missing_is_a_change(tmp_path: Path, cohort: Path, output: Path):
    def no_line(documents: Documents) -> None:
        parts = documents["eu/balversa.yaml"]["indications"][0]["when"]["all_of"]
        parts[:] = [part for part in parts if "line" not in part]

    _, changed = _compared(tmp_path, cohort, output, _otherwise(no_line))
    ones = [one for line in changed for one in line["changes"] if one["change"] == "missing"]
    assert ones
    assert all(one["before"]["outcome"] == one["after"]["outcome"] for one in ones)
    assert all(set(one["after"]["missing"]) - set(one["before"]["missing"]) for one in ones)


def test_other_wording_changes_nothing(tmp_path: Path, cohort: Path, output: Path):
    def reworded(documents: Documents) -> None:
        documents["eu/keytruda.yaml"]["indications"][0]["note"] = "said otherwise"

    counted, changed = _compared(tmp_path, cohort, output, _otherwise(reworded))
    assert (counted["statements"], counted["patients"]["evaluated"], changed) == ([], 0, [])


def test_facts_of_an_earlier_day_and_release_are_used_again(tmp_path: Path, cohort: Path):
    older = tmp_path / "older.json"
    older.write_text(release_text(_otherwise(_without_balversa), "test"), encoding="utf-8")
    output = tmp_path / "out"
    settings = tmp_path / "settings.toml"
    settings.write_text(f'knowledge = "{older}"\n')
    run(tmp_path, "screen", cohort, "--output", output, "--today", "2026-01-01", "--processes", 1)
    written = {path: path.stat().st_mtime_ns for path in (output / "patients").iterdir()}
    text = run(tmp_path, "screen", cohort, "--output", output, "--today", DAY, "--since", older, "--processes", 1)
    assert "screening" not in text.replace(str(tmp_path), "")
    assert {path: path.stat().st_mtime_ns for path in (output / "patients").iterdir()} == written


def test_without_an_earlier_screening_everybody_is_screened_first(tmp_path: Path, cohort: Path):
    older = tmp_path / "older.json"
    older.write_text(release_text(_otherwise(_without_balversa), "test"), encoding="utf-8")
    text = run(
        tmp_path, "screen", cohort, "--output", tmp_path / "out", "--today", DAY, "--since", older, "--processes", 1
    )
    assert "screening all of it first" in text
    assert summary(tmp_path / "out")["patients"]["total"] == NUMBER


def test_facts_of_other_input_are_not_used(tmp_path: Path, advisor: Advisor):
    folder, output = tmp_path / "in", tmp_path / "out"
    write_cohort(Cohort(advisor.tables, seed=4), 3, folder)
    run(tmp_path, "screen", folder, "--output", output, "--processes", 1)
    write_lines(folder / "later.ndjson", {"resourceType": "Patient", "id": "new"})
    older = tmp_path / "older.json"
    older.write_text(release_text(_otherwise(_without_balversa), "test"), encoding="utf-8")
    text = run(tmp_path, "screen", folder, "--output", output, "--since", older, "--processes", 1, status=1)
    assert "other input" in text


def test_a_file_that_is_no_release_is_an_error(tmp_path: Path, cohort: Path):
    text = run(tmp_path, "screen", cohort, "--output", tmp_path / "out", "--since", __file__, status=1)
    assert "is no release file" in text
    assert not (tmp_path / "out").exists()


def test_a_part_that_a_disk_lost_is_an_error_and_not_a_smaller_cohort(tmp_path: Path, advisor: Advisor):
    folder, output = tmp_path / "in", tmp_path / "out"
    write_cohort(Cohort(advisor.tables, seed=4), 3, folder)
    run(tmp_path, "screen", folder, "--output", output, "--processes", 1)
    part_file(output, PATIENTS, 0).unlink()
    older = tmp_path / "older.json"
    older.write_text(release_text(_otherwise(_without_balversa), "test"), encoding="utf-8")
    assert "part-00000.parquet" in run(
        tmp_path, "screen", folder, "--output", output, "--since", older, "--processes", 1, status=1
    )
