"""One statement with everything that stands behind it, for a page: of a label, or of the evidence beyond labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.pages.criteria_tree import Node, tree_of_criterion, tree_of_trace
from cds_service.pages.medicines import ABOUT_WHY, WORDS, why
from knowledge import EvidenceFinding, EvidenceStatement, Finding, KnowledgeBase
from knowledge.statements import Medicine, SafetyStatement, Statement
from knowledge.views import said, statement_view

_CIVIC = "https://civicdb.org/links"


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One item of evidence with the page of its source."""

    name: str
    url: str
    weight: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a statement comes to for a patient, in words, and why: ``about_why`` says whether that is open or final."""

    outcome: str
    words: str
    about_why: str
    why: tuple[str, ...]

    @classmethod
    def of(cls, finding: Finding | EvidenceFinding | None) -> Judgement | None:
        """That of a finding, if there is one."""
        if finding is None:
            return None
        outcome = finding.outcome
        return cls(outcome.value, WORDS[outcome], ABOUT_WHY[outcome], tuple(why(finding)))


@dataclass(frozen=True, slots=True)
class Explained:
    """A statement in words. ``judgement`` and the verdicts of ``tree`` are there where it was judged for a patient.

    ``label`` is all that a statement of a label says (:func:`knowledge.views.statement_view`); ``evidence`` and
    ``items`` are those of evidence beyond labels.
    """

    id: str
    title: str
    text: str
    kind: str
    tree: Node
    judgement: Judgement | None
    label: dict[str, Any] | None = None
    evidence: EvidenceStatement | None = None
    items: tuple[SourceItem, ...] = ()


def explained(
    identifier: str, knowledge: KnowledgeBase, findings: Mapping[str, Finding | EvidenceFinding]
) -> Explained | None:
    """The statement with this id, judged by the finding for the patient if there is one; ``None`` if there is none."""
    finding = findings.get(identifier)
    for medicine, statement in knowledge.statements:
        if statement.id == identifier:
            return _of_label(medicine, statement, knowledge, finding)
    for evidence in knowledge.evidence:
        if evidence.id == identifier:
            return _of_evidence(evidence, knowledge, finding)
    return None


def _of_label(
    medicine: Medicine, statement: Statement, knowledge: KnowledgeBase, finding: Finding | EvidenceFinding | None
) -> Explained:
    return Explained(
        id=statement.id,
        title=f"{medicine.brand} ({medicine.inn})" if medicine.brand.lower() != medicine.inn else medicine.brand,
        text=said(statement),
        kind=_kind(statement),
        tree=_tree(statement, knowledge, finding),
        judgement=Judgement.of(finding),
        label=statement_view(medicine, statement, knowledge.reference.tumours),
    )


def _of_evidence(
    evidence: EvidenceStatement, knowledge: KnowledgeBase, finding: Finding | EvidenceFinding | None
) -> Explained:
    items = [
        SourceItem(item.id, f"{_CIVIC}/evidence/{item.number}", f"level {item.level}" + _stars(item.rating))
        for item in evidence.items
    ]
    if evidence.tier:
        number = evidence.id.rpartition("AID")[2]
        items.insert(0, SourceItem(f"AID{number}", f"{_CIVIC}/assertions/{number}", evidence.tier))
    return Explained(
        id=evidence.id,
        title=evidence.regimen,
        text=evidence.claim,
        kind="Evidence beyond the EU label: no indication, no recommendation",
        tree=_tree(evidence, knowledge, finding),
        judgement=Judgement.of(finding),
        evidence=evidence,
        items=tuple(items),
    )


def _tree(
    statement: Statement | EvidenceStatement, knowledge: KnowledgeBase, finding: Finding | EvidenceFinding | None
) -> Node:
    tumours = knowledge.reference.tumours
    return tree_of_trace(finding.trace, tumours) if finding else tree_of_criterion(statement.criterion, tumours)


def _kind(statement: Statement) -> str:
    if isinstance(statement, SafetyStatement):
        return f"Safety statement of the EU label: {statement.category}"
    return "Indication of the EU label (section 4.1)"


def _stars(rating: int | None) -> str:
    return f", {rating} of 5 stars" if rating else ""
