"""Codes and texts to drugs: whole words only, the longest name, and nothing from what contradicts itself."""

from __future__ import annotations

import json
from types import ModuleType

import pytest

from cds_service import Advisor
from fhir_mappings.drugs import DrugTable
from knowledge import KnowledgeBase
from knowledge.loading import DATA
from knowledge.yaml_files import read_yaml
from tests.fhir import Json
from tests.loaded_scripts import load_script

ATC = "http://www.whocc.no/atc"
ATC_DE = "http://fhir.de/CodeSystem/bfarm/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
NDC = "http://hl7.org/fhir/sid/ndc"


@pytest.fixture(scope="module")
def drugs(advisor: Advisor) -> DrugTable:
    return advisor.tables.drugs


def concept(*codings: tuple[str | None, str | None, str | None], text: str | None = None) -> Json:
    listed = [
        {name: value for name, value in zip(("system", "code", "display"), coding, strict=True) if value}
        for coding in codings
    ]
    return ({"coding": listed} if listed else {}) | ({"text": text} if text else {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gefitinib 250 MG Oral Tablet", ["gefitinib"]),
        ("10 ML Doxorubicin Hydrochloride 2 MG/ML Injection", ["doxorubicin"]),
        ("capecitabine Oral Product", ["capecitabine"]),
        ("PACLitaxel", ["paclitaxel"]),
        ("DOXOrubicin", ["doxorubicin"]),
        ("Letrozol 2,5 mg", ["letrozole"]),
        ("Cyclophosphamid", ["cyclophosphamide"]),
        ("Trastuzumab-Emtansin", ["trastuzumab emtansine"]),
        ("Taxotere®", ["docetaxel"]),
        ("TAGRISSO 80 mg Filmtabletten", ["osimertinib"]),
        ("trastuzumab", ["trastuzumab"]),
        ("trastuzumab-dkst 420 mg", ["trastuzumab"]),
        ("fam-trastuzumab deruxtecan-nxki", ["trastuzumab deruxtecan"]),
        ("Lonsurf 20 mg", ["trifluridine", "tipiracil"]),
        ("Paclitaxel/Carboplatin", ["paclitaxel", "carboplatin"]),
        ("Z1 Carboplatin AUC5 d1, pegliposomales Doxorubicin 30 mg/m2, d1", ["carboplatin", "doxorubicin"]),
        ("5-FU / Leucovorin", ["fluorouracil"]),
        ("interferon alfa-2b", ["interferon alfa-2b"]),
        ("melphalan flufenamide", ["melphalan flufenamide"]),
    ],
)
def test_names_are_found_as_whole_words(drugs: DrugTable, text: str, expected: list[str]) -> None:
    reading = drugs.of_text(text)
    assert (list(reading.drugs), reading.problem) == (expected, None)


@pytest.mark.parametrize(
    "text",
    [
        "metoprolol",
        "carboplatinium",  # a name inside another word is no name
        "Ultracisplatin",
        "platinum",
        "BCG vaccine",  # in a text, the vaccine against tuberculosis as well
        "tretinoin 0.05 %",
        "",
        "💊",
    ],
)
def test_what_is_not_known_names_nothing(drugs: DrugTable, text: str) -> None:
    reading = drugs.of_text(text)
    assert (reading.drugs, reading.is_other) == ((), False)


