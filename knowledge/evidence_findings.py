"""Evidence beyond the label, evaluated for one patient, with where it touches the labels' own options.

Only evidence about a gene or marker of the record and about a recorded tumour concerns a patient. What was not tested
is not asked for: the evidence layer opens nothing, so nothing has to be tested for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from knowledge.compiled_engine import CompiledEngine
from knowledge.criteria import Role
from knowledge.drugs import DrugClasses
from knowledge.evaluation import Evaluated, Finding, Layer, Outcome, recorded_tumours
from knowledge.evidence import Direction, EvidenceStatement, Interaction, Regimen, Significance
from knowledge.facts import Fact
from knowledge.loading import KnowledgeBase
from knowledge.making import quick_to_make
from knowledge.patient import Patient
from knowledge.statements import Indication, Partner
from knowledge.trace import leaf_of
from knowledge.verdicts import Verdict

_OPEN = (Outcome.MET, Outcome.VERIFY)
_OUTCOMES = {Verdict.TRUE: Outcome.MET, Verdict.FALSE: Outcome.UNMET, Verdict.UNKNOWN: Outcome.TEST}
_AGAINST = (Significance.RESISTANCE, Significance.REDUCED_SENSITIVITY)
_OPPOSITES = [{Significance.SENSITIVITY, against} for against in _AGAINST]


@quick_to_make
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EvidenceFinding(Evaluated):
    """One evidence statement evaluated for one patient: ``met``, ``unmet``, or ``test`` if that was asked for.

    ``covered_by``: open label options, by id, that are the same therapy for the same finding; the evidence is then no
    off-label option. ``opposes``: open label options of a therapy to which it reports resistance for this finding.
    ``contradicted_by``: other evidence that is met and says otherwise of the same therapy. Both stay as they are.
    """

    statement: EvidenceStatement
    covered_by: tuple[str, ...] = ()
    opposes: tuple[str, ...] = ()
    contradicted_by: tuple[str, ...] = ()

    @property
    def layer(self) -> Layer:
        """Always ``evidence``."""
        return Layer.EVIDENCE

    @property
    def is_off_label_option(self) -> bool:
        """Whether it supports sensitivity to a therapy that no label opens for this patient's finding."""
        statement = self.statement
        supports = statement.direction is Direction.SUPPORTS and statement.significance is Significance.SENSITIVITY
        return self.outcome is Outcome.MET and supports and not self.covered_by

    def to_json(self) -> dict[str, Any]:
        """The finding as the command line prints it; members without a value are left out."""
        statement = self.statement
        result: dict[str, Any] = {
            "id": statement.id,
            "medicine": statement.regimen,
            "inn": " / ".join(sorted({therapy.inn for therapy in statement.therapies if therapy.inn})),
            "layer": self.layer.value,
            "outcome": self.outcome.value,
            "claim": statement.claim,
            "direction": statement.direction.value,
            "significance": statement.significance.value,
            "levels": list(statement.levels),
            "evidence": [
                {"id": item.id, "level": item.level} | ({"rating": item.rating} if item.rating else {})
                for item in statement.items
            ],
        }
        optional = {
            "tier": statement.tier,
            "interaction": statement.interaction,
            "covered_by": list(self.covered_by),
            "opposes": list(self.opposes),
            "contradicted_by": list(self.contradicted_by),
        }
        return result | {name: value for name, value in optional.items() if value} | {"trace": self.trace.to_json()}


def evaluate_evidence(
    facts: Iterable[Fact],
    knowledge: KnowledgeBase,
    today: date,
    findings: Sequence[Finding],
    *,
    undecided: bool = False,
) -> tuple[EvidenceFinding, ...]:
    """Evaluate the evidence that concerns a gene or marker of the patient and one of the recorded tumours.

    ``findings`` are those of the labels for the same facts (:func:`knowledge.evaluate`). Evidence that is neither met
    nor unmet is left out unless ``undecided`` asks for it. Findings come in the order of the table.
    """
    patient = Patient(facts, today, knowledge.reference)
    compiled = knowledge.compiled_evidence
    tumours, lineage = recorded_tumours(patient)
    concerning = set(compiled.index.concerning(tumours, lineage, (), ()))
    concerning &= set(compiled.index.concerning((), (), patient.names(), ()))
    engine = CompiledEngine(compiled.leaves, patient)
    options = [_Option(finding, _biomarkers(finding)) for finding in findings if _is_open(finding)]
    found: list[EvidenceFinding] = []
    for number in sorted(concerning):
        node = compiled.nodes[number]
        outcome = _OUTCOMES[engine.verdict(node)]
        if outcome is not Outcome.TEST or undecided:
            found.append(EvidenceFinding(outcome, node, engine, knowledge.evidence[number]))
    met = [finding for finding in found if finding.outcome is Outcome.MET]
    classes = knowledge.reference.drug_classes
    related = {finding.statement.id: _related(finding, met, options, classes) for finding in met}
    return tuple(related.get(finding.statement.id, finding) for finding in found)


