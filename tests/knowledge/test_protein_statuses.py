"""The curated statuses of ER, PR and HER2, and the laboratory's classes by name."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from knowledge import Fact, Kind, KnowledgeBase, State, Verdict
from knowledge.criteria import ByAnyTest, HasExpression, InvalidCriterion
from knowledge.loading import DATA
from knowledge.patient import Patient
from knowledge.reading import CriterionReader, ProteinStatuses, read_protein_statuses
from knowledge.reference_engine import ReferenceEngine
from knowledge.wording import describe
from knowledge.yaml_files import read_yaml
from tests.facts import fact

TODAY = date(2026, 11, 25)
TRUE, FALSE, UNKNOWN = Verdict.TRUE, Verdict.FALSE, Verdict.UNKNOWN


def _protein(marker: str, state: State = State.PRESENT, **members: Any) -> Fact:
    return fact(Kind.EXPRESSION, marker=marker, state=state, **members)


def _ihc(value: int) -> Fact:
    return _protein("HER2", score="IHC", value=value)


def _er(percent: float, comparator: str | None = None) -> Fact:
    return _protein("ER", score="percent", value=percent, comparator=comparator)


def _named(name: str) -> Fact:
    return _protein("HER2", State.ABSENT, score="status", value=name)


def _ratio(value: float, state: State = State.PRESENT) -> Fact:
    return _protein("HER2", state, score="ISH ratio", value=value)


POSITIVE, NEGATIVE = _protein("HER2"), _protein("HER2", State.ABSENT)
AMPLIFIED, NOT_AMPLIFIED = _protein("HER2", score="ISH"), _protein("HER2", State.ABSENT, score="ISH")


@pytest.fixture(scope="module")
def statuses(knowledge: KnowledgeBase) -> ProteinStatuses:
    return read_protein_statuses(read_yaml(DATA / "protein_statuses.yaml"), knowledge.reference.drug_classes)


def _verdict(knowledge: KnowledgeBase, criterion: ByAnyTest | HasExpression, facts: list[Fact]) -> Verdict:
    return ReferenceEngine(Patient(facts, TODAY, knowledge.reference)).trace(criterion).verdict


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], UNKNOWN),
        ([_er(90)], TRUE),
        ([_er(1)], TRUE),
        ([_er(1, "<")], FALSE),
        ([_er(0)], FALSE),
        ([_er(5, "<")], UNKNOWN),
        ([_protein("ER")], TRUE),
        ([_protein("ER", State.ABSENT)], FALSE),
        ([_protein("ER"), _er(0)], UNKNOWN),
        ([_protein("ER", score="Allred", value=7)], UNKNOWN),
        ([_protein("PR", score="percent", value=90)], UNKNOWN),
    ],
)
def test_hormone_receptors(
    knowledge: KnowledgeBase, statuses: ProteinStatuses, facts: list[Fact], expected: Verdict
) -> None:
    assert _verdict(knowledge, statuses["ER", "positive"], facts) is expected


@pytest.mark.parametrize(
    ("facts", "positive", "low", "ultralow"),
    [
        ([], UNKNOWN, UNKNOWN, UNKNOWN),
        ([POSITIVE], TRUE, FALSE, FALSE),
        ([NEGATIVE], FALSE, UNKNOWN, UNKNOWN),
        ([_ihc(0)], FALSE, FALSE, UNKNOWN),
        ([_ihc(1)], FALSE, TRUE, FALSE),
        ([_ihc(2)], UNKNOWN, UNKNOWN, FALSE),
        ([_ihc(3)], TRUE, FALSE, FALSE),
        ([_ihc(1), NEGATIVE], FALSE, TRUE, FALSE),
        ([_ihc(2), NEGATIVE], FALSE, UNKNOWN, FALSE),
        ([_ihc(2), AMPLIFIED], TRUE, FALSE, FALSE),
        ([_ihc(2), NOT_AMPLIFIED], FALSE, TRUE, FALSE),
        ([_ihc(2), _ratio(2.0)], TRUE, FALSE, FALSE),
        ([_ihc(2), _ratio(1.9)], UNKNOWN, UNKNOWN, FALSE),
        ([_ihc(2), _ratio(1.2, State.ABSENT)], FALSE, TRUE, FALSE),
        ([_ihc(3), NOT_AMPLIFIED], TRUE, FALSE, FALSE),
        ([_ihc(3), NEGATIVE], UNKNOWN, FALSE, FALSE),
        ([_ihc(1), AMPLIFIED], UNKNOWN, UNKNOWN, FALSE),
        ([AMPLIFIED], TRUE, FALSE, FALSE),
        ([NOT_AMPLIFIED], UNKNOWN, UNKNOWN, UNKNOWN),
        ([_named("low")], FALSE, TRUE, FALSE),
        ([_named("ultralow")], FALSE, FALSE, TRUE),
        ([_named("ultralow"), _ihc(0), NEGATIVE], FALSE, FALSE, TRUE),
        ([_named("low"), _ihc(3)], UNKNOWN, UNKNOWN, FALSE),
    ],
)
def test_her2(
    knowledge: KnowledgeBase,
    statuses: ProteinStatuses,
    facts: list[Fact],
    positive: Verdict,
    low: Verdict,
    ultralow: Verdict,
) -> None:
    found = [_verdict(knowledge, statuses["HER2", name], facts) for name in ("positive", "low", "ultralow")]
    assert found == [positive, low, ultralow]


def test_a_class_belongs_to_a_score() -> None:
    low = HasExpression("HER2", frozenset({"status"}), values=frozenset({"low"}))
    assert describe(low) == "HER2 status low"
    with pytest.raises(InvalidCriterion, match="needs the score"):
        HasExpression("HER2", values=frozenset({"low"}))


def test_the_newest_class_decides(knowledge: KnowledgeBase) -> None:
    low = HasExpression("HER2", frozenset({"status"}), values=frozenset({"low"}))
    older = _protein("HER2", State.ABSENT, score="status", value="low", date="2024-01-01")
    newer = _protein("HER2", State.ABSENT, score="status", value="ultralow", date="2026-01-01")
    same_day = _protein("HER2", State.ABSENT, score="status", value="low", date="2026-01-01")
    assert _verdict(knowledge, low, [older]) is TRUE
    assert _verdict(knowledge, low, [older, newer]) is FALSE
    assert _verdict(knowledge, low, [newer, same_day]) is UNKNOWN


def test_a_status_is_called_by_its_name(statuses: ProteinStatuses) -> None:
    assert describe(statuses["HER2", "low"]) == "HER2 low"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"marker": "HER2", "status": "amazing"}, "no status 'amazing' is defined for HER2"),
        ({"marker": "HER2", "status": "low", "score": "IHC"}, "without a score"),
    ],
)
def test_an_unusable_status_is_refused(
    knowledge: KnowledgeBase, statuses: ProteinStatuses, value: dict[str, str], problem: str
) -> None:
    reader = CriterionReader(knowledge.reference.drug_classes, statuses)
    with pytest.raises(InvalidCriterion, match=problem):
        reader.read({"expression": value})


def test_a_status_defined_twice_is_refused(knowledge: KnowledgeBase) -> None:
    tests = [{"expression": {"marker": "ER", "positive": True}}] * 2
    items = [{"marker": "ER", "status": "positive", "tests": tests}] * 2
    with pytest.raises(InvalidCriterion, match="ER positive is defined twice"):
        read_protein_statuses({"statuses": items}, knowledge.reference.drug_classes)
