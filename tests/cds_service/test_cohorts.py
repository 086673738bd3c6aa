"""Invented cohorts: the same for the same seed, in every notation that is read, with sources."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cds_service import Advisor
from cds_service.cohorts import Cohort, write_cohort
from cds_service.cohorts.generating import DATA
from cds_service.cohorts.notations import Notations
from cds_service.cohorts.results import Results
from knowledge.yaml_files import read_yaml
from tests.cds_service.cohort_files import run

NUMBER = 400


@pytest.fixture(scope="module")
def data() -> Any:
    return read_yaml(DATA)


@pytest.fixture(scope="module")
def patients(advisor: Advisor) -> list[list[dict[str, Any]]]:
    cohort = Cohort(advisor.tables)
    return [cohort.patient(number) for number in range(NUMBER)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_patients(tmp_path: Path, advisor: Advisor):
    for name, seed, compress in (("a", 1, False), ("b", 1, False), ("c", 2, False), ("d", 1, True), ("e", 1, True)):
        write_cohort(Cohort(advisor.tables, seed), 20, tmp_path / name, compress=compress)
    content = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("a", "b", "c", "d", "e")
    }
    assert content["a"] == content["b"]
    assert content["a"]["Patient.ndjson"] != content["c"]["Patient.ndjson"]
    assert content["d"] == content["e"]


def test_a_larger_cohort_begins_with_the_smaller_one(advisor: Advisor):
    assert Cohort(advisor.tables).patient(7) == Cohort(advisor.tables).patient(7)
    assert Cohort(advisor.tables).patient(7) != Cohort(advisor.tables).patient(8)


def test_a_patient_has_a_realistic_number_of_resources(patients: list[list[dict[str, Any]]]):
    assert 8 <= sum(map(len, patients)) / NUMBER <= 15


def test_every_diagnosis_is_read_as_the_tumour_that_was_meant(advisor: Advisor, data: Any):
    notations = Notations(advisor.tables)
    nodes = [tumour["node"] for tumour in data["tumours"]]
    assert not [node for node in nodes if node not in advisor.knowledge.reference.tumours]
    for node in nodes:
        assert notations.diagnoses[node], node
        for elements in notations.diagnoses[node]:
            record = advisor.record({"resourceType": "Condition", "id": "c", **elements})
            assert [fact.tumour for fact in record.facts if fact.tumour] == [node], elements


def test_every_therapy_is_read_as_the_drug_that_was_meant(advisor: Advisor, data: Any):
    notations = Notations(advisor.tables)
    for inn in {inn for tumour in data["tumours"] for drugs in tumour["therapies"] for inn in drugs}:
        assert notations.drugs[inn], inn
        for concept in notations.drugs[inn]:
            statement = {"resourceType": "MedicationStatement", "id": "m", "status": "completed"}
            record = advisor.record(statement | {"medicationCodeableConcept": concept})
            assert [fact.inn for fact in record.facts] == [inn], concept


def test_every_biomarker_of_the_data_is_read_in_every_form(advisor: Advisor, data: Any):
    import random

    results = Results(Notations(advisor.tables))
    for tumour in data["tumours"]:
        for entry in tumour["results"]:
            for number in range(40):
                made = results.of(entry, random.Random(number), "2026-01-01") | {"id": "o"}
                record = advisor.record(made)
                assert record.facts, (entry, made)
                assert not record.unread, (entry, made)
                assert not [w for fact in record.facts for w in fact.warnings if "disagree" in w], made


def test_every_code_and_name_that_is_read_occurs(advisor: Advisor):
    import random

    notations = Notations(advisor.tables)
    results, chance = Results(notations), random.Random(1)
    number = len(advisor.tables.rules) + len(advisor.tables.expression_names)
    made = [results.next_code(place, chance, "2026-01-01") for place in range(number)]
    read = Counter(rule.reader for result in made if (rule := advisor.tables.rule_for(result["code"])))
    rules = [*advisor.tables.rules.values(), *advisor.tables.expression_names.values()]
    assert read == Counter(rule.reader for rule in rules)


def test_nearly_everything_of_a_cohort_is_understood(advisor: Advisor, patients: list[list[dict[str, Any]]]):
    shared = list(Cohort(advisor.tables).medications())
    records = [advisor.record([*resources, *shared]) for resources in patients]
    unread = sum(len(record.unread) for record in records)
    assert 0 < unread < NUMBER / 10
    without = [record for record in records if not any(fact.tumour for fact in record.facts)]
    assert without == []


def test_shares_come_out_as_they_are_in_the_data(patients: list[list[dict[str, Any]]], data: Any):
    breast = sum(entry["share"] for entry in data["tumours"] if entry["node"] in ("IDC", "ILC"))
    women = sum(resources[0]["gender"] == "female" for resources in patients) / NUMBER
    total = sum(entry["share"] for entry in data["tumours"])
    expected = sum(entry["share"] * entry["women"] for entry in data["tumours"]) / total
    assert abs(women - expected) < 0.08
    assert 0.1 < breast / total < 0.2


def test_every_share_names_its_source_and_whether_it_was_checked(data: Any):
    sources = data["sources"]
    named = {entry["source"] for tumour in data["tumours"] for entry in (tumour, *tumour["results"])}
    assert named | {data["dpyd"]["source"]} == set(sources)
    for source in sources.values():
        assert source["title"]
        assert source["url"].startswith("https://")
        assert isinstance(source["verified"], bool)
        assert not source["verified"] or source["read"], "what was checked says what was read"
    for tumour in data["tumours"]:
        for entry in tumour["results"]:
            assert sum(change["share"] for change in entry.get("found", ())) < 1
            parts = [part[2] for part in entry.get("ranges", ())] or list(entry.get("answers", {}).values())
            assert not parts or abs(sum(parts) - 1) < 1e-9


def test_the_command_writes_a_cohort_and_does_not_add_to_another(tmp_path: Path):
    folder = tmp_path / "cohort"
    assert "5 patients" in run(tmp_path, "demo-cohort", "--patients", 5, "--output", folder)
    rows = (folder / "Patient.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)["id"] for row in rows] == [f"p{number}" for number in range(5)]
    assert "name an empty folder" in run(tmp_path, "demo-cohort", "--output", folder, status=1)