def _is_open(finding: Finding) -> bool:
    return finding.layer is Layer.LABEL and finding.outcome in _OPEN


@dataclass(frozen=True, slots=True)
class _Option:
    """A label option that is open, with the facts that opened it (none, if its label asks for no biomarker)."""

    finding: Finding
    biomarkers: frozenset[Fact]


def _biomarkers(finding: Evaluated) -> frozenset[Fact]:
    """The facts of the biomarkers that are there and count for the finding."""
    return frozenset(
        fact
        for leaf in finding.unnegated_leaves()
        if leaf.verdict is Verdict.TRUE and leaf_of(leaf).role is Role.BIOMARKER
        for fact in leaf.facts
    )


def _related(
    finding: EvidenceFinding, met: Sequence[EvidenceFinding], options: Sequence[_Option], classes: DrugClasses
) -> EvidenceFinding:
    """The finding with the label options and the other evidence that it touches."""
    statement, biomarkers = finding.statement, _biomarkers(finding)
    by_regimen = [
        [option for option in options if _is_regimen(regimen, option.finding, classes)]
        for regimen in statement.regimens
    ]
    covering = [
        [option for option in found if not option.biomarkers or option.biomarkers & biomarkers] for found in by_regimen
    ]
    supports = statement.direction is Direction.SUPPORTS
    whole = len(covering) == _alternatives(statement) and all(covering)
    return replace(
        finding,
        covered_by=_ids(covering) if supports and whole and statement.significance is Significance.SENSITIVITY else (),
        opposes=_ids(by_regimen) if supports and statement.significance in _AGAINST else (),
        contradicted_by=tuple(other.statement.id for other in met if _contradict(statement, other.statement)),
    )


def _ids(found: Iterable[Iterable[_Option]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(option.finding.statement.id for options in found for option in options))


def _alternatives(statement: EvidenceStatement) -> int:
    return len(statement.therapies) if statement.interaction is Interaction.SUBSTITUTES else 1


def _is_regimen(regimen: Regimen, finding: Finding, classes: DrugClasses) -> bool:
    """Whether the regimen is exactly what the label gives together: the medicine and each of its partners.

    A group of drugs in the regimen stands for the partners that its drugs leave over, one at least.
    """
    statement = finding.statement
    if not isinstance(statement, Indication) or not finding.medicine.drugs <= regimen.drugs:
        return False
    left = _left_over(regimen.drugs - finding.medicine.drugs, statement.partners, classes)
    return any(bool(count) is regimen.with_group for count in left)


def _left_over(drugs: frozenset[str], partners: Sequence[Partner], classes: DrugClasses) -> set[int]:
    """How many partners no drug is, for each way in which all drugs are partners; empty if there is no such way."""
    if not partners:
        return set() if drugs else {0}
    first, others = partners[0], partners[1:]
    members = frozenset(first.inns) | (classes.members(first.drug_class) if first.drug_class else frozenset())
    counts = {count + 1 for count in _left_over(drugs, others, classes)}
    for drug in drugs & members:
        counts |= _left_over(drugs - {drug}, others, classes)
    return counts


def _contradict(one: EvidenceStatement, other: EvidenceStatement) -> bool:
    """Whether two statements about the same therapy say opposite things: yes and no, or sensitive and resistant."""
    if one.significance is other.significance:
        opposite = one.direction is not other.direction
    else:
        both = {one.significance, other.significance}
        opposite = one.direction is other.direction is Direction.SUPPORTS and both in _OPPOSITES
    return opposite and (one.regimen == other.regimen or not set(one.regimens).isdisjoint(other.regimens))
