"""From facts to findings: which statements concern the patient, and what each comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from knowledge.criteria import Role
from knowledge.facts import Fact, Kind, State
from knowledge.loading import KnowledgeBase
from knowledge.patient import Patient
from knowledge.reference_engine import ReferenceEngine
from knowledge.statements import Indication, Medicine, SafetyStatement, Statement, genes_of
from knowledge.trace import Trace, leaf_of
from knowledge.verdicts import Verdict


class Outcome(StrEnum):
    """What a statement comes to for a patient.

    Of an indication: ``met`` (everything true), ``verify`` (tumour and biomarkers true, something
    clinical unknown), ``test`` (nothing false, the tumour type or a biomarker unknown), ``unmet``.
    Of a safety statement: ``applies``, ``test``, ``clear``.
    """

    MET = "met"
    VERIFY = "verify"
    TEST = "test"
    UNMET = "unmet"
    APPLIES = "applies"
    CLEAR = "clear"


class Layer(StrEnum):
    """How strong the source is. A lower layer never looks like a higher one."""

    LABEL = "label"
    SAFETY = "safety"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement evaluated for one patient."""

    medicine: Medicine
    statement: Statement
    outcome: Outcome
    trace: Trace

    @property
    def layer(self) -> Layer:
        """``label`` for an indication, ``safety`` for a safety statement."""
        return Layer.LABEL if isinstance(self.statement, Indication) else Layer.SAFETY

    def missing(self, *roles: Role) -> tuple[Trace, ...]:
        """The unknown leaves that keep this finding from being decided, of the given roles."""
        return tuple(leaf for leaf in self.trace.deciding_leaves() if _is_missing(leaf, roles))

    def to_json(self) -> dict[str, Any]:
        """The finding as the command line prints it."""
        return {
            "id": self.statement.id,
            "medicine": self.medicine.brand,
            "inn": self.medicine.inn,
            "layer": self.layer.value,
            "outcome": self.outcome.value,
            "trace": self.trace.to_json(),
        }


def _is_missing(leaf: Trace, roles: tuple[Role, ...]) -> bool:
    return leaf.verdict is Verdict.UNKNOWN and (not roles or leaf_of(leaf).role in roles)


def evaluate(facts: Iterable[Fact], knowledge: KnowledgeBase, today: date) -> tuple[Finding, ...]:
    """Evaluate every statement that concerns one of the patient's tumours, drugs or genes.

    ``today`` is the day for which the age is computed. Findings come in the order of the knowledge base.
    """
    patient = Patient(facts, today, knowledge.reference)
    engine = ReferenceEngine(patient)
    return tuple(
        _finding(medicine, statement, engine.trace(statement.criterion))
        for medicine, statement in _concerning(patient, knowledge)
    )


def _concerning(patient: Patient, knowledge: KnowledgeBase) -> Iterator[tuple[Medicine, Statement]]:
    tree = knowledge.reference.tumours
    tumours = {fact.tumour for fact in patient.of_kind(Kind.DISEASE) if fact.tumour and fact.state is State.PRESENT}
    lineage = {node for tumour in tumours for node in tree.ancestors(tumour)} | tumours
    drugs = {fact.inn for fact in patient.of_kind(Kind.THERAPY) if fact.inn}
    named = {gene for fact in patient.facts for gene in fact.genes} | {f.marker for f in patient.facts if f.marker}
    for medicine, statement in knowledge.statements:
        own = set(statement.tumours)
        if own & lineage or any(tree.is_a(node, tumour) for node in own for tumour in tumours):
            yield medicine, statement
        elif medicine.drugs & drugs or genes_of(statement) & named:
            yield medicine, statement


def _finding(medicine: Medicine, statement: Statement, trace: Trace) -> Finding:
    outcome = _safety_outcome(trace) if isinstance(statement, SafetyStatement) else indication_outcome(trace)
    return Finding(medicine, statement, outcome, trace)


def indication_outcome(trace: Trace) -> Outcome:
    """The outcome of an indication from its verdict tree."""
    if trace.verdict is Verdict.TRUE:
        return Outcome.MET
    if trace.verdict is Verdict.FALSE:
        return Outcome.UNMET
    unknown = {leaf_of(leaf).role for leaf in trace.deciding_leaves() if leaf.verdict is Verdict.UNKNOWN}
    return Outcome.VERIFY if unknown <= {Role.CLINICAL} else Outcome.TEST


def _safety_outcome(trace: Trace) -> Outcome:
    if trace.verdict is Verdict.TRUE:
        return Outcome.APPLIES
    return Outcome.CLEAR if trace.verdict is Verdict.FALSE else Outcome.TEST
