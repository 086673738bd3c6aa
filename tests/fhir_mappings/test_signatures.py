"""Mismatch repair and genomic signatures from FHIR, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from knowledge import Fact, Kind, State
from tests.fhir import Json, bundle, coded, observation, patient

SCT = "http://snomed.info/sct"
NCIT_OF_MII = "https://nih-ncpi.github.io/ncpi-fhir-ig/CodeSystem-ncit.html"
V3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
PRESENT, ABSENT, INDETERMINATE = State.PRESENT, State.ABSENT, State.INDETERMINATE
POSITIVE = {"valueCodeableConcept": coded("10828004", SCT, "Positive")}
NEGATIVE = {"valueCodeableConcept": coded("260385009", SCT, "Negative")}
MLH1, MSH2, MSH6, PMS2, MLH3 = "81691-8", "81692-6", "81693-4", "81694-2", "96272-0"


def text(value: str) -> Json:
    return {"valueString": value}


def quantity(value: float, unit: str | None = None, **members: Any) -> Json:
    return {"valueQuantity": {"value": value} | ({"unit": unit} if unit else {}) | members}


def answer(code: str, display: str | None = None, system: str = "http://loinc.org") -> Json:
    return {"valueCodeableConcept": coded(code, system, display)}


def facts(advisor: Advisor, *resources: Json) -> tuple[Fact, ...]:
    return advisor.record(bundle(patient(), *resources)).facts


def signatures(advisor: Advisor, code: Json | str, **members: Any) -> list[Fact]:
    resource = observation("o1", coded(code) if isinstance(code, str) else code, **members)
    return [fact for fact in facts(advisor, resource) if fact.kind is Kind.SIGNATURE]


def named(name: str) -> Json:
    return {"text": name}


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (answer("LA9633-4", "Present"), PRESENT),
        (answer("LA26197-6", "Intact nuclear expression"), PRESENT),
        (text("retained"), PRESENT),
        (POSITIVE, PRESENT),
        (answer("LA9634-2", "Absent"), ABSENT),
        (answer("LA11883-8", "Not detected"), ABSENT),
        (answer("LA26198-4", "Loss of nuclear expression"), ABSENT),
        (text("Loss of nuclear expression"), ABSENT),
        (text("lost"), ABSENT),
        (NEGATIVE, ABSENT),
        (answer("LA14100-4", "Undetermined"), INDETERMINATE),
        ({"dataAbsentReason": coded("not-performed")}, State.NOT_TESTED),
    ],
)
def test_a_protein_that_is_there_is_normal(advisor: Advisor, value: Json, state: State) -> None:
    found = facts(advisor, observation("o1", coded(MLH1), **value))
    (protein,) = [fact for fact in found if fact.kind is Kind.EXPRESSION]
    assert (protein.marker, protein.genes, protein.state) == ("MLH1", ("MLH1",), state)
    status = [fact.value for fact in found if fact.kind is Kind.SIGNATURE]
    assert status == (["dMMR"] if state is ABSENT else [])


NEITHER = [text("patchy loss"), text("subclonal loss"), quantity(5, "%"), text("abnormal")]
NEITHER += [{"interpretation": [coded("POS", V3, "Positive")]}]


@pytest.mark.parametrize("value", NEITHER)
def test_what_is_neither_intact_nor_lost_is_unread(advisor: Advisor, value: Json) -> None:
    record = advisor.record(bundle(patient(), observation("o1", coded(MLH1), **value)))
    assert len(record.unread) == 1
    assert not [fact for fact in record.facts if fact.marker in ("MLH1", "MMR")]


def proteins(**stains: str) -> list[Json]:
    codes = {"MLH1": MLH1, "MSH2": MSH2, "MSH6": MSH6, "PMS2": PMS2, "MLH3": MLH3}
    resources = []
    for index, (name, said) in enumerate(stains.items()):
        word, _, day = said.partition(" ")
        dated = {"effectiveDateTime": day} if day else {}
        resources.append(observation(f"{name}-{index}", coded(codes[name]), valueString=word, **dated))
    return resources


INTACT = dict.fromkeys(("MLH1", "MSH2", "MSH6", "PMS2"), "intact")

STATUSES: list[tuple[dict[str, str], list[str]]] = [
    (INTACT, ["pMMR"]),
    (INTACT | {"PMS2": "lost"}, ["dMMR"]),
    ({"PMS2": "lost"}, ["dMMR"]),
    ({"MLH1": "intact", "MSH2": "intact", "MSH6": "intact"}, []),
    (INTACT | {"PMS2": "equivocal"}, []),
    (INTACT | {"MLH3": "lost"}, ["pMMR"]),
    ({"MLH3": "lost"}, []),
    (INTACT | {"PMS2": "intact 2026-09-01"}, ["pMMR"]),
    (INTACT | {"PMS2": "lost 2026-09-01"}, ["dMMR"]),
]


@pytest.mark.parametrize(("stains", "expected"), STATUSES)
def test_the_status_follows_from_the_proteins(advisor: Advisor, stains: dict[str, str], expected: list[str]) -> None:
    found = [fact for fact in facts(advisor, *proteins(**stains)) if fact.kind is Kind.SIGNATURE]
    assert [(fact.marker, fact.value, fact.state) for fact in found] == [("MMR", value, PRESENT) for value in expected]


def test_the_status_names_the_deciding_results(advisor: Advisor) -> None:
    found = facts(advisor, *proteins(MLH1="lost", MSH2="intact", PMS2="lost"))
    (status,) = [fact for fact in found if fact.marker == "MMR"]
    assert status.source.reference in ("Observation/MLH1-0", "Observation/PMS2-2")
    assert status.source.raw == "MLH1 loss (Observation/MLH1-0: lost); PMS2 loss (Observation/PMS2-2: lost)"
    assert status.date == "2026-10-01"
    assert status.warnings


def test_one_protein_read_both_ways_on_one_day_decides_nothing(advisor: Advisor) -> None:
    both = [observation(name, coded(MLH1), valueString=name) for name in ("lost", "intact")]
    assert not [fact for fact in facts(advisor, *both) if fact.marker == "MMR"]


def test_a_status_that_the_laboratory_states_itself_is_not_derived_again(advisor: Advisor) -> None:
    stated = observation("status", named("MMR status"), valueString="dMMR")
    found = [fact for fact in facts(advisor, stated, *proteins(PMS2="lost")) if fact.marker == "MMR"]
    assert [fact.source.reference for fact in found] == ["Observation/status"]


def test_the_german_tumour_board_sends_the_status_with_the_proteins(advisor: Advisor) -> None:
    parts = [{"code": coded(code)} | answer("LA26197-6", "Intact nuclear expression") for code in (MLH1, MSH2)]
    resource = observation("o1", coded("1234806008", SCT), **answer("C131458", None, NCIT_OF_MII), component=parts)
    found = {(fact.marker, fact.value, fact.state) for fact in facts(advisor, resource) if fact.source.path}
    assert {("MMR", "pMMR", PRESENT), ("MLH1", None, PRESENT), ("MSH2", None, PRESENT)} <= found


MICROSATELLITES: list[tuple[Json | str, Json, list[tuple[str, Any, State]]]] = [
    ("81695-9", answer("LA26203-2", "MSI-H"), [("MSI", "MSI-H", PRESENT)]),
    ("81695-9", answer("LA26202-4"), [("MSI", "MSI-L", PRESENT)]),
    ("81695-9", answer("LA14122-8", "Stable"), [("MSI", "MSS", PRESENT)]),
    ("81695-9", answer("LA14123-6", "Unstable"), [("MSI", "unstable", INDETERMINATE)]),
    ("81695-9", answer("LA11884-6", "Indeterminate"), [("MSI", None, INDETERMINATE)]),
    ("81695-9", text("MSI-High"), [("MSI", "MSI-H", PRESENT)]),
    ("62862-8", POSITIVE, [("MSI", "unstable", INDETERMINATE)]),
    ("62862-8", NEGATIVE, [("MSI", "MSS", PRESENT)]),
    ("43368-0", text("microsatellite stable"), [("MSI", "MSS", PRESENT)]),
    ("43368-0", text("2/5"), [("MSI", 2, PRESENT), ("MSI", 5, PRESENT)]),
    ("81709-8", {"valueInteger": 0}, [("MSI", 0, PRESENT)]),
    ("81704-9", POSITIVE, [("D17S250", None, PRESENT)]),
    (named("MSI status"), text("MSS"), [("MSI", "MSS", PRESENT)]),
    (named("MSI/MMR status"), text("MSI-H/dMMR"), [("MSI", "MSI-H", PRESENT), ("MMR", "dMMR", PRESENT)]),
    (named("MMR"), text("dMMR (MSI-H)"), [("MMR", "dMMR", PRESENT), ("MSI", "MSI-H", PRESENT)]),
    (named("MSI"), text("MSI-high (MSI-H)"), [("MSI", "MSI-H", PRESENT)]),
    ("81704-9", answer("LA14122-8", "Stable"), [("D17S250", None, ABSENT)]),
    (named("MSI"), text("MSS/MSI-L"), []),
    (named("MMR"), text("MMR proficient"), [("MMR", "pMMR", PRESENT)]),
    (named("MMR"), text("deficient"), [("MMR", "dMMR", PRESENT)]),
    (named("MMR"), POSITIVE, []),
    (named("MMR"), NEGATIVE, []),
    (
        "81695-9",
        quantity(24.6, code="%") | {"interpretation": [coded("LA26203-2", display="MSI-H")]},
        [("MSI", "MSI-H", PRESENT), ("MSI", 24.6, PRESENT)],
    ),
    ("81695-9", quantity(24.6, "%"), [("MSI", 24.6, PRESENT)]),
]


@pytest.mark.parametrize(("code", "value", "expected"), MICROSATELLITES)
def test_microsatellites(
    advisor: Advisor, code: Json | str, value: Json, expected: list[tuple[str, Any, State]]
) -> None:
    assert [(fact.marker, fact.value, fact.state) for fact in signatures(advisor, code, **value)] == expected


BURDENS = [
    (quantity(25, "Mutations/Megabase", code="1/1000000"), 25, PRESENT, "mut/Mb", False),
    (quantity(57.1, code="1/1000000{Base}"), 57.1, PRESENT, "mut/Mb", False),
    (quantity(0, "{muts}/{Mb}"), 0, PRESENT, "mut/Mb", False),
    (quantity(29.8), 29.8, PRESENT, "mut/Mb", True),
    (quantity(250), 250, PRESENT, "mut/Mb", True),
    (quantity(472438), 472438, INDETERMINATE, "mut/Mb", True),
    (quantity(-1, "mut/Mb"), -1, INDETERMINATE, "mut/Mb", True),
    (quantity(12, "mg/dL"), 12, INDETERMINATE, "mg/dL", True),
    (text("12 mut/Mb"), 12, PRESENT, "mut/Mb", False),
    (text("TMB: 12,5 Mutations/Mb"), 12.5, PRESENT, "mut/Mb", False),
]


@pytest.mark.parametrize(("value", "number", "state", "unit", "warned"), BURDENS)
def test_mutational_burden(advisor: Advisor, value: Json, number: float, state: State, unit: str, warned: bool) -> None:
    (fact,) = signatures(advisor, "94076-7", **value)
    assert (fact.marker, fact.value, fact.state, fact.unit) == ("TMB", number, state, unit)
    assert bool(fact.warnings) == warned


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("94077-5", answer("62482003", "Low (qualifier value)", SCT), [("TMB", "low")]),
        ("94077-5", text("High"), [("TMB", "high")]),
        ("94077-5", text("intermediate"), [("TMB", "intermediate")]),
        (
            "94076-7",
            quantity(12, "mut/Mb") | {"interpretation": [coded("H", V3, "High")]},
            [("TMB", "high"), ("TMB", 12)],
        ),
        (named("Tumor mutational burden"), text("TMB-H"), [("TMB", "high")]),
        ("107286-7", {"valueInteger": 0}, [("HRD", 0)]),
        ("107286-7", POSITIVE, [("HRD", "positive")]),
        ("107286-7", NEGATIVE, [("HRD", "negative")]),
        (
            "107286-7",
            {"valueInteger": 43, "interpretation": [coded("H", V3, "High")]},
            [("HRD class", "high"), ("HRD", 43)],
        ),
        (named("HRD score"), text("GIS 42"), [("HRD", 42)]),
        (named("HRD status"), text("HRD-positive"), [("HRD", "positive")]),
        ("64083-9", text("unmethylated"), [("MGMT", "unmethylated")]),
        ("64083-9", text("methylated"), [("MGMT", "methylated")]),
        ("64083-9", quantity(3.2), [("MGMT", 3.2)]),
        (named("MGMT"), POSITIVE, []),
        (named("MGMT promoter methylation"), POSITIVE, [("MGMT", "methylated")]),
    ],
)
def test_classes_and_scores(advisor: Advisor, code: Json | str, value: Json, expected: list[tuple[str, Any]]) -> None:
    found = signatures(advisor, code, **value)
    assert [(fact.marker, fact.value) for fact in found] == expected
    assert all(fact.state is PRESENT for fact in found)


def test_the_sums_of_an_hrd_score_are_not_the_score(advisor: Advisor) -> None:
    parts = [
        {"code": coded(code, NCIT_OF_MII), "valueInteger": value}
        for code, value in (("C18016", 14), ("C129774", 12), ("C120466", 17))
    ]
    found = signatures(advisor, "107286-7", valueInteger=43, component=parts)
    assert [(fact.marker, fact.value) for fact in found] == [("HRD", 43), ("LOH", 14), ("TAI", 12), ("LST", 17)]
