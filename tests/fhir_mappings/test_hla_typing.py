"""HLA typing: alleles as they are written, GL Strings, and the limits of one allele."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from knowledge import Fact, Kind, State
from tests.fhir import Json, coded, component, observation

GL = "http://glstring.org"
LOCUS = {"HLA-A": "HGNC:4931", "HLA-B": "HGNC:4932"}


def typing(value: Json | str, gene: str | None = None, code: Json | None = None, **members: Any) -> Json:
    sent = {"valueString": value} if isinstance(value, str) else {"valueCodeableConcept": value}
    genes = [component("48018-6", coded(LOCUS[gene], "http://www.genenames.org", gene))] if gene else []
    return observation("h1", code or coded("84413-4"), component=genes, **sent, **members)


def hla(advisor: Advisor, resource: Json) -> list[Fact]:
    return [fact for fact in advisor.record(resource).facts if fact.kind is Kind.HLA]


@pytest.mark.parametrize(
    ("value", "gene", "alleles"),
    [
        ("HLA-B*15:02", "HLA-B", ["HLA-B*15:02"]),
        (coded("14909", "http://www.ncbi.nlm.nih.gov/clinvar", "HLA-B*15:02"), "HLA-B", ["HLA-B*15:02"]),
        (coded("A*24:02", "http://www.ebi.ac.uk/ipd/imgt/hla", "HLA-A*24:02"), "HLA-A", ["HLA-A*24:02"]),
        (coded("HGG00041", "http://www.ebi.ac.uk/ipd/imgt/hla", "HLA-B*15:01:01G"), None, ["HLA-B*15:01:01G"]),
        (coded("hla#3.31.0#HLA-A*03:01:01:01+HLA-A*30:01:01", GL), "HLA-A", ["HLA-A*03:01:01:01", "HLA-A*30:01:01"]),
        ("HLA-A*02:01+HLA-A*24:02^HLA-B*15:02+HLA-B*57:01", None,
         ["HLA-A*02:01", "HLA-A*24:02", "HLA-B*15:02", "HLA-B*57:01"]),
        ("HLA-A*02:01~HLA-B*57:01", None, ["HLA-A*02:01", "HLA-B*57:01"]),
        ("A*02:01, A*24:02", "HLA-A", ["HLA-A*02:01", "HLA-A*24:02"]),
        ("02:01; 24:02", "HLA-A", ["HLA-A*02:01", "HLA-A*24:02"]),
        ("HLA-A*24:09N", None, ["HLA-A*24:09N"]),
        ("HLA-A*02:01:01/HLA-A*02:01:02", None, ["HLA-A*02:01"]),
    ],
)  # fmt: skip
def test_every_named_allele_is_a_fact(
    advisor: Advisor, value: Json | str, gene: str | None, alleles: list[str]
) -> None:
    found = hla(advisor, typing(value, gene))
    assert [fact.allele for fact in found] == alleles
    assert all(fact.state is State.PRESENT and fact.genes == (f"{fact.allele}".partition("*")[0],) for fact in found)
    assert all(fact.diplotype is None and fact.zygosity is None for fact in found)


@pytest.mark.parametrize(
    "value",
    [
        "HLA-A*02:01/HLA-A*02:09",
        "HLA-A*02:01+HLA-A*24:02|HLA-A*02:09+HLA-A*24:03",
        "HLA-DRB1*13:AKBAR",
        "HLA-A*02:01/HLA-A*02:01N",
    ],
)
def test_an_ambiguous_typing_is_indeterminate(advisor: Advisor, value: str) -> None:
    assert [(fact.state, fact.allele) for fact in hla(advisor, typing(value))] == [(State.INDETERMINATE, None)]


@pytest.mark.parametrize("value", ["HLA-A2", "see letter", "HLA-B*57:01 negative", "14909"])
def test_what_names_no_allele_is_reported(advisor: Advisor, value: str) -> None:
    record = advisor.record(typing(value, "HLA-A"))
    assert not record.facts
    assert len(record.unread) == 1


def test_what_is_left_of_a_typing_is_reported(advisor: Advisor) -> None:
    record = advisor.record(typing("HLA-A:01:01G+HLA-A*01:02"))
    assert [fact.allele for fact in record.facts] == ["HLA-A*01:02"]
    assert len(record.unread) == 1


@pytest.mark.parametrize("order", [("84414-2", "57290-9"), ("57290-9", "84414-2")])
def test_a_result_with_two_codes_is_read_once(advisor: Advisor, order: tuple[str, str]) -> None:
    code = {"coding": [{"system": "http://loinc.org", "code": name} for name in order]}
    [fact] = hla(advisor, typing(coded("HLA-A*03:01:01:01", "http://www.ebi.ac.uk/ipd/imgt/hla"), None, code))
    assert (fact.genes, fact.allele) == (("HLA-A",), "HLA-A*03:01:01:01")


@pytest.mark.parametrize("code", ["13298-5", "57290-9"])
def test_the_code_names_the_gene(advisor: Advisor, code: str) -> None:
    assert [fact.allele for fact in hla(advisor, typing("02:01, 24:02", None, coded(code)))] == [
        "HLA-A*02:01",
        "HLA-A*24:02",
    ]


def test_a_class_panel_without_a_value_says_nothing(advisor: Advisor) -> None:
    panel = observation("h1", coded("13303-3"), hasMember=[{"reference": "Observation/h2"}])
    record = advisor.record(panel)
    assert not record.facts
    assert not record.unread


@pytest.mark.parametrize(
    ("code", "allele"),
    [(coded("57979-7"), "HLA-B*15:02"), ({"text": "HLA-B*57:01"}, "HLA-B*57:01")],
)
@pytest.mark.parametrize(("text", "state"), [("Positive", State.PRESENT), ("Negative", State.ABSENT)])
def test_a_test_for_one_allele(advisor: Advisor, code: Json, allele: str, text: str, state: State) -> None:
    [fact] = hla(advisor, observation("h1", code, valueCodeableConcept={"text": text}))
    assert (fact.genes, fact.allele, fact.state) == (("HLA-B",), allele, state)


def test_a_test_for_one_allele_without_an_answer_is_reported(advisor: Advisor) -> None:
    record = advisor.record(observation("h1", coded("57979-7")))
    assert not record.facts
    assert len(record.unread) == 1
