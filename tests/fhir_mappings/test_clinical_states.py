"""Menopausal state, and what the code of a diagnosis says of the state and phase of the disease."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from knowledge import Fact, Kind, Outcome, evaluate
from tests.conftest import TODAY
from tests.fhir import Json, bundle, coded, condition, observation, patient

SCT = "http://snomed.info/sct"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
ICD10_GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ICD10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
MENOPAUSE = coded("161712005", SCT)


def _facts(advisor: Advisor, *resources: Json, marker: str) -> list[Fact]:
    facts = advisor.record(bundle(patient(), *resources)).facts
    return [fact for fact in facts if fact.marker == marker]


@pytest.mark.parametrize(
    ("code", "members", "value"),
    [
        (MENOPAUSE, {"valueCodeableConcept": coded("22636003", SCT)}, "premenopausal"),
        (MENOPAUSE, {"valueCodeableConcept": coded("309606002", SCT)}, "premenopausal"),
        (MENOPAUSE, {"valueCodeableConcept": coded("161541000119104", SCT)}, "perimenopausal"),
        (MENOPAUSE, {"valueCodeableConcept": coded("76498008", SCT)}, "postmenopausal"),
        (MENOPAUSE, {"valueCodeableConcept": coded("307429007", SCT)}, "postmenopausal"),
        (MENOPAUSE, {"valueString": "Postmenopausal"}, "postmenopausal"),
        ({"text": "Menopausenstatus"}, {"valueString": "prämenopausal"}, "premenopausal"),
    ],
)
def test_the_menopausal_state_as_a_result(advisor: Advisor, code: Json, members: Json, value: str) -> None:
    (fact,) = _facts(advisor, observation("m1", code, **members), marker="menopausal-state")
    assert (fact.kind, fact.state, fact.value, fact.date) == (Kind.DEMOGRAPHIC, "present", value, "2026-10-01")


def test_a_documented_unknown_menopausal_state_is_no_answer(advisor: Advisor) -> None:
    unknown = observation("m1", MENOPAUSE, valueCodeableConcept=coded("261665006", SCT))
    (fact,) = _facts(advisor, unknown, marker="menopausal-state")
    assert (fact.state, fact.value) == ("unknown", None)


@pytest.mark.parametrize("members", [{}, {"valueBoolean": True}, {"valueCodeableConcept": coded("289903006", SCT)}])
def test_what_senders_mean_differently_is_unread(advisor: Advisor, members: Json) -> None:
    record = advisor.record(bundle(patient(), observation("m1", MENOPAUSE, **members)))
    assert [entry.reason for entry in record.unread] == ["menopausal state not recognised"]


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({}, ["postmenopausal"]),
        ({"clinicalStatus": coded("resolved")}, []),
        ({"verificationStatus": coded("refuted")}, []),
    ],
)
def test_the_menopausal_state_as_a_diagnosis(advisor: Advisor, members: Json, found: list[str]) -> None:
    facts = _facts(advisor, condition("76498008", **members), marker="menopausal-state")
    assert [fact.value for fact in facts] == found


@pytest.mark.parametrize(
    ("code", "system", "marker", "value"),
    [
        ("C92.02", ICD10_CM, "disease-state", "relapsed"),
        ("C92.A2", ICD10_CM, "disease-state", "relapsed"),
        ("C91.01", ICD10_CM, "disease-state", "remission"),
        ("C91.01", ICD10_GM, "disease-state", "remission"),
        ("C8696", NCIT, "disease-state", "refractory"),
        ("413389003", SCT, "phase", "accelerated-phase"),
        ("C3173", NCIT, "phase", "accelerated-phase"),
        ("413656006", SCT, "phase", "blast-phase"),
        ("C9110", NCIT, "phase", "blast-phase"),
    ],
)
def test_the_state_of_a_disease_by_its_code(advisor: Advisor, code: str, system: str, marker: str, value: str) -> None:
    diagnosis = condition(code, system)
    (fact,) = _facts(advisor, diagnosis, marker=marker)
    assert (fact.kind, fact.state, fact.value) == (Kind.DISEASE_STATUS, "present", value)
    record = advisor.record(bundle(patient(), diagnosis))
    assert all(fact.tumour for fact in record.facts if fact.kind is Kind.DISEASE)
    assert not record.unread


def test_the_phase_in_the_words_of_a_label(advisor: Advisor) -> None:
    diagnosis = condition() | {"code": {"text": "Chronic myeloid leukaemia, chronic phase"}}
    (fact,) = _facts(advisor, diagnosis, marker="phase")
    assert fact.value == "chronic-phase"


@pytest.mark.parametrize(
    ("code", "system", "members"),
    [
        ("C91.00", ICD10_CM, {}),
        ("C91.0", ICD10_GM, {}),
        ("C91.02", ICD10_GM, {}),
        ("C50.12", ICD10_CM, {}),
        ("C92.02", ICD10_CM, {"clinicalStatus": coded("resolved")}),
    ],
)
def test_other_codes_say_nothing_of_the_state(advisor: Advisor, code: str, system: str, members: Json) -> None:
    assert not _facts(advisor, condition(code, system, **members), marker="disease-state")


def test_a_state_that_is_not_confirmed_is_none(advisor: Advisor) -> None:
    doubtful = condition("C92.02", ICD10_CM, verificationStatus=coded("provisional"))
    (fact,) = _facts(advisor, doubtful, marker="disease-state")
    assert fact.state == "indeterminate"


def _outcomes(advisor: Advisor, *resources: Json) -> dict[str, Outcome]:
    facts = advisor.record(bundle(patient(), *resources)).facts
    return {finding.statement.id: finding.outcome for finding in evaluate(facts, advisor.knowledge, TODAY)}


def test_acute_lymphoblastic_leukaemia_without_lineage_leaves_its_labels_to_a_finer_diagnosis(advisor: Advisor) -> None:
    found = _outcomes(advisor, condition("C91.0", ICD10_GM))
    leukaemia = {"besponsa-1", "blincyto-1", "blincyto-5", "glivec-6", "iclusig-4", "sprycel-3"}
    assert {found.get(name) for name in leukaemia} == {Outcome.TEST}
    lineage = _outcomes(advisor, condition("277571004"))
    assert lineage["blincyto-1"] is Outcome.TEST, "CD19 and Ph status are still to be tested"
    assert Outcome.VERIFY not in {found[name] for name in found if name.startswith("blincyto")}


def _result(text: str, **value: Any) -> Json:
    return observation(text.replace(" ", "-"), {"text": text}, **value)


POSITIVE = {"valueCodeableConcept": coded("10828004", SCT, "Positive")}


@pytest.mark.parametrize(
    ("statement", "tumour", "results"),
    [
        ("cyramza-2", "HCC", [observation("a", coded("1834-1"), valueQuantity={"value": 612, "unit": "ng/mL"})]),
        ("pluvicto-1", "PRAD", [_result("PSMA PET/CT", **POSITIVE)]),
        ("lutathera-1", "PANET", [_result("Somatostatin receptor imaging", **POSITIVE)]),
        ("ebvallo-1", "PTLD", [_result("EBER ISH", **POSITIVE)]),
        ("korjuny-1", "OVT", [_result("EpCAM", **POSITIVE)]),
        ("elahere-1", "HGSOC", [_result("FOLR1 PS2+", valueQuantity={"value": 80, "unit": "%", "code": "%"})]),
        (
            "vyloy-1",
            "STAD",
            [
                _result("CLDN18.2 2+/3+", valueQuantity={"value": 80, "unit": "%", "code": "%"}),
                observation("h", coded("85319-2"), valueCodeableConcept=coded("LA6111-4")),
            ],
        ),
        (
            "blincyto-2",
            "BLL",
            [
                _result("CD19", **POSITIVE),
                _result("MRD", valueQuantity={"value": 0.5, "unit": "%", "code": "%"}),
            ],
        ),
    ],
)
def test_a_record_answers_what_the_label_asks(
    advisor: Advisor, statement: str, tumour: str, results: list[Json]
) -> None:
    """The result of the label's own marker is no longer missing."""
    diagnosis = condition(tumour, "http://oncotree.mskcc.org/")
    facts = advisor.record(bundle(patient(), diagnosis, *results)).facts
    (finding,) = [item for item in evaluate(facts, advisor.knowledge, TODAY) if item.statement.id == statement]
    markers = {fact.marker for fact in facts if fact.kind is Kind.EXPRESSION}
    asked = {getattr(leaf.criterion, "marker", None) for leaf in finding.missing()}
    assert markers
    assert not markers & asked
    assert finding.outcome in (Outcome.VERIFY, Outcome.TEST)


def test_uracil_in_plasma_contraindicates(advisor: Advisor) -> None:
    found = _outcomes(advisor, _result("Plasma uracil", valueQuantity={"value": 160, "unit": "ng/mL"}))
    assert found["xeloda-5"] is Outcome.APPLIES
    assert found["xeloda-6"] is Outcome.CLEAR
    found = _outcomes(advisor, _result("Plasma uracil", valueQuantity={"value": 20, "unit": "ug/L"}))
    assert (found["xeloda-5"], found["xeloda-6"]) == (Outcome.CLEAR, Outcome.APPLIES)


@pytest.mark.parametrize("name", ["UGT2B17 phenotype", "UGT2B17 metabolizer status"])
def test_a_phenotype_of_ugt2b17_by_name(advisor: Advisor, name: str) -> None:
    facts = advisor.record(bundle(patient(), _result(name, valueString="Poor Metabolizer"))).facts
    assert [(fact.genes, fact.phenotype) for fact in facts if fact.kind is Kind.PHENOTYPE] == [
        (("UGT2B17",), "poor metaboliser")
    ]
