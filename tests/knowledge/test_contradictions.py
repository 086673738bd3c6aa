"""Criteria that nobody can fulfil are found, and those that somebody can are not reported."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from knowledge import KnowledgeBase
from knowledge.contradictions import contradiction, excluded, impossible_leaf
from knowledge.criteria import (
    AgeBetween,
    AllOf,
    AnyOf,
    Criterion,
    HadTherapy,
    HasExpression,
    HasSignature,
    HasTumour,
    HasVariant,
    InLine,
    InStage,
    MenopausalStateIs,
    Not,
    NotKnown,
    SexIs,
)
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine
from knowledge.verdicts import Verdict
from tests.conftest import TODAY
from tests.strategies import criteria_with_gaps, facts

L858R = HasVariant("EGFR", protein=frozenset({"p.Leu858Arg"}))
ACTIVATING = HasVariant("EGFR", variant_class="activating")
OSIMERTINIB = HadTherapy(inn="osimertinib")
EGFR_TKI = HadTherapy(drug_class="egfr-tki")


def stages(*names: str) -> InStage:
    return InStage(frozenset(names))


def msi(*values: str) -> HasSignature:
    return HasSignature("MSI", frozenset(values))


IMPOSSIBLE = [
    AllOf((L858R, Not(L858R))),
    AllOf((L858R, Not(ACTIVATING))),
    AllOf((HasVariant("EGFR", variant_class="exon 19 deletion"), Not(ACTIVATING))),
    AllOf((HasTumour("LUAD"), Not(HasTumour("NSCLC")))),
    AllOf((AnyOf((HasTumour("LUAD"), HasTumour("LUSC"))), Not(HasTumour("NSCLC")))),
    AllOf((AgeBetween(at_least=18), AgeBetween(below=12))),
    AllOf((stages("I", "II"), stages("IIIA"))),
    AllOf((stages("metastatic"), Not(stages("metastatic", "advanced")))),
    AllOf((InLine(at_most=1), InLine(at_least=2))),
    AllOf((SexIs("female"), SexIs("male"))),
    AllOf((MenopausalStateIs("premenopausal"), MenopausalStateIs("postmenopausal"))),
    AllOf((msi("MSI-H"), msi("MSS"))),
    AllOf((OSIMERTINIB, Not(EGFR_TKI))),
    AllOf((HadTherapy(inn="osimertinib", course="progression"), Not(OSIMERTINIB))),
    AllOf((L858R, NotKnown(L858R))),
    AllOf(
        (
            HasExpression("PD-L1", frozenset({"TPS"}), at_least=50),
            HasExpression("PD-L1", frozenset({"TPS"}), below=1),
        )
    ),
    AnyOf((L858R, AllOf((OSIMERTINIB, Not(OSIMERTINIB))))),
    AllOf((Not(AnyOf((L858R, EGFR_TKI))), OSIMERTINIB)),
]

POSSIBLE = [
    AllOf((ACTIVATING, Not(L858R))),
    AllOf((HasTumour("NSCLC"), Not(HasTumour("LUSC")))),
    AllOf((HasTumour("LUAD"), HasTumour("BRCA"))),
    AllOf((AgeBetween(at_least=12), AgeBetween(below=18))),
    AllOf((stages("II"), stages("IIA"))),
    AllOf((stages("locally-advanced", "metastatic"), stages("unresectable"))),
    AllOf((InLine(at_least=2), InLine(at_most=2))),
    AllOf((OSIMERTINIB, Not(HadTherapy(inn="osimertinib", course="progression")))),
    AllOf((EGFR_TKI, Not(OSIMERTINIB))),
    AllOf((msi("MSI-H", "MSI-L"), msi("MSI-L"))),
    AllOf((NotKnown(L858R), OSIMERTINIB)),
    AllOf(
        (HasExpression("PD-L1", frozenset({"TPS"}), at_least=50), HasExpression("PD-L1", frozenset({"CPS"}), below=1))
    ),
    AllOf((Not(AllOf((L858R, OSIMERTINIB))), L858R)),
]


@pytest.mark.parametrize("criterion", IMPOSSIBLE, ids=str)
def test_what_nobody_can_fulfil_is_found(knowledge: KnowledgeBase, criterion: Criterion):
    assert contradiction(criterion, knowledge.reference)


@pytest.mark.parametrize("criterion", POSSIBLE, ids=str)
def test_what_somebody_can_fulfil_is_not_reported(knowledge: KnowledgeBase, criterion: Criterion):
    assert contradiction(criterion, knowledge.reference) is None


def test_the_reason_names_both_demands(knowledge: KnowledgeBase):
    why = contradiction(AllOf((L858R, SexIs("female"), Not(ACTIVATING))), knowledge.reference)
    assert why == "“EGFR L858R” and “no EGFR activating mutation” exclude each other"


@pytest.mark.parametrize(
    ("leaf", "possible"),
    [
        (AgeBetween(at_least=18, below=12), False),
        (AgeBetween(at_least_months=18, below=1), False),
        (AgeBetween(at_least=12, below=18), True),
        (HasExpression("PD-L1", frozenset({"TPS"}), at_least=50, below=1), False),
        (HasExpression("HER2", frozenset({"IHC"}), at_least=1, below=3), True),
    ],
    ids=str,
)
def test_a_range_without_content_is_found(leaf, possible: bool):
    assert (impossible_leaf(leaf) is None) is possible


def test_more_alternatives_than_can_be_searched_are_let_pass(knowledge: KnowledgeBase):
    choice = AnyOf((L858R, OSIMERTINIB))
    assert contradiction(AllOf((*(choice,) * 20, Not(L858R), Not(OSIMERTINIB))), knowledge.reference) is None


@given(criteria_with_gaps, criteria_with_gaps, facts)
@settings(max_examples=300, deadline=None)
def test_no_patient_fulfils_what_is_called_impossible(knowledge: KnowledgeBase, one, other, found):
    engine = ReferenceEngine(Patient(found, TODAY, knowledge.reference))
    for criterion in (one, AllOf((one, other)), AllOf((one, other, Not(one)))):
        if excluded(criterion, knowledge.reference):
            assert engine.trace(criterion).verdict is not Verdict.TRUE
