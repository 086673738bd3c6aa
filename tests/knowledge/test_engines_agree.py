"""The compiled engine says what the reference engine says: for any criterion, and for every statement."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings

from cds_service import Advisor
from cds_service.codec import loads
from knowledge import Fact, KnowledgeBase, Outcome, Verdict, evaluate
from knowledge.compiled_engine import CompiledEngine, Compiler
from knowledge.criteria import Criterion, Role
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine
from knowledge.statements import SafetyStatement, Statement
from knowledge.trace import Trace, leaf_of
from tests.strategies import criteria_with_gaps, facts

TODAY = date(2026, 11, 24)


@given(criterion=criteria_with_gaps, given_facts=facts)
def test_verdict_and_trace_agree(knowledge: KnowledgeBase, criterion: Criterion, given_facts: list[Fact]) -> None:
    patient = Patient(given_facts, TODAY, knowledge.reference)
    compiler = Compiler()
    node = compiler.compile(criterion)
    compiled = CompiledEngine(compiler.leaves, patient)
    expected = ReferenceEngine(patient).trace(criterion)
    assert compiled.verdict(node) is expected.verdict
    assert compiled.trace(node) == expected
    if expected.verdict is Verdict.UNKNOWN:
        assert list(compiled.missing(node)) == [
            leaf for leaf in expected.deciding_leaves() if leaf.verdict is Verdict.UNKNOWN
        ]
    assert [compiled.leaf(number) for number in node.leaves] == list(expected.leaves())


@settings(max_examples=50)
@given(given_facts=facts)
def test_every_statement_agrees_for_generated_patients(knowledge: KnowledgeBase, given_facts: list[Fact]) -> None:
    _assert_agreement(given_facts, knowledge)


@pytest.mark.corpus
def test_every_statement_agrees_for_the_corpus(corpus: Path, advisor: Advisor) -> None:
    for path in sorted((corpus / "fixtures").glob("*.json")):
        _assert_agreement(advisor.record(loads(path.read_bytes())).facts, advisor.knowledge)


def _assert_agreement(given_facts: list[Fact] | tuple[Fact, ...], knowledge: KnowledgeBase) -> None:
    found = {finding.statement.id: finding for finding in evaluate(given_facts, knowledge, TODAY)}
    engine = ReferenceEngine(Patient(given_facts, TODAY, knowledge.reference))
    for _, statement in knowledge.statements:
        finding = found.get(statement.id)
        if finding is not None:
            trace = engine.trace(statement.criterion)
            assert finding.outcome is _expected_outcome(statement, trace)
            assert finding.trace == trace


def _expected_outcome(statement: Statement, trace: Trace) -> Outcome:
    if isinstance(statement, SafetyStatement):
        return {Verdict.TRUE: Outcome.APPLIES, Verdict.FALSE: Outcome.CLEAR, Verdict.UNKNOWN: Outcome.TEST}[
            trace.verdict
        ]
    if trace.verdict is Verdict.TRUE:
        return Outcome.MET
    if trace.verdict is Verdict.FALSE:
        return Outcome.UNMET
    unknown = {leaf_of(leaf).role for leaf in trace.deciding_leaves() if leaf.verdict is Verdict.UNKNOWN}
    return Outcome.VERIFY if unknown == {Role.CLINICAL} else Outcome.TEST