@pytest.mark.parametrize(
    "text",
    [
        "zoledronic acid Injectable Product",
        "Calciumfolinat",
        "predniSONE",
        "Tofacitinib 5 mg",
        "Emtricitabin",
        "Bevacizumab intravitreal",
    ],
)
def test_supportive_and_other_medicines_are_known_as_such(drugs: DrugTable, text: str) -> None:
    reading = drugs.of_text(text)
    assert reading.is_other
    assert (reading.drugs, reading.problem) == ((), None)


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("pembrolizumab or placebo", []),
        ("kein Cisplatin", []),
        ("cisplatin or carboplatin", []),
        ("Allergy: paclitaxel", []),
        ("trastuzumab duocarmazine", []),  # a conjugate is not its antibody
        ("examplatinib 20 mg", []),
        ("carboplatin + examplatinib", ["carboplatin"]),
    ],
)
def test_what_is_uncertain_is_a_problem_and_no_claim(drugs: DrugTable, text: str, sure: list[str]) -> None:
    reading = drugs.of_text(text)
    assert reading.problem
    assert list(reading.drugs) == sure


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (concept((ATC, "L01EB04", None)), ["osimertinib"]),
        (concept((ATC_DE, "L01EC02", "Dabrafenib 0,3 g O")), ["dabrafenib"]),
        (concept((None, "L01EB02", None)), ["erlotinib"]),
        (concept((ATC, "L01XE02", "Gefitinib")), ["gefitinib"]),  # the code before the renumbering
        (concept((RXNORM, "349472", None)), ["gefitinib"]),
        (concept((RXNORM, "999999", "gefitinib 250 MG Oral Tablet")), ["gefitinib"]),
        (concept((SNOMED, "703648007", "Dabrafenib (as dabrafenib mesilate) 75 mg oral capsule")), ["dabrafenib"]),
        (concept((ATC, "L01EB01", None), (RXNORM, "349472", None), text="Iressa"), ["gefitinib"]),
        (concept((ATC_DE, "L01CD01", "Paclitaxel"), (ATC_DE, "L01XA02", "Carboplatin")), ["paclitaxel", "carboplatin"]),
        (concept((ATC, "L01FY01", None)), ["pertuzumab", "trastuzumab"]),
        (concept((ATC, "L01BC53", "Tegafur, combinations")), ["tegafur", "gimeracil", "oteracil"]),
        (concept((ATC, "L01BC02", "Fluorouracil"), (ATC, "V03AF03", "Calcium folinate")), ["fluorouracil"]),
        (concept((ATC, "L01EC", "BRAF inhibitors"), text="Dabrafenib"), ["dabrafenib"]),
        (concept((ATC, "L03AX03", "BCG vaccine")), ["BCG vaccine"]),
        (concept(text="Tagrisso"), ["osimertinib"]),
    ],
)
def test_concepts(drugs: DrugTable, sent: Json, expected: list[str]) -> None:
    reading = drugs.of_concept(sent)
    assert (list(reading.drugs), reading.problem) == (expected, None)


@pytest.mark.parametrize(
    "sent",
    [
        concept((ATC, "L01EB04", "Gefitinib")),
        concept((ATC, "L01EB04", "Zoledronic acid")),
        concept((ATC, "M05BA08", "Paclitaxel")),
        concept((ATC, "L01EB01", None), (RXNORM, "56946", None)),
        concept((ATC, "L01EC", "BRAF inhibitors")),  # a class that was ordered is no drug
        concept((ATC, "L01EX99", None)),
        concept((ATC, "L01FF02", None), text="pembrolizumab or placebo"),
    ],
)
def test_contradictions_and_classes_name_no_drug(drugs: DrugTable, sent: Json) -> None:
    reading = drugs.of_concept(sent)
    assert reading.problem
    assert reading.drugs == ()


@pytest.mark.parametrize(
    "sent",
    [
        concept((ATC, "M05BA08", "Zoledronic acid")),
        concept((ATC, "C07AB02", "Metoprolol")),
        concept((ATC, "L04AX03", "Methotrexate")),  # arthritis
        concept((ATC, "S01LA08", "Bevacizumab")),  # the eye
        concept((ATC, "L04AH02", "Everolimus")),  # rejection
    ],
)
def test_codes_of_other_uses_are_no_anticancer_drugs(drugs: DrugTable, sent: Json) -> None:
    reading = drugs.of_concept(sent)
    assert reading.is_other
    assert (reading.drugs, reading.problem) == ((), None)


