"""Performance status: zero is a value, and no scale is converted into another."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from fhir_mappings import PatientRecord
from knowledge import Fact, Kind
from tests.fhir import Json, bundle, coded, observation, patient

SCT = "http://snomed.info/sct"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
OBDS = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-allgemeiner-leistungszustand-ecog"
ECOG, KARNOFSKY, LANSKY = coded("89247-1"), coded("89243-0"), coded("C38144", NCIT)


def _record(advisor: Advisor, code: Json, **members: Any) -> PatientRecord:
    return advisor.record(bundle(patient(), observation("p1", code, **members)))


def _facts(record: PatientRecord) -> list[Fact]:
    return [fact for fact in record.facts if fact.kind is Kind.PERFORMANCE]


@pytest.mark.parametrize(
    ("code", "members", "score", "value", "path"),
    [
        (ECOG, {"valueInteger": 0}, "ECOG", 0, "valueInteger"),
        (ECOG, {"valueQuantity": {"value": 1.0}}, "ECOG", 1, "valueQuantity"),
        (ECOG, {"interpretation": [coded("LA9624-3")]}, "ECOG", 2, "interpretation[0]"),
        (ECOG, {"valueCodeableConcept": coded("LA9622-7")}, "ECOG", 0, "valueCodeableConcept"),
        (coded("89262-0"), {"valueCodeableConcept": coded("3", OBDS)}, "ECOG", 3, "valueCodeableConcept"),
        (coded("423740007", SCT), {"valueCodeableConcept": coded("422512005", SCT)}, "ECOG", 1, "valueCodeableConcept"),
        (ECOG, {"valueCodeableConcept": {"text": "ECOG 1"}}, "ECOG", 1, "valueCodeableConcept"),
        (ECOG, {"valueString": "ECOG PS: 2"}, "ECOG", 2, "valueString"),
        (KARNOFSKY, {"valueInteger": 90}, "Karnofsky", 90, "valueInteger"),
        (KARNOFSKY, {"valueCodeableConcept": {"coding": [{"code": "30%"}]}}, "Karnofsky", 30, "valueCodeableConcept"),
        (LANSKY, {"valueInteger": 20}, "Lansky", 20, "valueInteger"),
        (LANSKY, {"valueCodeableConcept": coded("C69426", NCIT)}, "Lansky", 100, "valueCodeableConcept"),
    ],
)
def test_a_score_is_read_where_it_stands(
    advisor: Advisor, code: Json, members: Json, score: str, value: int, path: str
) -> None:
    (fact,) = _facts(_record(advisor, code, **members))
    assert (fact.score, fact.value, fact.source.path, fact.state) == (score, value, path, "present")


@pytest.mark.parametrize(
    ("code", "members"),
    [
        (ECOG, {"valueInteger": 6}),
        (ECOG, {"valueInteger": 90}),
        (ECOG, {"valueInteger": True}),
        (ECOG, {"valueQuantity": {"value": 0.5}}),
        (ECOG, {"valueQuantity": {"value": 2, "comparator": "<"}}),
        (ECOG, {"valueString": "0-1"}),
        (ECOG, {"valueString": "ECOG 1, getting worse"}),
        (ECOG, {"valueString": "Karnofsky 1"}),
        (KARNOFSKY, {"valueInteger": 85}),
        (ECOG, {}),
        (ECOG, {"valueCodeableConcept": 3}),
    ],
)
def test_what_is_no_score_of_its_scale_is_unread(advisor: Advisor, code: Json, members: Json) -> None:
    record = _record(advisor, code, **members)
    assert not _facts(record)
    assert len(record.unread) == 1


def test_two_scales_in_one_observation(advisor: Advisor) -> None:
    parts = [
        {"code": coded("761869008", SCT), "valueCodeableConcept": {"coding": [{"code": "30%"}]}},
        {"code": coded("423740007", SCT), "valueCodeableConcept": {"coding": [{"code": "3"}]}},
    ]
    facts = _facts(_record(advisor, coded("423690003", SCT), component=parts))
    assert [(fact.score, fact.value) for fact in facts] == [("Karnofsky", 30), ("ECOG", 3)]


@pytest.mark.parametrize(
    "members",
    [{"valueCodeableConcept": coded("U", OBDS)}, {"dataAbsentReason": coded("unknown")}],
)
def test_a_documented_unknown_has_no_number(advisor: Advisor, members: Json) -> None:
    (fact,) = _facts(_record(advisor, ECOG, **members))
    assert (fact.state, fact.value) == ("unknown", None)


def test_an_interpretation_that_says_otherwise_is_a_warning(advisor: Advisor) -> None:
    (fact,) = _facts(_record(advisor, ECOG, valueInteger=0, interpretation=[coded("LA9625-0")]))
    assert (fact.value, fact.warnings) == (0, ("the interpretation says 3",))
