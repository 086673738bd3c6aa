"""The three-valued algebra: the laws of strong Kleene logic, and what silence can never do."""

from __future__ import annotations

from datetime import date
from itertools import product
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from knowledge import Fact, Kind, KnowledgeBase, State, Verdict
from knowledge.criteria import (
    AllOf,
    AnyOf,
    Criterion,
    HasFusion,
    HasTumour,
    HasVariant,
    NoRecordedResistance,
    Not,
    leaves,
)
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine
from knowledge.trace import Trace
from knowledge.verdicts import conjunction, disjunction, negation
from tests.strategies import criteria, facts

T, F, U = Verdict.TRUE, Verdict.FALSE, Verdict.UNKNOWN
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("first", "second", "both", "either"),
    [(T, T, T, T), (T, F, F, T), (T, U, U, T), (F, F, F, F), (F, U, F, U), (U, U, U, U)],
)
def test_truth_tables(first: Verdict, second: Verdict, both: Verdict, either: Verdict) -> None:
    assert conjunction([first, second]) is conjunction([second, first]) is both
    assert disjunction([first, second]) is disjunction([second, first]) is either


def test_negation_is_an_involution_and_keeps_unknown() -> None:
    assert [negation(verdict) for verdict in (T, F, U)] == [F, T, U]
    assert all(negation(negation(verdict)) is verdict for verdict in Verdict)


def test_de_morgan() -> None:
    for first, second in product(Verdict, repeat=2):
        assert negation(conjunction([first, second])) is disjunction([negation(first), negation(second)])


def _verdict(criterion: Criterion, given_facts: list[Fact], knowledge: KnowledgeBase) -> Verdict:
    return ReferenceEngine(Patient(given_facts, TODAY, knowledge.reference)).trace(criterion).verdict


@given(criterion=criteria)
def test_without_facts_everything_is_unknown(knowledge: KnowledgeBase, criterion: Criterion) -> None:
    """All but resistance, which silence denies."""
    assume(not any(isinstance(leaf, NoRecordedResistance) for leaf in leaves(criterion)))
    assert _verdict(criterion, [], knowledge) is U


@given(criterion=criteria, given_facts=facts)
def test_not_is_the_negation_of_its_criterion(
    knowledge: KnowledgeBase, criterion: Criterion, given_facts: list[Fact]
) -> None:
    assert _verdict(Not(criterion), given_facts, knowledge) is negation(_verdict(criterion, given_facts, knowledge))


@given(criterion=criteria, given_facts=facts)
def test_the_trace_tells_the_same_as_its_leaves(
    knowledge: KnowledgeBase, criterion: Criterion, given_facts: list[Fact]
) -> None:
    def recomputed(trace: Trace) -> Verdict:
        children = [recomputed(child) for child in trace.children]
        match trace.criterion:
            case Not():
                return negation(children[0])
            case AllOf():
                return conjunction(children)
            case AnyOf():
                return disjunction(children)
        return Verdict(trace.verdict)

    trace = ReferenceEngine(Patient(given_facts, TODAY, knowledge.reference)).trace(criterion)
    assert recomputed(trace) is trace.verdict


@given(criterion=criteria, given_facts=facts, seed=st.randoms(use_true_random=False))
def test_the_order_of_facts_never_matters(
    knowledge: KnowledgeBase, criterion: Criterion, given_facts: list[Fact], seed: Random
) -> None:
    shuffled = list(given_facts)
    seed.shuffle(shuffled)
    assert _verdict(criterion, given_facts, knowledge) is _verdict(criterion, shuffled, knowledge)


@settings(max_examples=200)
@given(given_facts=facts)
def test_a_wild_type_requirement_needs_a_documented_negative(knowledge: KnowledgeBase, given_facts: list[Fact]) -> None:
    """``Not`` of a variant is never true by silence."""
    criterion = Not(HasVariant("EGFR", variant_class="driver"))
    if _verdict(criterion, given_facts, knowledge) is T:
        assert any(f.kind is Kind.VARIANT and f.state is State.ABSENT and "EGFR" in f.genes for f in given_facts)


@given(given_facts=facts)
def test_what_decides_a_leaf_is_named(knowledge: KnowledgeBase, given_facts: list[Fact]) -> None:
    engine = ReferenceEngine(Patient(given_facts, TODAY, knowledge.reference))
    for criterion in (
        HasTumour("NSCLC"),
        HasVariant("EGFR", variant_class="activating"),
        HasFusion("ALK", or_ihc=True),
    ):
        trace = engine.trace(criterion)
        assert trace.facts or trace.verdict is U
        assert trace.verdict is not U or trace.note
