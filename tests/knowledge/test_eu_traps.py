"""Where the EU label and that of the United States part: a reviewed table of traps, each as synthetic patients.

The table is ``tests/data/eu_traps.yaml``. With ``ONCOHOOKS_CORPUS`` naming the folder of reference material, every trap
and every indication without a biomarker that the reference tables list must be in it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge import Fact, KnowledgeBase, Outcome, evaluate
from knowledge.cases import read_facts
from knowledge.criteria import Role, leaves
from knowledge.evaluation import outcome_of
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine
from knowledge.statements import Indication, Statement
from knowledge.yaml_files import read_yaml
from tests.conftest import TODAY

TABLE = read_yaml(Path(__file__).parent.parent / "data" / "eu_traps.yaml")
TRAPS: list[dict[str, Any]] = TABLE["traps"]
CONTROLS: list[dict[str, Any]] = TABLE["no_biomarker_required"]
CHECKS = {"absent", "only", "lacks", "partners", "never_with", "cases"}
OPEN = {Outcome.MET, Outcome.VERIFY}
CASES = [
    pytest.param(case, id=f"{trap['trap']}: {case['patient']}") for trap in TRAPS for case in trap.get("cases", ())
]


def test_each_trap_checks_something() -> None:
    for trap in TRAPS:
        assert CHECKS & set(trap), trap["trap"]
        assert not set(trap) - CHECKS - {"trap", "says"}, trap["trap"]
        for case in trap.get("cases", ()):
            assert {"expect", "closed"} & set(case), trap["trap"]


@pytest.mark.parametrize("case", CASES)
def test_the_eu_label_decides(knowledge: KnowledgeBase, case: dict[str, Any]) -> None:
    facts = read_facts(case["facts"], TODAY)
    found = _outcomes(facts, knowledge)
    for name, expected in case.get("expect", {}).items():
        assert found.get(name) == expected, name
    for medicine in case.get("closed", ()):
        indications = {statement.id for statement in _statements(knowledge, medicine)}
        assert indications, f"no medicine file {medicine}"
        assert not {name for name in indications if found.get(name) in OPEN}, f"{medicine} is open"


def test_what_is_not_authorised_has_no_statement(knowledge: KnowledgeBase) -> None:
    for trap in TRAPS:
        for medicine in knowledge.medicines if "absent" in trap else ():
            assert trap["absent"]["inn"] not in {medicine.inn, *medicine.drugs}, trap["trap"]


def test_a_drug_of_several_brands_is_held_under_the_right_one(knowledge: KnowledgeBase) -> None:
    for trap in TRAPS:
        if only := trap.get("only"):
            brands = {medicine.brand for medicine in knowledge.medicines if only["inn"] in medicine.drugs}
            assert brands == {only["brand"]}, trap["trap"]


def test_a_generic_does_not_inherit_an_indication(knowledge: KnowledgeBase) -> None:
    by_id = {statement.id: statement for _, statement in knowledge.statements}
    for trap in TRAPS:
        if lacks := trap.get("lacks"):
            (generic,) = (copy for copy in knowledge.copies if copy.name == lacks["brand"])
            rows = by_id[lacks["statement"]].rows
            assert not generic.carries(rows), trap["trap"]
            assert any(copy.carries(rows) for copy in knowledge.copies if copy.reference == generic.reference)


def test_regimens_are_those_of_the_eu_label(knowledge: KnowledgeBase) -> None:
    by_id = {statement.id: statement for _, statement in knowledge.statements}
    for trap in TRAPS:
        for name, partner in trap.get("partners", {}).items():
            named = by_id[name].partners
            assert any(partner in item.inns or partner == item.drug_class for item in named), name
        for medicine, drug in trap.get("never_with", {}).items():
            for statement in _statements(knowledge, medicine):
                assert all(drug not in partner.inns for partner in statement.partners), statement.id


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: str(control["row"]))
def test_what_needs_no_biomarker_opens_without_one(knowledge: KnowledgeBase, control: dict[str, Any]) -> None:
    statement = next(item for _, item in knowledge.statements if item.id == control["statement"])
    assert control["row"] in statement.rows
    assert not [leaf for leaf in leaves(statement.criterion) if leaf.role is Role.BIOMARKER]
    facts, negative = (read_facts(control[name], TODAY) for name in ("facts", "negative"))
    assert negative
    for given in (facts, facts + negative):
        assert _outcomes(given, knowledge)[statement.id] in OPEN


@pytest.mark.corpus
def test_every_trap_of_the_reference_table_is_here(corpus: Path) -> None:
    listed = {row["trap_id"] for row in _rows(corpus / "kb" / "eu_vs_fda_traps.tsv")}
    assert listed == {trap["trap"] for trap in TRAPS} | {item["trap"] for item in TABLE["not_tests"]}


@pytest.mark.corpus
def test_every_indication_without_a_biomarker_of_the_reference_table_is_here(corpus: Path) -> None:
    rows = _rows(corpus / "kb" / "eu_biomarker_indications.tsv")
    listed = {row["row_id"] for row in rows if row["requirement_kind"].startswith("no-biomarker-required")}
    assert listed == {control["row"] for control in CONTROLS}


def _outcomes(facts: tuple[Fact, ...], knowledge: KnowledgeBase) -> dict[str, Outcome]:
    """The outcome of each statement that concerns the patient, on which both engines have to agree."""
    engine = ReferenceEngine(Patient(facts, TODAY, knowledge.reference))
    found = {}
    for finding in evaluate(facts, knowledge, TODAY):
        assert outcome_of(finding.statement, engine.trace(finding.statement.criterion)) is finding.outcome
        found[finding.statement.id] = finding.outcome
    return found


def _statements(knowledge: KnowledgeBase, medicine: str) -> Iterator[Statement]:
    """The indications of a medicine file."""
    for _, statement in knowledge.statements:
        if isinstance(statement, Indication) and statement.id.rpartition("-")[0] == medicine:
            yield statement


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
