"""Cohort screening: every patient's findings, nothing lost in silence, and a killed run goes on."""

from __future__ import annotations

import gzip
import json
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cds_service import Advisor
from cds_service.cohorts import Cohort, write_cohort
from knowledge import Fact
from tests.cds_service.cohort_files import (
    DAY,
    command,
    environment,
    findings,
    lines,
    patients,
    results,
    run,
    screened,
    summary,
    write_lines,
)

PATIENTS = 120


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory, advisor: Advisor) -> Path:
    """A cohort whose resources lie in several files, one of them compressed."""
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(Cohort(advisor.tables), PATIENTS, folder)
    observations = folder / "Observation.ndjson"
    content = observations.read_bytes().splitlines(keepends=True)
    (folder / "more").mkdir()
    (folder / "more" / "a.Observation.ndjson").write_bytes(b"".join(content[::2]))
    with gzip.open(folder / "more" / "b.Observation.ndjson.gz", "wb") as file:
        file.write(b"".join(content[1::2]))
    observations.unlink()
    return folder


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory, cohort: Path) -> Path:
    """The results of the cohort."""
    return screened(tmp_path_factory.mktemp("screened"), cohort)


def test_every_patient_has_the_findings_that_the_service_would_find(output: Path, advisor: Advisor):
    invented = Cohort(advisor.tables)
    shared = {f"Medication/{resource['id']}": resource for resource in invented.medications()}
    found: dict[str, dict[str, str]] = {}
    for row in findings(output):
        found.setdefault(row["patient"], {})[row["statement"]] = row["outcome"]
    assert len(list((output / "patients").iterdir())) > 3
    rows = patients(output)
    for number in range(PATIENTS):
        resources = invented.patient(number)
        named = {resource.get("medicationReference", {}).get("reference") for resource in resources}
        record = advisor.record([*resources, *(shared[name] for name in named if name)])
        expected = {f.statement.id: f.outcome.value for f in advisor.findings(record, date.fromisoformat(DAY))}
        assert found.get(f"Patient/p{number}", {}) == expected
        row = rows[f"Patient/p{number}"]
        stored = map(Fact.from_json, json.loads(row["facts"]))
        assert sorted(stored, key=repr) == sorted(record.facts, key=_repr_in_english)
        assert sorted(map(str, row["unread"])) == sorted(str(entry.to_json()) for entry in record.unread)


def _repr_in_english(fact: Fact) -> str:
    """The place of a fact: its warnings remember how they were made, and the stored ones are plain texts."""
    return repr(Fact.from_json(fact.to_json()))


def test_the_lines_say_the_same_as_the_tables(output: Path):
    said = {}
    for line in lines((output / "ndjson").iterdir()):
        open_ones = {entry["id"]: entry["outcome"] for entry in line["findings"]}
        said[line["patient"]] = open_ones | {name: word for word in ("unmet", "clear") for name in line[word]}
        for entry in line["findings"]:
            assert ("missing" in entry) is (entry["outcome"] in ("test", "verify") and bool(entry.get("missing")))
    rows: dict[str, dict[str, str]] = {name: {} for name in patients(output)}
    for row in findings(output):
        rows[row["patient"]][row["statement"]] = row["outcome"]
    assert said == rows


def test_what_is_undecided_says_what_is_missing(output: Path):
    undecided = [row for row in findings(output) if row["outcome"] in ("test", "verify") and row["layer"] == "label"]
    assert undecided
    assert all(row["missing"] and len(row["missing"]) == len(row["analytes"]) for row in undecided)
    assert all(any(row["analytes"]) for row in undecided if row["outcome"] == "test" and "tumour" not in str(row))
    assert not any(any(row["analytes"]) for row in undecided if row["outcome"] == "verify")


