"""One question about a protein that several tests answer: a status, or a stain with its in situ hybridisation."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from knowledge import Fact, Kind, KnowledgeBase, State, Verdict
from knowledge.criteria import (
    AllOf,
    AnyOf,
    ByAnyTest,
    Criterion,
    HasExpression,
    HasFusion,
    InvalidCriterion,
    Not,
    NotKnown,
)
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine
from knowledge.wording import describe
from tests.facts import fact

TODAY = date(2026, 11, 25)
TRUE, FALSE, UNKNOWN = Verdict.TRUE, Verdict.FALSE, Verdict.UNKNOWN

STATUS = HasExpression("HER2", positive=True)
STAINED_TWICE = HasExpression("HER2", frozenset({"IHC"}), at_least=2)
STAINED_THRICE = HasExpression("HER2", frozenset({"IHC"}), at_least=3)
AMPLIFIED = HasExpression("HER2", frozenset({"ISH"}), positive=True)
STAIN = AnyOf((STAINED_THRICE, AllOf((STAINED_TWICE, AMPLIFIED))))
HER2_POSITIVE = ByAnyTest((STATUS, STAIN))


def _her2(state: State = State.PRESENT, **members: Any) -> Fact:
    return fact(Kind.EXPRESSION, marker="HER2", state=state, **members)


def _ihc(value: int) -> Fact:
    return _her2(score="IHC", value=value)


POSITIVE, NEGATIVE = _her2(), _her2(State.ABSENT)
ISH_POSITIVE, ISH_NEGATIVE = _her2(score="ISH"), _her2(State.ABSENT, score="ISH")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], UNKNOWN),
        ([POSITIVE], TRUE),
        ([NEGATIVE], FALSE),
        ([_ihc(3)], TRUE),
        ([_ihc(0)], FALSE),
        ([_ihc(1)], FALSE),
        ([_ihc(2)], UNKNOWN),
        ([_ihc(2), ISH_POSITIVE], TRUE),
        ([_ihc(2), ISH_NEGATIVE], FALSE),
        ([ISH_POSITIVE], UNKNOWN),
        ([_ihc(2), NEGATIVE], FALSE),
        ([_ihc(1), NEGATIVE], FALSE),
        ([_ihc(3), NEGATIVE], UNKNOWN),
        ([_ihc(1), POSITIVE], UNKNOWN),
        ([_her2(State.NOT_TESTED)], UNKNOWN),
    ],
)
def test_one_test_is_enough_and_a_contradiction_is_not_decided(
    knowledge: KnowledgeBase, facts: list[Fact], expected: Verdict
) -> None:
    trace = ReferenceEngine(Patient(facts, TODAY, knowledge.reference)).trace(HER2_POSITIVE)
    assert trace.verdict is expected
    assert not trace.children
    assert trace.note or expected is not UNKNOWN
    assert set(trace.facts) <= set(facts)
    assert trace.facts or expected is UNKNOWN


def test_a_contradiction_shows_both_tests(knowledge: KnowledgeBase) -> None:
    trace = ReferenceEngine(Patient([_ihc(3), NEGATIVE], TODAY, knowledge.reference)).trace(HER2_POSITIVE)
    assert trace.note == "the tests contradict each other"
    assert set(trace.facts) == {_ihc(3), NEGATIVE}


def test_a_negated_test_answers_the_other_way(knowledge: KnowledgeBase) -> None:
    low = ByAnyTest((Not(STATUS), Not(STAINED_TWICE)))
    assert ReferenceEngine(Patient([_ihc(1)], TODAY, knowledge.reference)).trace(low).verdict is TRUE


def test_it_is_about_its_marker_and_reads_as_its_tests() -> None:
    assert HER2_POSITIVE.marker == "HER2"
    assert describe(ByAnyTest((STATUS, AMPLIFIED))) == "HER2 positive or HER2 ISH positive"
    assert describe(Not(ByAnyTest((STATUS, STAINED_THRICE)))) == "no (HER2 positive or HER2 IHC 3+)"


@pytest.mark.parametrize(
    "tests",
    [
        (STATUS,),
        (STATUS, HasFusion("ERBB2")),
        (STATUS, HasExpression("ER", positive=True)),
        (STATUS, NotKnown(AMPLIFIED)),
    ],
)
def test_what_is_no_question_for_several_tests(tests: tuple[Criterion, ...]) -> None:
    with pytest.raises(InvalidCriterion):
        ByAnyTest(tests)
