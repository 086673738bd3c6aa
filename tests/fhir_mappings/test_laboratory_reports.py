"""What a laboratory sends apart from variants: karyotypes as results, and local names that must not go unnoticed."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from fhir_mappings import PatientRecord
from knowledge import Kind, State
from tests.fhir import bundle, coded, observation, patient


def record(advisor: Advisor, code: dict[str, Any], **members: Any) -> PatientRecord:
    return advisor.record(bundle(patient(), observation("r1", code, **members)))


@pytest.mark.parametrize("code", ["29770-5", "81291-7"])
@pytest.mark.parametrize(
    ("value", "state", "genes"),
    [
        ({"valueString": "46,XX,t(9;22)(q34;q11.2)[20]"}, State.PRESENT, ("BCR", "ABL1")),
        ({"valueCodeableConcept": {"text": "46,XY,del(5)(q13q33)[15]/46,XY[5]"}}, State.PRESENT, None),
        ({"valueString": "46,XX[20]"}, State.ABSENT, None),
    ],
    ids=["a known fusion", "a deletion", "normal"],
)
def test_a_karyotype_as_a_result_of_its_own(
    advisor: Advisor, code: str, value: dict[str, Any], state: State, genes: tuple[str, ...] | None
) -> None:
    found = record(advisor, coded(code), **value)
    facts = [fact for fact in found.facts if fact.kind is not Kind.DEMOGRAPHIC]
    assert (facts[0].kind, facts[0].state, facts[0].source.path) == (Kind.KARYOTYPE, state, next(iter(value)))
    assert [fact.genes for fact in facts[1:]] == ([genes] if genes else [])
    assert not found.unread


@pytest.mark.parametrize("value", ["normal female karyotype", "46 chromosomes", ""])
def test_words_about_a_karyotype_are_unread(advisor: Advisor, value: str) -> None:
    found = record(advisor, coded("29770-5"), valueString=value)
    assert [unread.reason for unread in found.unread] == ["no karyotype in ISCN notation"]
    assert {fact.kind for fact in found.facts} == {Kind.DEMOGRAPHIC}


@pytest.mark.parametrize(
    "name",
    [
        "BCR::ABL1",
        "BCR-ABL1 p210 quantitativ",
        "FLT3-ITD",
        "del(17p) FISH",
        "IDH1-Mutation",
        "ALK-Fusion (FISH)",
        "MET-Amplifikation",
        "Claudin 18.2 IHC",
        "Mikrosatellitenstatus",
        "Karyotyp",
        "EGFR/KRAS-Panel",
        "Mutationsanalyse Lunge",
        "TP53",
        "NGS Panel Ergebnis",
        "ALK (D5F3) Immunhistochemie",
    ],
)
def test_a_local_name_that_speaks_of_a_biomarker_is_reported(advisor: Advisor, name: str) -> None:
    assert record(advisor, {"text": name}, valueString="see report").unread


@pytest.mark.parametrize(
    "name",
    [
        "eGFR",
        "ALK PHOS",
        "RET (reticulocytes)",
        "MET minutes",
        "Test KIT",
        "Metabolic panel",
        "Kidney function",
        "KITe",
    ],
)
def test_a_name_of_another_laboratory_is_not(advisor: Advisor, name: str) -> None:
    found = record(advisor, {"text": name}, valueString="12")
    assert not found.unread
    assert {fact.kind for fact in found.facts} == {Kind.DEMOGRAPHIC}


@pytest.mark.parametrize("name", ["DPYD genotype", "DPYD Genotyp", "DPYD-Genotypisierung", "DPYD Diplotyp"])
def test_a_genotype_by_its_name(advisor: Advisor, name: str) -> None:
    found = record(advisor, {"text": name}, valueString="*1/*2A")
    assert [(fact.genes, fact.diplotype) for fact in found.facts if fact.kind is Kind.GENOTYPE] == [
        (("DPYD",), "*1/*2A")
    ]
    assert [fact.phenotype for fact in found.facts if fact.kind is Kind.PHENOTYPE] == ["intermediate metaboliser"]
