"""Diagnoses: site and histology together, and what is no current tumour of the patient."""

from __future__ import annotations

import pytest

from cds_service import Advisor
from knowledge import Fact, Kind, State
from tests.fhir import Json, bundle, coded, condition, patient

ICD10 = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ICDO = "http://terminology.hl7.org/CodeSystem/icd-o-3"
SNOMED = "http://snomed.info/sct"
MORPHOLOGY = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"


def _with_histology(code: str, morphology: str, system: str = ICDO) -> Json:
    return condition(code, ICD10, extension=[{"url": MORPHOLOGY, "valueCodeableConcept": coded(morphology, system)}])


def _diseases(advisor: Advisor, resource: Json) -> list[Fact]:
    return [fact for fact in advisor.record(bundle(patient(), resource)).facts if fact.kind is Kind.DISEASE]


@pytest.mark.parametrize(
    ("resource", "tumour"),
    [
        (condition("C34.1", ICD10), "LUNG"),
        (_with_histology("C34.1", "8140/3"), "LUAD"),
        (_with_histology("C34.1", "8046/3"), "NSCLC"),
        (_with_histology("C34.1", "8070/3"), "LUSC"),
        (_with_histology("C18.2", "8140/3"), "COAD"),
        (_with_histology("C50.4", "8500/3"), "IDC"),
        (_with_histology("C67.9", "8120/3"), "BLCA"),
        (condition("254637007"), "NSCLC"),
        (condition("363346000", bodySite=[coded("80248007", SNOMED)]), "BREAST"),
        (condition("C61", ICD10), "PROSTATE"),
    ],
)
def test_site_and_histology_name_the_type(advisor: Advisor, resource: Json, tumour: str) -> None:
    assert [fact.tumour for fact in _diseases(advisor, resource)] == [tumour]


@pytest.mark.parametrize(
    "resource",
    [
        condition("I50.32", ICD10),
        condition("Z85.1", ICD10),
        condition("C34.1", ICD10, verificationStatus=coded("refuted")),
        condition("C34.1", ICD10, verificationStatus=coded("entered-in-error")),
        {"resourceType": "FamilyMemberHistory", "id": "f", "condition": [{"code": coded("C34.1", ICD10)}]},
    ],
    ids=["no cancer", "personal history", "refuted", "entered in error", "family history"],
)
def test_what_is_no_current_tumour_gives_no_fact(advisor: Advisor, resource: Json) -> None:
    assert not _diseases(advisor, resource)


@pytest.mark.parametrize("status", ["provisional", "differential", "unconfirmed", "example-status"])
def test_an_unconfirmed_diagnosis_is_not_present(advisor: Advisor, status: str) -> None:
    (fact,) = _diseases(advisor, condition("C34.1", ICD10, verificationStatus=coded(status)))
    assert fact.state is State.INDETERMINATE
    assert fact.warnings


def test_a_metastasis_is_no_second_tumour(advisor: Advisor) -> None:
    record = advisor.record(bundle(patient(), condition("94225005")))
    assert [(fact.kind, fact.value) for fact in record.facts if fact.kind is not Kind.DEMOGRAPHIC] == [
        (Kind.STAGE, "metastatic"),
        (Kind.DISEASE_STATUS, "brain"),
    ]


def test_a_tumour_of_unknown_code_is_loud(advisor: Advisor) -> None:
    unknown = {**condition(), "code": coded("99999999999", SNOMED, "Malignant neoplasm of somewhere")}
    record = advisor.record(bundle(patient(), unknown))
    (fact,) = [fact for fact in record.facts if fact.kind is Kind.DISEASE]
    assert fact.tumour is None
    assert record.unread
    assert record.warnings
