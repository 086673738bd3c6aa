"""From facts to findings: which statements concern the patient, and what each comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from knowledge.compiled_engine import CompiledEngine, Node
from knowledge.criteria import ByAnyTest, Criterion, HasExpression, Role
from knowledge.facts import Fact, Kind, State
from knowledge.loading import KnowledgeBase
from knowledge.making import quick_to_make
from knowledge.patient import Patient
from knowledge.statement_wording import stale_json
from knowledge.statements import Indication, Medicine, SafetyStatement, Statement, analyte_of, protein_of
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


_UNDECIDED = (Outcome.VERIFY, Outcome.TEST)


class Layer(StrEnum):
    """How strong the source is. A lower layer never looks like a higher one."""

    LABEL = "label"
    SAFETY = "safety"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evaluated:
    """What a statement of any layer comes to for one patient, and why."""

    outcome: Outcome
    _node: Node
    _engine: CompiledEngine

    @property
    def trace(self) -> Trace:
        """Why: the verdict tree, built when it is asked for."""
        return self._engine.trace(self._node)

    def leaves(self) -> Iterator[Trace]:
        """Every leaf of the trace."""
        return map(self._engine.leaf, self._node.leaves)

    def unnegated_leaves(self) -> Iterator[Trace]:
        """The leaves of the trace that no negation stands above."""
        return map(self._engine.leaf, self._node.unnegated)

    def closing(self) -> tuple[Trace, ...]:
        """The leaves that make a false statement false."""
        if self.outcome not in (Outcome.UNMET, Outcome.CLEAR):
            return ()
        return tuple(self.trace.deciding_leaves())

    def failing(self) -> tuple[Trace, ...]:
        """The criteria that make a false statement false, each as the label words it."""
        return tuple(self.trace.failing()) if self.outcome in (Outcome.UNMET, Outcome.CLEAR) else ()

    @property
    def biomarkers(self) -> Verdict:
        """What the biomarkers alone come to, were everything else as the statement asks."""
        return self.trace.of_role(Role.BIOMARKER)

    def deciding_facts(self) -> tuple[Fact, ...]:
        """The facts that decided it, each once; of a gap that decides it there is none."""
        decided = (leaf for leaf in self.trace.deciding_leaves() if leaf.verdict is not Verdict.UNKNOWN)
        return tuple(dict.fromkeys(fact for leaf in decided for fact in leaf.facts))

    def gaps(self) -> tuple[Trace, ...]:
        """The unknown biomarker leaves that leave it open, or that decide it where it speaks of the gap itself."""
        unknown = (leaf for leaf in self.trace.deciding_leaves() if leaf.verdict is Verdict.UNKNOWN)
        return tuple(leaf for leaf in unknown if leaf_of(leaf).role is Role.BIOMARKER)

    def missing(self, *roles: Role) -> tuple[Trace, ...]:
        """The unknown leaves that keep this finding from being decided, of the given roles or of any."""
        if self.outcome not in _UNDECIDED:
            return ()
        found = self._engine.missing(self._node)
        return tuple(leaf for leaf in found if not roles or leaf_of(leaf).role in roles)

    def analyte(self, leaf: Trace) -> str:
        """What is tested to decide a leaf: a gene, a marker, or the protein of a gene that is tested too."""
        criterion = leaf_of(leaf)
        name = analyte_of(criterion)
        is_protein = isinstance(criterion, HasExpression | ByAnyTest)
        return protein_of(name) if is_protein and self._engine.has_alterations(name) else name

    def open_criteria(self) -> tuple[Criterion, ...]:
        """What remains to be verified or tested, each criterion once, with its negation."""
        if self.outcome not in _UNDECIDED:
            return ()
        return tuple(dict.fromkeys(self._engine.open_criteria(self._node)))


@quick_to_make
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Finding(Evaluated):
    """One statement of a label evaluated for one patient.

    ``layer`` is ``label`` for an indication, ``safety`` for a safety statement. ``veto`` is the recorded
    resistance that alone closes an indication which would otherwise be open. Evidence beyond the label is
    another type (:class:`knowledge.evidence_findings.EvidenceFinding`), so that it cannot pass for a label.
    """

    medicine: Medicine
    statement: Statement
    layer: Layer
    veto: Trace | None

    @property
    def tumour(self) -> Verdict:
        """Whether the patient's tumour is the statement's; true where the statement names none."""
        # The tumour part of a statement, if it has one, is the first of its criterion.
        return self._engine.verdict(self._node.children[0]) if self.statement.tumours else Verdict.TRUE

    def to_json(self) -> dict[str, Any]:
        """The finding as the command line prints it; ``stale`` only where the label has a newer text."""
        newer = self.medicine.newer_label
        return {
            "id": self.statement.id,
            "medicine": self.medicine.brand,
            "inn": self.medicine.inn,
            "layer": self.layer.value,
            "outcome": self.outcome.value,
            **({"stale": stale_json(newer, self.statement.id)} if newer else {}),
            "trace": self.trace.to_json(),
        }


def evaluate(
    facts: Iterable[Fact], knowledge: KnowledgeBase, today: date, drugs: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Evaluate every statement that concerns one of the patient's tumours, drugs or genes, or one of ``drugs``.

    ``today`` is the day for which the age is computed, ``drugs`` are those about to be ordered. Findings come in the
    order of the knowledge base.
    """
    return evaluate_patient(Patient(facts, today, knowledge.reference), knowledge, drugs)


