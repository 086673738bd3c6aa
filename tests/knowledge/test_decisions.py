"""Decisions that depend on more than one fact of the record."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cards.advice import SafetyAlert, patient_view_advice
from cds_service import Advisor
from knowledge import Fact, Kind, State
from knowledge.criteria import HasCopyNumber, InStage
from knowledge.decisions import decide
from knowledge.evaluation import evaluate
from knowledge.facts import Source
from knowledge.patient import Patient
from knowledge.verdicts import Verdict
from tests.fhir import Json, bundle, coded, condition, gene, observation, patient

TODAY = date(2026, 11, 24)
ICDO = "http://terminology.hl7.org/CodeSystem/icd-o-3"


def decided(advisor: Advisor, criterion: HasCopyNumber | InStage, *facts: Fact) -> Verdict:
    return decide(criterion, Patient(facts, TODAY, advisor.knowledge.reference)).verdict


def copy_number(*genes: Json) -> Json:
    count = {"code": coded("82155-3"), "valueQuantity": {"value": 12}}
    return observation("c1", coded("69548-6"), valueCodeableConcept=coded("LA9633-4"), component=[*genes, count])


@pytest.mark.parametrize(
    ("genes", "verdict"),
    [(("ERBB2",), Verdict.TRUE), (("MET",), Verdict.UNKNOWN), (("ERBB2", "MET"), Verdict.UNKNOWN)],
)
def test_a_segment_of_several_genes_is_an_amplification_of_none(
    advisor: Advisor, genes: tuple[str, ...], verdict: Verdict
) -> None:
    record = advisor.record(bundle(patient(), copy_number(*map(gene, genes))))
    assert decided(advisor, HasCopyNumber("ERBB2", "amplification"), *record.facts) is verdict


@pytest.mark.parametrize(
    ("second_tumour", "verdict"),
    [(None, Verdict.TRUE), ("active", Verdict.UNKNOWN), ("resolved", Verdict.TRUE)],
)
def test_a_past_tumour_does_not_keep_stage_iv_of_a_lung_cancer_from_meaning_metastasis(
    advisor: Advisor, second_tumour: str | None, verdict: Verdict
) -> None:
    source = Source("Condition/c1")
    facts = [
        Fact(kind=Kind.DISEASE, state=State.PRESENT, source=source, tumour="NSCLC", status="active"),
        Fact(kind=Kind.STAGE, state=State.PRESENT, source=source, value="IV"),
    ]
    if second_tumour:
        facts.append(Fact(kind=Kind.DISEASE, state=State.PRESENT, source=source, tumour="THPA", status=second_tumour))
    assert decided(advisor, InStage(frozenset({"metastatic"})), *facts) is verdict


@pytest.mark.parametrize(
    ("tumour", "further", "shown"),
    [
        ("NSCLC", {"kind": Kind.VARIANT, "genes": ("EGFR",), "protein": "p.Leu858Arg"}, True),
        ("NSCLC", {"kind": Kind.THERAPY, "inn": "gefitinib", "status": "active"}, True),
        ("NSCLC", {"kind": Kind.THERAPY, "inn": "gefitinib", "status": "completed"}, False),
        ("NSCLC", {"kind": Kind.THERAPY, "inn": "osimertinib", "status": "active"}, False),
        ("BRCA", {"kind": Kind.VARIANT, "genes": ("EGFR",), "protein": "p.Leu858Arg"}, False),
    ],
)
def test_the_gefitinib_warning_is_shown_to_whom_gefitinib_concerns(
    advisor: Advisor, tumour: str, further: dict[str, Any], shown: bool
) -> None:
    shared: dict[str, Any] = {"state": State.PRESENT, "source": Source("Observation/o1")}
    facts = (
        Fact(kind=Kind.DISEASE, tumour=tumour, **shared),
        Fact(kind=Kind.PHENOTYPE, genes=("CYP2D6",), phenotype="poor metaboliser", **shared),
        Fact(**further, **shared),
    )
    advice = patient_view_advice(evaluate(facts, advisor.knowledge, TODAY), facts)
    alerts = {item.finding.statement.id for item in advice if isinstance(item, SafetyAlert)}
    assert ("iressa-2" in alerts) is shown


@pytest.mark.parametrize(
    ("stages", "recorded", "verdict"),
    [
        ({"FIGO III", "FIGO IV"}, ("FIGO IIIC",), Verdict.TRUE),
        ({"FIGO III", "FIGO IV"}, ("FIGO IIIA1",), Verdict.TRUE),
        ({"FIGO III", "FIGO IV"}, ("FIGO IIB",), Verdict.UNKNOWN),
        ({"FIGO III", "FIGO IV"}, ("IIIC",), Verdict.UNKNOWN),
        ({"III", "IV"}, ("FIGO IIIC",), Verdict.UNKNOWN),
        ({"III", "IV"}, ("FIGO IIB", "IIIC"), Verdict.TRUE),
        ({"FIGO III", "III"}, ("FIGO IIB", "IIIC"), Verdict.UNKNOWN),
        ({"FIGO III", "metastatic"}, ("FIGO IIB", "metastatic"), Verdict.TRUE),
    ],
)
def test_a_stage_of_figo_counts_where_a_label_names_it(
    advisor: Advisor, stages: set[str], recorded: tuple[str, ...], verdict: Verdict
) -> None:
    facts = [
        Fact(kind=Kind.STAGE, state=State.PRESENT, source=Source(f"Observation/{number}"), value=value)
        for number, value in enumerate(recorded)
    ]
    assert decided(advisor, InStage(frozenset(stages)), *facts) is verdict


def test_figo_iii_needs_no_verification_for_a_label_that_says_figo_iii(advisor: Advisor) -> None:
    ovary = condition("C56", "http://fhir.de/CodeSystem/bfarm/icd-10-gm", stage=[{"summary": {"text": "FIGO IIIC"}}])
    histology = observation("h", coded("59847-4"), valueCodeableConcept=coded("8461/3", ICDO))
    record = advisor.record(bundle(patient(), ovary, histology))
    findings = {finding.statement.id: finding for finding in evaluate(record.facts, advisor.knowledge, TODAY)}
    for name in ("lynparza-1", "lynparza-3", "zejula-1", "rubraca-1"):
        assert not any(isinstance(criterion, InStage) for criterion in findings[name].open_criteria()), name