def test_the_summary_counts_what_the_tables_hold(output: Path):
    counted = summary(output)
    rows = findings(output)
    outcomes = [
        (entry["id"], outcome, n) for entry in counted["statements"] for outcome, n in entry["outcomes"].items()
    ]
    assert sum(number for _, _, number in outcomes) == len(rows)
    for statement, outcome, number in outcomes[:20]:
        assert number == sum((row["statement"], row["outcome"]) == (statement, outcome) for row in rows)
    assert counted["patients"]["total"] == PATIENTS
    assert counted["input"]["types"]["Patient"] == PATIENTS
    for entry in counted["medicines"]:
        assert sum(entry["outcomes"].values()) <= PATIENTS
    asked = {(row["patient"], name) for row in rows if row["outcome"] == "test" for name in row["analytes"] if name}
    of_egfr = {patient for patient, name in asked if name == "EGFR"}
    lung = {name for name, row in patients(output).items() if "LUAD" in row["tumours"]}
    shown = [e["patients"] for e in counted["missing_tests"] if (e["tumour"], e["analyte"]) == ("LUAD", "EGFR")]
    assert shown == ([len(of_egfr & lung)] if of_egfr & lung else [])
    assert sum(n for days in counted["turnaround"].values() for n in days.values()) == sum(
        len(row["turnaround"]) for row in patients(output).values()
    )


