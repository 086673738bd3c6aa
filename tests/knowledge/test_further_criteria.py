"""Criteria on HLA, karyotypes, states of the disease, menopause, small children, prior regimens, and gaps."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from knowledge import Fact, Kind, KnowledgeBase, Source, State, Verdict
from knowledge.criteria import (
    AgeBetween,
    Criterion,
    HadTherapy,
    HasCytogenetics,
    HasFusion,
    HasHla,
    HasVariant,
    InDiseaseState,
    InvalidCriterion,
    MenopausalStateIs,
    NotKnown,
)
from knowledge.cytogenetics import clones_with
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine

TODAY = date(2026, 11, 24)
TRUE, FALSE, UNKNOWN = Verdict.TRUE, Verdict.FALSE, Verdict.UNKNOWN


def _fact(kind: Kind, state: State = State.PRESENT, reference: str = "Observation/1", **members: Any) -> Fact:
    return Fact(kind=kind, state=state, source=Source(reference), **members)


def _hla(allele: str, state: State = State.PRESENT, reference: str = "Observation/1") -> Fact:
    return _fact(Kind.HLA, state, reference, genes=(allele.partition("*")[0],), allele=allele)


def _karyotype(iscn: str, state: State = State.PRESENT) -> Fact:
    return _fact(Kind.KARYOTYPE, state, value=iscn)


def _copies(change: str | None, state: State = State.PRESENT) -> Fact:
    return _fact(Kind.COPY_NUMBER, state, genes=("TP53",), variant_class=change)


def _therapy(inn: str, **members: Any) -> Fact:
    return _fact(Kind.THERAPY, inn=inn, **members)


def _born(day: str) -> Fact:
    return _fact(Kind.DEMOGRAPHIC, marker="birth-date", value=day)


def _state(value: str) -> Fact:
    return _fact(Kind.DISEASE_STATUS, marker="disease-state", value=value)


def _phase(value: str, **members: Any) -> Fact:
    return _fact(Kind.DISEASE_STATUS, marker="phase", value=value, **members)


CHRONIC = InDiseaseState(frozenset({"chronic-phase"}))
WORSENED = _fact(Kind.DISEASE_STATUS, marker="course", value="worsened")
POSTMENOPAUSAL = _fact(Kind.DEMOGRAPHIC, marker="menopausal-state", value="postmenopausal")
PREMENOPAUSAL = _fact(Kind.DEMOGRAPHIC, marker="menopausal-state", value="premenopausal")
A02 = HasHla("HLA-A*02:01")
DEL5Q = HasCytogenetics("del(5q)", isolated=True)
DEL17P = HasCytogenetics("del(17p)")
PH = HasFusion("ABL1", partner="BCR", or_tumour="CMLBCRABL1")
NO_BCR_ABL1 = Fact(kind=Kind.FUSION, state=State.ABSENT, source=Source("Observation/2"), genes=("BCR", "ABL1"))
DEL17P_OR_TP53 = HasCytogenetics("del(17p)", gene="TP53")
INTOLERANT = HadTherapy(inn="imatinib", course="intolerance")


@pytest.mark.parametrize(
    ("criterion", "facts", "expected"),
    [
        (A02, [], UNKNOWN),
        (A02, [_hla("HLA-A*02:01")], TRUE),
        (A02, [_hla("HLA-A*02:01:01")], TRUE),
        (A02, [_hla("HLA-A*02")], UNKNOWN),
        (A02, [_hla("HLA-A*03:01")], UNKNOWN),
        (A02, [_hla("HLA-A*03:01"), _hla("HLA-A*24:02")], FALSE),
        (A02, [_hla("HLA-A*03:01"), _hla("HLA-A*24:02", reference="Observation/2")], UNKNOWN),
        (A02, [_hla("HLA-A*02:01", State.ABSENT)], FALSE),
        (DEL5Q, [], UNKNOWN),
        (DEL5Q, [_karyotype("46,XX,del(5)(q13q33)[15]/46,XX[5]")], TRUE),
        (DEL5Q, [_karyotype("46,XX,del(5)(q13q33),+8[15]/46,XX[5]")], FALSE),
        (DEL5Q, [_karyotype("47,XY,+8[20]")], FALSE),
        (DEL5Q, [_karyotype("46,XX[20]", State.ABSENT)], FALSE),
        (DEL17P, [_karyotype("46,XX,del(17)(p13)[12]")], TRUE),
        (DEL17P, [_karyotype("46,XX[20]", State.ABSENT)], UNKNOWN),
        (DEL17P, [_karyotype("46,XX,del(17)(q21)[12]")], UNKNOWN),
        (DEL17P_OR_TP53, [_karyotype("46,XX,del(17)(p13)[12]")], TRUE),
        (DEL17P_OR_TP53, [_karyotype("46,XX[20]", State.ABSENT)], UNKNOWN),
        (DEL17P_OR_TP53, [_copies("loss")], TRUE),
        (DEL17P_OR_TP53, [_copies("deletion")], TRUE),
        (DEL17P_OR_TP53, [_copies("gain")], UNKNOWN),
        (DEL17P_OR_TP53, [_copies("loss", State.ABSENT)], FALSE),
        (DEL17P_OR_TP53, [_copies(None, State.ABSENT)], FALSE),
        (DEL17P_OR_TP53, [_copies("deletion", State.ABSENT)], UNKNOWN),
        (DEL17P_OR_TP53, [_fact(Kind.VARIANT, State.ABSENT, genes=("TP53",))], FALSE),
        (DEL17P_OR_TP53, [_karyotype("46,XX,del(17)(p13)[12]"), _copies("loss", State.ABSENT)], UNKNOWN),
        (PH, [_fact(Kind.DISEASE, tumour="CMLBCRABL1")], TRUE),
        (PH, [_fact(Kind.DISEASE, tumour="CMLBCRABL1"), NO_BCR_ABL1], TRUE),
        (PH, [_fact(Kind.DISEASE, tumour="CMLBCRABL1", status="resolved")], UNKNOWN),
        (PH, [_fact(Kind.DISEASE, tumour="CML")], UNKNOWN),
        (PH, [_fact(Kind.DISEASE, tumour="CML"), NO_BCR_ABL1], FALSE),
        (InDiseaseState(frozenset({"relapsed"})), [], UNKNOWN),
        (InDiseaseState(frozenset({"relapsed"})), [_fact(Kind.DISEASE, tumour="BLL", status="relapse")], TRUE),
        (InDiseaseState(frozenset({"relapsed"})), [_fact(Kind.DISEASE, tumour="BLL", status="remission")], UNKNOWN),
        (InDiseaseState(frozenset({"progressive"})), [WORSENED], TRUE),
        (InDiseaseState(frozenset({"refractory"})), [_state("refractory")], TRUE),
        (InDiseaseState(frozenset({"refractory"})), [_state("relapsed")], UNKNOWN),
        (CHRONIC, [], UNKNOWN),
        (CHRONIC, [_phase("chronic-phase")], TRUE),
        (CHRONIC, [_phase("blast-phase")], FALSE),
        (CHRONIC, [_phase("blast-phase", date="2025"), _phase("chronic-phase", date="2026")], TRUE),
        (CHRONIC, [_phase("chronic-phase", date="2025"), _phase("blast-phase", date="2026")], FALSE),
        (CHRONIC, [_phase("chronic-phase"), _phase("accelerated-phase")], UNKNOWN),
        (CHRONIC, [_state("relapsed")], UNKNOWN),
        (InDiseaseState(frozenset({"accelerated-phase", "blast-phase"})), [_phase("blast-phase")], TRUE),
        (InDiseaseState(frozenset({"relapsed", "blast-phase"})), [_phase("chronic-phase")], UNKNOWN),
        (MenopausalStateIs("postmenopausal"), [], UNKNOWN),
        (MenopausalStateIs("postmenopausal"), [POSTMENOPAUSAL], TRUE),
        (MenopausalStateIs("postmenopausal"), [PREMENOPAUSAL], FALSE),
        (AgeBetween(at_least_months=6), [_born("2026-05-24")], TRUE),
        (AgeBetween(at_least_months=6), [_born("2026-05-25")], FALSE),
        (AgeBetween(at_least_months=6), [_born("2026-05")], UNKNOWN),
        (AgeBetween(below=18), [_born("2008-11-25")], TRUE),
        (AgeBetween(below=18), [_born("2008-11-24")], FALSE),
        (HadTherapy(inn="imatinib", regimens=2), [_therapy("imatinib", line=1), _therapy("imatinib", line=2)], TRUE),
        (HadTherapy(inn="imatinib", regimens=2), [_therapy("imatinib", line=1)], UNKNOWN),
        (INTOLERANT, [_therapy("imatinib", value="intolerance")], TRUE),
        (INTOLERANT, [_therapy("imatinib", value="progression")], UNKNOWN),
        (HadTherapy(inn="imatinib", course="progression"), [_therapy("imatinib", value="intolerance")], UNKNOWN),
        (HadTherapy(inn="imatinib", course="no-progression"), [_therapy("imatinib", value="stable")], TRUE),
        (HadTherapy(inn="imatinib", course="progression"), [_therapy("imatinib", value="stable")], FALSE),
        (NotKnown(A02), [], TRUE),
        (NotKnown(A02), [_hla("HLA-A*02:01")], FALSE),
        (NotKnown(A02), [_hla("HLA-A*02:01", State.ABSENT)], FALSE),
    ],
    ids=str,
)  # fmt: skip
def test_decisions(knowledge: KnowledgeBase, criterion: Criterion, facts: list[Fact], expected: Verdict) -> None:
    assert ReferenceEngine(Patient(facts, TODAY, knowledge.reference)).trace(criterion).verdict is expected


@pytest.mark.parametrize(
    "build",
    [
        lambda: HasHla("A2"),
        lambda: HasCytogenetics("5q-"),
        lambda: HasCytogenetics("del(17p)", isolated=True, gene="TP53"),
        lambda: InDiseaseState(frozenset({"bad"})),
        lambda: MenopausalStateIs("old"),
        lambda: AgeBetween(at_least=1, at_least_months=12),
        lambda: HadTherapy(inn="imatinib", course="progression", regimens=2),
        lambda: HasVariant("EGFR"),
    ],
)
def test_a_criterion_that_means_nothing_cannot_be_built(build) -> None:
    with pytest.raises(InvalidCriterion):
        build()


def test_clones_are_read_one_by_one() -> None:
    iscn = "46,XX,del(5)(q13q33)[10]/47,XX,del(5)(q13q33),+8[5]/46,XX[5]"
    assert clones_with("del(5q)", iscn) == [("del(5)(q13q33)",), ("del(5)(q13q33)", "+8")]