def test_the_text_beside_codes_is_only_remarked(drugs: DrugTable) -> None:
    reading = drugs.of_concept(concept((ATC, "L01XA02", None), text="Carboplatin AUC5 + Doxorubicin"))
    assert (reading.drugs, reading.also_named) == (("carboplatin",), ("doxorubicin",))


@pytest.mark.parametrize("sent", [None, [], "text", 3, {"coding": "x"}, {"coding": [None, {"code": 3}]}, {"text": 7}])
def test_any_json_value_is_read(drugs: DrugTable, sent: object) -> None:
    assert drugs.of_concept(sent).drugs == ()


def test_every_member_of_every_drug_class_is_found_by_its_inn(drugs: DrugTable) -> None:
    classes = [item for path in DATA.glob("drug_classes/*.yaml") for item in read_yaml(path)["classes"]]
    named = {inn for item in classes for inn in item["members"]}
    assert named
    by_code_only = {"tretinoin"}  # also a skin cream
    assert {inn for inn in named - by_code_only if drugs.of_text(inn).drugs != (inn,)} == set()


def test_every_medicine_of_the_knowledge_base_is_found(drugs: DrugTable, knowledge: KnowledgeBase) -> None:
    for medicine in knowledge.medicines:
        inns = {part.strip() for part in medicine.inn.split("/")}
        assert set(drugs.of_text(medicine.brand).drugs) >= inns, medicine.brand
        if medicine.atc and len(medicine.atc) == 7:
            assert set(drugs.of_concept(concept((ATC, medicine.atc, None))).drugs) >= inns, medicine.brand


@pytest.fixture(scope="module")
def compiler() -> ModuleType:
    return load_script("compile_drugs")


def entry(medicine: str, inn: str, atc: str, status: str = "Authorised") -> dict[str, str]:
    return {"medicine": medicine, "inn": inn, "atc": atc, "status": status}


def test_the_printed_code_decides_and_a_provisional_one_is_left_out(compiler: ModuleType) -> None:
    section = "Pharmacotherapeutic group: antineoplastic agents, ATC code: L01FG 02"
    printed = compiler.printed_codes([json.dumps({"medicine": "Onea", "sections": {"5.1": [section]}})])
    rows = [
        entry("Onea", "onemab", "L01FX06"),
        entry("Twoa", "twomab", "L01FX06"),
        entry("Threea", "threemab", "L01FX33"),
    ]
    assert compiler.compile_drugs(rows, printed) == [
        ("onemab", "L01FG02", "Onea"),
        ("threemab", "L01FX33", "Threea"),
        ("twomab", "", "Twoa"),
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            entry("Onea (previously Onetinib Firm)", "onetinib hydrochloride monohydrate", "L01EX99"),
            "onetinib|L01EX99|Onea",
        ),
        (entry("Duo", "twomab;onemab", "L01FY09"), "twomab / onemab|L01FY09|Duo"),
        (entry("Onea", "onetinib", "L01EX99", "Application withdrawn"), "onetinib||Onea"),
        (entry("Onea liposomal", "onerubicin", "L01DB99"), "onerubicin|L01DB99|Onea"),
        (entry("Onea", "onegrastim", "L03AA99"), None),
        (entry("Onea", "cells of the patient that were changed by a vector", "L01XL99"), None),
    ],
)
def test_compiled_rows(compiler: ModuleType, row: dict[str, str], expected: str | None) -> None:
    assert ["|".join(found) for found in compiler.compile_drugs([row], {})] == ([expected] if expected else [])


def test_a_medicine_for_another_use_does_not_name_the_drug(compiler: ModuleType) -> None:
    rows = [entry("Onea", "onemab", "L01FX33"), entry("Oneye", "onemab", "")]
    assert compiler.compile_drugs(rows, {"oneye": "S01LA99"}) == [("onemab", "L01FX33", "Onea")]