def evaluate_patient(patient: Patient, knowledge: KnowledgeBase, drugs: Iterable[str] = ()) -> tuple[Finding, ...]:
    """The same for facts that are indexed already, with the terminology of this knowledge base."""
    compiled = knowledge.compiled
    engine = CompiledEngine(compiled.leaves, patient)
    findings = []
    for number in _concerning(patient, knowledge, drugs):
        medicine, statement = knowledge.statements[number]
        node = compiled.nodes[number]
        verdict = engine.verdict(node)
        outcome = _outcome(statement, verdict, engine.missing(node) if verdict is Verdict.UNKNOWN else ())
        veto = engine.veto(node) if outcome is Outcome.UNMET else None
        layer = Layer.LABEL if isinstance(statement, Indication) else Layer.SAFETY
        findings.append(Finding(outcome, node, engine, medicine, statement, layer, veto))
    return tuple(findings)


def recorded_tumours(patient: Patient) -> tuple[set[str], set[str]]:
    """The recorded tumour types, and these with every type above them."""
    tree = patient.reference.tumours
    diseases = patient.of_kind(Kind.DISEASE)
    tumours = {fact.tumour for fact in diseases if fact.tumour and fact.state is State.PRESENT}
    return tumours, tumours.union(*(tree.ancestors(tumour) for tumour in tumours))


def _concerning(patient: Patient, knowledge: KnowledgeBase, ordered: Iterable[str]) -> list[int]:
    tumours, lineage = recorded_tumours(patient)
    drugs = {fact.inn for fact in patient.of_kind(Kind.THERAPY) if fact.inn}.union(ordered)
    return knowledge.compiled.index.concerning(tumours, lineage, patient.names(), drugs)


def outcome_of(statement: Statement, trace: Trace) -> Outcome:
    """What a statement comes to by the trace of its criterion."""
    unknown = [leaf for leaf in trace.deciding_leaves() if leaf.verdict is Verdict.UNKNOWN]
    return _outcome(statement, trace.verdict, unknown)


def _outcome(statement: Statement, verdict: Verdict, missing: Iterable[Trace]) -> Outcome:
    if isinstance(statement, SafetyStatement):
        return _SAFETY_OUTCOMES[verdict]
    if verdict is not Verdict.UNKNOWN:
        return Outcome.MET if verdict is Verdict.TRUE else Outcome.UNMET
    # An unknown tumour type asks for a finding as an unknown biomarker does: it never comes to "verify".
    clinical = all(leaf_of(leaf).role is Role.CLINICAL for leaf in missing)
    return Outcome.VERIFY if clinical else Outcome.TEST


_SAFETY_OUTCOMES = {Verdict.TRUE: Outcome.APPLIES, Verdict.FALSE: Outcome.CLEAR, Verdict.UNKNOWN: Outcome.TEST}
