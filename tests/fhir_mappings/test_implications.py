"""What is said about a variant elsewhere: its significance is the variant's, its phenotype nobody's diagnosis."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from fhir_mappings import PatientRecord
from knowledge import Kind
from tests.fhir import Json, bundle, coded, coding_dna, component, observation, patient, protein, variant

TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
ABOUT = [{"reference": "Observation/v1"}]
VARIANT = variant("v1", "KRAS", protein("p.Gly12Cys"))
PHENOTYPE = component("81259-4", coded("372244006", "http://snomed.info/sct", "Malignant melanoma"))
NOT_THERE = "the variant that it speaks of is not in the record"


def _significance(value: Json) -> Json:
    return component("53037-8", value)


def _implication(*components: Json, **members: Any) -> Json:
    code = coded("diagnostic-implication", TBD)
    return observation("i1", code, component=[*components, PHENOTYPE], **({"derivedFrom": ABOUT} | members))


def _said(record: PatientRecord) -> list[str | None]:
    return [fact.significance for fact in record.facts if fact.kind is Kind.VARIANT]


@pytest.mark.parametrize(
    ("value", "significance"),
    [
        (coded("LA6668-3"), "pathogenic"),
        (coded("LA26332-9"), "likely pathogenic"),
        (coded("LA26333-7", display="Uncertain significance"), "uncertain significance"),
        (coded("LA6675-8"), "benign"),
        ({"text": "Likely benign"}, "likely benign"),
        ({"text": "VUS"}, "uncertain significance"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_significance_belongs_to_the_variant(advisor: Advisor, value: Json, significance: str, order: int) -> None:
    record = advisor.record(bundle(patient(), *(VARIANT, _implication(_significance(value)))[::order]))
    assert _said(record) == [significance]
    assert not [fact for fact in record.facts if fact.kind is Kind.DISEASE]
    assert not record.unread


def test_the_older_observation_of_significance(advisor: Advisor) -> None:
    older = observation("i1", coded("53037-8"), valueCodeableConcept=coded("LA6668-3"), derivedFrom=ABOUT)
    assert _said(advisor.record(bundle(patient(), VARIANT, older))) == ["pathogenic"]


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ((_implication(_significance(coded("LA6668-3"))),), NOT_THERE),
        ((VARIANT, _implication(_significance(coded("LA6668-3")), derivedFrom=[])), NOT_THERE),
        ((VARIANT | {"status": "entered-in-error"}, _implication(_significance(coded("LA6668-3")))), NOT_THERE),
        (
            (VARIANT | {"subject": {"reference": "Patient/p2"}}, _implication(_significance(coded("LA6668-3")))),
            NOT_THERE,
        ),
        ((VARIANT, _implication(_significance({"text": "hot"}))), "clinical significance not recognised"),
        (
            (VARIANT, _implication(_significance(coded("LA6668-3")), _significance(coded("LA6675-8")))),
            "different clinical significances are given at once",
        ),
    ],
)
def test_what_cannot_be_attached_is_unread(advisor: Advisor, resources: tuple[Json, ...], reason: str) -> None:
    record = advisor.record(bundle(patient(), *resources))
    assert reason in [entry.reason for entry in record.unread]
    assert not [fact for fact in record.facts if fact.significance]


def test_nothing_specified_is_nothing(advisor: Advisor) -> None:
    empty = _implication(_significance({"coding": [{"display": "not specified"}]}), derivedFrom=[{"reference": ""}])
    assert not advisor.record(bundle(patient(), empty)).unread
    assert not advisor.record(bundle(patient(), VARIANT, _implication())).unread


def test_the_same_patient_under_two_names(advisor: Advisor) -> None:
    elsewhere = {"subject": {"reference": "https://ehr.example/fhir/Patient/p1"}}
    record = advisor.record(bundle(patient(), VARIANT | elsewhere, _implication(_significance(coded("LA6668-3")))))
    assert _said(record) == ["pathogenic"]


def test_a_consequence_is_no_second_variant(advisor: Advisor) -> None:
    code = coded("molecular-consequence", TBD)
    consequence = observation("m1", code, component=[coding_dna("NM_004985.5:c.34G>T")], derivedFrom=ABOUT)
    together = advisor.record(bundle(patient(), VARIANT, consequence))
    assert len(_said(together)) == 1
    assert not together.unread
    alone = advisor.record(bundle(patient(), consequence))
    assert not _said(alone)
    assert [entry.reason for entry in alone.unread] == [NOT_THERE]


@pytest.mark.parametrize(
    "resource",
    [
        observation("o1", coded("51968-6"), valueCodeableConcept=coded("LA6577-6")),
        observation("o1", coded("51968-6"), valueCodeableConcept=coded("LA6576-8")),
        observation("o1", coded("82120-7"), valueCodeableConcept={"text": "Cis"}, derivedFrom=ABOUT),
        observation("o1", coded("53041-0"), component=[component("48018-6", coded("HGNC:11389"))]),
        observation("o1", coded("21666-3"), valueCodeableConcept={"text": "EGFR"}),
    ],
    ids=["negative report", "positive report", "phase", "region studied", "tested for"],
)
def test_what_is_said_of_a_report_or_a_test_is_neither_a_fact_nor_noise(advisor: Advisor, resource: Json) -> None:
    record = advisor.record(bundle(patient(), resource))
    assert [fact.kind for fact in record.facts if fact.kind is not Kind.DEMOGRAPHIC] == []
    assert not record.unread
