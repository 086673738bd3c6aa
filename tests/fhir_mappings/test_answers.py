"""Coded and worded answers to "was it found?"."""

from __future__ import annotations

from pathlib import Path

import pytest

import fhir_mappings
from cds_service import Advisor
from fhir_mappings.answers import AnswerTable
from knowledge.facts import State
from knowledge.yaml_files import read_yaml
from tests.fhir import Json, bundle, coded, component, gene, hgvs, observation, patient

PRESENT = {"system": "http://loinc.org", "code": "LA6576-8"}
ABSENT = {"system": "http://loinc.org", "code": "LA6577-6"}
NOT_DETECTED = {"system": "http://snomed.info/sct", "code": "260415000", "display": "Not detected"}


@pytest.fixture(scope="module")
def answers() -> AnswerTable:
    return AnswerTable(read_yaml(Path(fhir_mappings.__file__).parent / "data" / "answers.yaml"))


@pytest.mark.parametrize(
    ("concept", "state"),
    [
        ({"coding": [PRESENT]}, State.PRESENT),
        ({"coding": [PRESENT | {"display": "Positive"}], "text": "detected"}, State.PRESENT),
        ({"coding": [ABSENT, NOT_DETECTED], "text": "negative"}, State.ABSENT),
        ({"coding": [PRESENT, NOT_DETECTED]}, State.UNKNOWN),
        ({"coding": [NOT_DETECTED, PRESENT]}, State.UNKNOWN),
        ({"coding": [PRESENT | {"display": "Absent"}]}, State.UNKNOWN),
        ({"coding": [ABSENT], "text": "Positive"}, State.UNKNOWN),
        ({"text": "a sentence that is not detected by any table"}, None),
    ],
)
def test_codings_that_contradict_each_other_answer_nothing(
    answers: AnswerTable, concept: Json, state: State | None
) -> None:
    answer = answers.answer({"valueCodeableConcept": concept})
    assert (answer.state if answer else None) is state


def test_a_contradiction_shows_both_sides(answers: AnswerTable) -> None:
    answer = answers.answer({"valueCodeableConcept": {"coding": [PRESENT, NOT_DETECTED]}})
    assert answer is not None
    assert answer.raw == "contradictory: LA6576-8, Not detected"


def test_a_variant_with_a_contradictory_answer_is_unknown_and_says_why(advisor: Advisor) -> None:
    variant = observation(
        "v1",
        coded("69548-6"),
        valueCodeableConcept={"coding": [PRESENT, NOT_DETECTED]},
        component=[gene("EGFR"), component("48005-3", hgvs("p.Leu858Arg"))],
    )
    (fact,) = (fact for fact in advisor.record(bundle(patient(), variant)).facts if fact.genes)
    assert fact.state is State.UNKNOWN
    assert any(warning.startswith("contradictory") for warning in fact.warnings)