class _Outside(HTMLParser):
    """Whatever in a page would fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "iframe", "img"):
            self.found.append(tag)
        self.found += [
            value for name, value in attrs if name in ("src", "href") and value and not value.startswith("#")
        ]


def test_the_report_has_its_plots_in_itself_and_names_no_patient(output: Path):
    page = (output / "report.html").read_text(encoding="utf-8")
    outside = _Outside()
    outside.feed(page)
    assert outside.found == []
    assert page.count("<svg") == 3
    assert "not CE-marked" in page
    assert "Patient/p" not in page
    assert "Patient/p" not in (output / "summary.json").read_text(encoding="utf-8")


def test_the_same_again_is_not_done_again(tmp_path: Path, cohort: Path, output: Path):
    again = tmp_path / "again"
    shutil.copytree(output, again)
    before = {path: path.stat().st_mtime_ns for path in again.rglob("part-*")}
    assert "everything was done before" in run(
        tmp_path, "screen", cohort, "--output", again, "--today", DAY, "--processes", 1
    )
    assert {path: path.stat().st_mtime_ns for path in again.rglob("part-*")} == before


@pytest.mark.parametrize(
    ("options", "said"), [(("--today", "2020-01-01"), "another day"), (("--today", DAY, "--traces"), "other traces")]
)
def test_the_results_of_another_screening_are_not_overwritten(
    tmp_path: Path, cohort: Path, output: Path, options: tuple[str, ...], said: str
):
    again = tmp_path / "again"
    shutil.copytree(output, again)
    text = run(tmp_path, "screen", cohort, "--output", again, *options, status=1)
    assert said in text
    assert "--restart" in text
    assert results(again) == results(output)


def test_restart_forgets_the_earlier_screening_and_nothing_else(tmp_path: Path, cohort: Path, output: Path):
    again = tmp_path / "again"
    shutil.copytree(output, again)
    (again / "notes.txt").write_text("mine")
    run(tmp_path, "screen", cohort, "--output", again, "--today", "2020-01-01", "--restart", "--processes", 1)
    assert (again / "notes.txt").read_text() == "mine"
    assert summary(again)["today"] == "2020-01-01"


def _some_pieces(output: Path) -> bool:
    return len(list(output.glob("work/staged/piece-*.parquet"))) >= 1


@pytest.mark.parametrize(("step", "after"), [("stage", 2), ("group", 0), ("screen_part", 2)])
def test_a_killed_run_goes_on_and_gives_the_same(tmp_path: Path, cohort: Path, output: Path, step: str, after: int):
    again = tmp_path / "again"
    words = ("screen", cohort, "--output", again)
    run(tmp_path, *words, "--today", DAY, "--processes", 1, status=-signal.SIGKILL, dies_in=step, after=after)
    kept = {path: path.stat().st_mtime_ns for path in again.rglob("p*-*.parquet")}
    assert kept
    assert not (again / "screening.json").exists()
    # Without a day the run goes on with the day on which it began; other processes give the same.
    run(tmp_path, *words, "--processes", 2)
    assert results(again) == results(output)
    parts = {path for path in kept if path.exists()}
    assert {path: path.stat().st_mtime_ns for path in parts} == {path: kept[path] for path in parts}
    assert len(parts) == (4 if step == "screen_part" else 0)


def test_processes_end_when_the_command_is_killed(tmp_path: Path, cohort: Path):
    again = tmp_path / "again"
    process = subprocess.Popen(
        command("screen", cohort, "--output", again, "--processes", "2"),
        env=environment(tmp_path),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not tell which processes a process has started")
    deadline = time.monotonic() + 120
    while not _some_pieces(again) and time.monotonic() < deadline:
        time.sleep(0.005)
    started = [int(pid) for pid in children.read_text().split()]
    process.kill()
    process.wait()
    while any(_is_alive(pid) for pid in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert started
    assert not [pid for pid in started if _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_traces_are_written_on_request(tmp_path: Path, cohort: Path):
    for line in lines((screened(tmp_path, cohort, "--traces") / "ndjson").iterdir()):
        assert all(entry["trace"]["verdict"] in ("true", "unknown") for entry in line["findings"])


# --- what cannot be used ---------------------------------------------------------------------------------------------

PATIENT = {"resourceType": "Patient", "id": "a", "gender": "female", "birthDate": "1961-04-12"}
LUNG = {
    "resourceType": "Condition",
    "id": "c",
    "subject": {"reference": "Patient/a"},
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "254637007"}]},
}


def _observation(identifier: str | None, **members: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Observation",
        "status": "final",
        "subject": {"reference": "Patient/a"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "83053-9"}]},
        "valueQuantity": {"value": 60, "unit": "%"},
    }
    return made | ({"id": identifier} if identifier else {}) | members


def test_every_line_that_cannot_be_used_is_reported_with_its_place(tmp_path: Path):
    folder = tmp_path / "in"
    write_lines(folder / "a.ndjson", PATIENT, "", "{broken", LUNG, '"text"', "[1]", b'{"resourceType": "\xff"}')
    write_lines(
        folder / "deep" / "b.ndjson",
        _observation("1"),
        {"resourceType": "Bundle", "entry": []},
        _observation("2", subject={"reference": "Group/1"}),
        _observation("3", subject={"identifier": {"value": "secret"}}),
        {"resourceType": "Patient"},
        {"resourceType": "Encounter", "id": "e"},
        {"resourceType": "Medication", "id": "m"},
        {"resourceType": "secret name"},
        _observation("4", subject={"reference": "Patient?identifier=x|secret"}),
    )
    (folder / "deep" / "c.ndjson").write_bytes(b"")
    output = screened(tmp_path, folder)
    literal = "refers to its subject by something else than the id of a Patient"
    assert lines([output / "problems.ndjson"]) == [
        {"file": "a.ndjson", "line": 3, "type": "", "reason": "not JSON"},
        {"file": "a.ndjson", "line": 5, "type": "", "reason": "not a FHIR resource"},
        {"file": "a.ndjson", "line": 6, "type": "", "reason": "not a FHIR resource"},
        {"file": "a.ndjson", "line": 7, "type": "", "reason": "not JSON"},
        {"file": "deep/b.ndjson", "line": 2, "type": "Bundle", "reason": "no resource of a patient"},
        {"file": "deep/b.ndjson", "line": 3, "type": "Observation", "reason": literal},
        {"file": "deep/b.ndjson", "line": 4, "type": "Observation", "reason": "refers to no patient"},
        {"file": "deep/b.ndjson", "line": 5, "type": "Patient", "reason": "has no id"},
        {"file": "deep/b.ndjson", "line": 8, "type": "", "reason": "not a FHIR resource"},
        {"file": "deep/b.ndjson", "line": 9, "type": "Observation", "reason": literal},
    ]
    counted = summary(output)
    assert sum(counted["problems"].values()) == 10
    assert counted["input"]["blank"] == 1
    assert counted["input"]["types_not_read"] == {"Bundle": 1, "Encounter": 1}
    assert counted["input"]["medications_nobody_refers_to"] == 1
    used = counted["patients"]["resources"]
    passed = counted["input"]["types_not_read"]["Encounter"] + counted["input"]["medications_nobody_refers_to"]
    assert used + 10 + passed + counted["input"]["blank"] == counted["input"]["lines"] == 16
    assert "secret" not in "".join(content.decode("utf-8", "replace") for content in results(output).values())


def test_a_line_number_counts_the_lines_of_all_pieces(tmp_path: Path):
    folder = tmp_path / "in"
    write_lines(folder / "a.ndjson", *[_observation(str(number)) for number in range(900)], "{", _observation("last"))
    output = screened(tmp_path, folder)
    assert [entry["line"] for entry in lines([output / "problems.ndjson"])] == [901]
    assert patients(output)["Patient/a"]["resources"] == 901


def test_what_came_twice_is_counted(tmp_path: Path):
    folder = tmp_path / "in"
    later = {"meta": {"lastUpdated": "2026-01-01T00:00:00Z"}, "valueQuantity": {"value": 1, "unit": "%"}}
    write_lines(folder / "a.ndjson", PATIENT, LUNG, _observation("1"), _observation("1"))
    write_lines(folder / "b.ndjson", _observation("1", **later), LUNG)
    row = patients(screened(tmp_path, folder))["Patient/a"]
    assert (row["identical"], row["conflicting"]) == (2, 1)
    values = [fact["value"] for fact in json.loads(row["facts"]) if fact.get("marker") == "PD-L1"]
    assert values == [1], "the later version counts"


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path):
    path = tmp_path / "in" / "a.ndjson"
    path.parent.mkdir()
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(PATIENT).encode() + b"\r\n" + json.dumps(LUNG).encode())
    output = screened(tmp_path, path)
    assert patients(output)["Patient/a"]["tumours"] == ["NSCLC"]
    assert summary(output)["problems"] == {}


def test_a_damaged_file_is_read_as_far_as_it_goes_and_reported(tmp_path: Path):
    folder = tmp_path / "in"
    write_lines(folder / "a.ndjson", PATIENT)
    content = b"".join(json.dumps(_observation(str(number))).encode() + b"\n" for number in range(2000))
    (folder / "b.ndjson.gz").write_bytes(gzip.compress(content)[:-2000])
    output = screened(tmp_path, folder)
    (problem,) = [entry for entry in lines([output / "problems.ndjson"]) if "from here on" in entry["reason"]]
    assert problem["file"] == "b.ndjson.gz"
    assert 0 < problem["line"] <= 2000
    assert patients(output)["Patient/a"]["resources"] >= problem["line"] - 1


def test_patients_without_a_patient_resource_are_screened_and_counted(tmp_path: Path):
    output = screened(tmp_path, write_lines(tmp_path / "in" / "a.ndjson", LUNG))
    assert summary(output)["patients"]["without_patient_resource"] == 1
    assert {row["patient"] for row in findings(output)} == {"Patient/a"}


def test_an_input_without_files_is_an_error(tmp_path: Path):
    (tmp_path / "in").mkdir()
    text = run(tmp_path, "screen", tmp_path / "in", "--output", tmp_path / "out", status=1)
    assert "no file of *.ndjson" in text
    assert not (tmp_path / "out").exists()


def test_nothing_that_is_said_names_a_patient(tmp_path: Path):
    folder = tmp_path / "in"
    named = {"resourceType": "Patient", "id": "Mustermann", "name": [{"family": "Mustermann"}]}
    write_lines(folder / "a.ndjson", named, '{"Mustermann')
    assert "Mustermann" not in run(tmp_path, "screen", folder, "--output", tmp_path / "out", "--processes", 1)


def test_without_the_extra_the_message_says_what_to_install(tmp_path: Path):
    script = "import sys; sys.modules['duckdb'] = None; from cds_service.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", script, "screen", str(tmp_path), "--output", str(tmp_path / "out")],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "duckdb is not installed: pip install 'oncohooks[screen]'" in result.stderr
