"""What holds for every statement and any patient, on patients generated from what the statements ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import Fact, Kind, KnowledgeBase, Outcome, State, evaluate
from knowledge.compiled_engine import CompiledEngine
from knowledge.criteria import (
    AllOf,
    AnyOf,
    Criterion,
    HasTumour,
    HasVariant,
    NoRecordedResistance,
    leaves,
)
from knowledge.evaluation import outcome_of
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine
from knowledge.statements import Indication, Statement
from knowledge.trace import Trace
from knowledge.verdicts import Verdict
from tests.conftest import TODAY
from tests.facts import fact, fusion, tumour, variant
from tests.witnesses import Choose, answers, undecided_variants, witness

OPEN = {Outcome.MET, Outcome.VERIFY}
APART = [date(2025, 1, 1).isoformat(), "2026-02", None]

#: Results that no label asks for.
UNRELATED = [
    variant("TTN", "p.Gly12Cys", significance="pathogenic"),
    variant("TTN", state=State.ABSENT),
    fusion("TTN", "MUC16"),
    fact(Kind.COPY_NUMBER, genes=("TTN",), variant_class="amplification", copies=12),
    fact(Kind.EXPRESSION, marker="CEA", score="serum ng/ml", value=900),
    fact(Kind.EXPRESSION, marker="CEA", state=State.ABSENT),
    fact(Kind.SIGNATURE, marker="APOBEC", value="positive"),
    fact(Kind.GENOTYPE, genes=("CYP4F2",), diplotype="*1/*3"),
    fact(Kind.PHENOTYPE, genes=("CYP4F2",), phenotype="poor metaboliser"),
    fact(Kind.HLA, genes=("HLA-C",), allele="HLA-C*07:01"),
    fact(Kind.PERFORMANCE, score="Karnofsky", value=20),
    fact(Kind.STAGE, marker="FIGO", value="FIGO IVB"),
    fact(Kind.THERAPY, inn="paracetamol", status="active"),
    fact(Kind.DISEASE_STATUS, marker="metastasis", status="history", value="brain"),
    fact(Kind.DEMOGRAPHIC, marker="postcode", value="1010"),
]


@pytest.fixture(scope="module")
def by_statement(knowledge: KnowledgeBase) -> dict[str, tuple[Fact, ...]]:
    """By statement, facts for, against and beside each of its leaves."""
    return {
        statement.id: tuple(item for leaf in leaves(statement.criterion) for item in answers(leaf))
        for _, statement in knowledge.statements
    }


def test_every_statement_can_be_opened(knowledge: KnowledgeBase) -> None:
    """The patient made from a statement is one for whom it opens; so the properties below are not about nothing."""
    for _, statement in knowledge.statements:
        outcomes = {_outcome(statement, facts, knowledge) for facts in _witnesses(statement)}
        assert outcomes & {Outcome.MET, Outcome.VERIFY, Outcome.APPLIES}, statement.id


@settings(max_examples=40)
@given(data=st.data())
def test_engines_agree_in_verdict_trace_and_gaps(
    knowledge: KnowledgeBase, by_statement: dict[str, tuple[Fact, ...]], data: st.DataObject
) -> None:
    patient = Patient(_patient(data, by_statement), TODAY, knowledge.reference)
    reference = ReferenceEngine(patient)
    compiled = CompiledEngine(knowledge.compiled.leaves, patient)
    for (_, statement), node in zip(knowledge.statements, knowledge.compiled.nodes, strict=True):
        expected = reference.trace(statement.criterion)
        assert compiled.verdict(node) is expected.verdict
        assert compiled.trace(node) == expected
        if expected.verdict is Verdict.UNKNOWN:
            assert list(compiled.missing(node)) == _unknown(expected)


@settings(max_examples=40)
@given(data=st.data())
def test_what_does_not_concern_a_patient_is_not_open(
    knowledge: KnowledgeBase, by_statement: dict[str, tuple[Fact, ...]], data: st.DataObject
) -> None:
    facts = _patient(data, by_statement)
    found = {finding.statement.id: finding.outcome for finding in evaluate(facts, knowledge, TODAY)}
    for statement, outcome in _outcomes(facts, knowledge):
        if isinstance(statement, Indication):
            assert found.get(statement.id, outcome) is outcome
            assert statement.id in found or outcome not in OPEN, statement.id


@settings(max_examples=150)
@given(data=st.data())
def test_a_variant_of_unknown_meaning_opens_nothing(knowledge: KnowledgeBase, data: st.DataObject) -> None:
    """All else of the statement holds, and the gene that would open it has a variant that says too little."""
    statement, genes = data.draw(st.sampled_from(_opened_by_variants(knowledge)))
    beside = witness(_without_variants(statement.criterion), choose=_choice(data))
    facts = [item for item in beside if not genes & set(item.genes)]
    for gene in sorted(genes):
        facts += data.draw(st.lists(st.sampled_from(undecided_variants(gene)), max_size=2))
    assert _outcome(statement, facts, knowledge) not in OPEN, statement.id


@settings(max_examples=40)
@given(data=st.data())
def test_a_tumour_that_is_not_recognised_opens_no_indication(
    knowledge: KnowledgeBase, by_statement: dict[str, tuple[Fact, ...]], data: st.DataObject
) -> None:
    """No diagnosis, one of no known type, one that is over, or one that is not confirmed."""
    known = [item for item in _patient(data, by_statement) if item.kind is not Kind.DISEASE]
    unclear = [tumour(None), tumour(None, status="relapse"), tumour("LUAD", state=State.INDETERMINATE)]
    past = [tumour("LUAD", status="resolved"), tumour("BREAST", status="inactive")]
    facts = known + data.draw(st.lists(st.sampled_from(unclear + past), max_size=2))
    for statement, outcome in _outcomes(facts, knowledge):
        if isinstance(statement, Indication):
            assert outcome not in OPEN, statement.id


@settings(max_examples=40)
@given(data=st.data())
def test_an_unrelated_result_changes_no_outcome(
    knowledge: KnowledgeBase, by_statement: dict[str, tuple[Fact, ...]], data: st.DataObject
) -> None:
    facts = _patient(data, by_statement)
    added = data.draw(st.lists(st.sampled_from(UNRELATED), min_size=1, max_size=3))
    before, after = (list(_outcomes(given_facts, knowledge)) for given_facts in (facts, facts + added))
    assert before == after


def test_a_record_without_facts_opens_no_indication(knowledge: KnowledgeBase) -> None:
    for statement, outcome in _outcomes([], knowledge):
        if isinstance(statement, Indication):
            assert outcome in (Outcome.TEST, Outcome.UNMET), statement.id
    assert not evaluate([], knowledge, TODAY)


def _patient(data: st.DataObject, by_statement: dict[str, tuple[Fact, ...]]) -> list[Fact]:
    """Facts that bear on two statements, in any order, some of them dated."""
    names = data.draw(st.lists(st.sampled_from(sorted(by_statement)), min_size=1, max_size=2))
    pool = [item for name in names for item in by_statement[name]]
    drawn = data.draw(st.lists(st.sampled_from(pool), max_size=10)) if pool else []
    return [replace(item, date=data.draw(st.sampled_from(APART))) for item in drawn]


def _choice(data: st.DataObject) -> Choose:
    return lambda parts: parts[data.draw(st.integers(0, len(parts) - 1))]


def _witnesses(statement: Statement) -> Iterator[tuple[Fact, ...]]:
    """Patients who differ in which of the alternatives they fulfil."""
    for number in range(12):
        yield witness(statement.criterion, choose=_take(number))


def _take(number: int) -> Choose:
    return lambda parts: parts[number % len(parts)]


def _opened_by_variants(knowledge: KnowledgeBase) -> list[tuple[Indication, frozenset[str]]]:
    """The indications that a small variant opens, each with all genes that can open it."""
    found = []
    for _, statement in knowledge.statements:
        genes = _required_variants(statement.criterion) if isinstance(statement, Indication) else frozenset()
        if genes and isinstance(statement, Indication):
            found.append((statement, genes))
    return found


def _required_variants(criterion: Criterion) -> frozenset[str]:
    """The genes of variants without one of which a criterion cannot hold."""
    if isinstance(criterion, HasVariant):
        return frozenset({criterion.gene})
    if isinstance(criterion, AllOf):
        return frozenset[str]().union(*map(_required_variants, criterion.criteria))
    if isinstance(criterion, AnyOf):
        parts = [_required_variants(part) for part in criterion.criteria]
        return frozenset[str]().union(*parts) if all(parts) else frozenset()
    return frozenset()


def _without_variants(criterion: Criterion) -> Criterion:
    """A criterion without its conjuncts that a required variant decides."""
    if not isinstance(criterion, AllOf):
        return criterion
    kept = tuple(_without_variants(part) for part in criterion.criteria if isinstance(part, AllOf) or _plain(part))
    return AllOf(kept or (HasTumour("CUP"),))


def _plain(criterion: Criterion) -> bool:
    return not _required_variants(criterion) and not isinstance(criterion, NoRecordedResistance)


def _outcomes(facts: Any, knowledge: KnowledgeBase) -> Iterator[tuple[Statement, Outcome]]:
    engine = ReferenceEngine(Patient(facts, TODAY, knowledge.reference))
    for _, statement in knowledge.statements:
        yield statement, outcome_of(statement, engine.trace(statement.criterion))


def _outcome(statement: Statement, facts: Any, knowledge: KnowledgeBase) -> Outcome:
    engine = ReferenceEngine(Patient(facts, TODAY, knowledge.reference))
    return outcome_of(statement, engine.trace(statement.criterion))


def _unknown(trace: Trace) -> list[Trace]:
    return [leaf for leaf in trace.deciding_leaves() if leaf.verdict is Verdict.UNKNOWN]
