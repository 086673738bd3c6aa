"""Course of the disease, and metastasis: a site is one, a history is none now, a denial is a negative."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from knowledge import Kind
from tests.fhir import Json, bundle, coded, condition, observation, patient

SCT = "http://snomed.info/sct"
ICD10 = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
STATUS, HISTORY, SITE = coded("97509-4"), coded("1287652008", SCT), coded("44667-4")

Row = tuple[str, str | None, object, str]


def _rows(advisor: Advisor, resource: Json) -> list[Row]:
    kinds = (Kind.STAGE, Kind.DISEASE_STATUS)
    facts = advisor.record(bundle(patient(), resource)).facts
    return [(fact.kind.value, fact.marker, fact.value, fact.state.value) for fact in facts if fact.kind in kinds]


def _status(code: Json, **members: Any) -> Json:
    return observation("d1", code, **members)


@pytest.mark.parametrize(
    ("code", "value", "course"),
    [
        (STATUS, coded("268910001", SCT), "improved"),
        (STATUS, coded("359746009", SCT), "stable"),
        (STATUS, coded("271299001", SCT), "worsened"),
        (STATUS, coded("709137006", SCT), "undetermined"),
        (STATUS, coded("550991000124107", SCT), "remission"),
        (coded("88040-1"), coded("385633008", SCT, "Improving (qualifier value)"), "improved"),
        (coded("88040-1"), {"text": "Progressive disease"}, "worsened"),
    ],
)
def test_the_course_of_the_disease(advisor: Advisor, code: Json, value: Json, course: str) -> None:
    rows = _rows(advisor, _status(code, valueCodeableConcept=value))
    assert rows == [("disease_status", "course", course, "present")]


@pytest.mark.parametrize("members", [{}, {"valueCodeableConcept": coded("1", SCT)}, {"valueString": "stable or worse"}])
def test_a_course_that_is_not_understood_is_unread(advisor: Advisor, members: Json) -> None:
    record = advisor.record(bundle(patient(), _status(STATUS, **members)))
    assert [entry.reason for entry in record.unread] == ["disease status not recognised"]


@pytest.mark.parametrize(
    ("members", "state"),
    [({}, "present"), ({"valueBoolean": True}, "present"), ({"valueBoolean": False}, "absent")],
)
def test_a_history_of_metastasis_is_no_stage_of_today(advisor: Advisor, members: Json, state: str) -> None:
    assert _rows(advisor, _status(HISTORY, **members)) == [("disease_status", "metastasis", None, state)]


METASTATIC = ("stage", None, "metastatic", "present")


@pytest.mark.parametrize(
    ("resource", "rows"),
    [
        (
            _status(SITE, valueCodeableConcept=coded("260413007", SCT)),
            [("disease_status", "metastasis", None, "absent")],
        ),
        (
            _status(SITE, valueCodeableConcept=coded("10200004", SCT, "Liver structure")),
            [METASTATIC, ("disease_status", "metastasis", "Liver structure", "present")],
        ),
        (
            _status(STATUS, valueCodeableConcept=coded("399409002", SCT)),
            [METASTATIC, ("disease_status", "metastasis", None, "present")],
        ),
        (condition("94225005"), [METASTATIC, ("disease_status", "metastasis", "brain", "present")]),
        (condition("C79.5", ICD10), [METASTATIC, ("disease_status", "metastasis", "bone", "present")]),
        (condition("C78.7", ICD10), [METASTATIC, ("disease_status", "metastasis", "liver", "present")]),
        (condition("C77.3", ICD10), [("disease_status", "metastasis", "lymph node", "present")]),
        (condition("94392001"), [("disease_status", "metastasis", "lymph node", "present")]),
    ],
)
def test_metastasis_and_its_site(advisor: Advisor, resource: Json, rows: list[Row]) -> None:
    assert _rows(advisor, resource) == rows


def test_a_site_that_is_missing_is_unread(advisor: Advisor) -> None:
    assert advisor.record(bundle(patient(), _status(SITE))).unread
