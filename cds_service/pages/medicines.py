"""The statements that concern a patient, by medicine, with why and why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cards.details import open_questions
from cards.order_details import reasons
from cds_service.pages.criteria_tree import Node, tree_of_trace
from knowledge import EvidenceFinding, Finding, Outcome
from knowledge.language import ENGLISH
from knowledge.statements import Medicine
from knowledge.terminology import TumourTree
from knowledge.views import said

#: What people read first.
_ORDER = (Outcome.APPLIES, Outcome.MET, Outcome.VERIFY, Outcome.TEST, Outcome.UNMET, Outcome.CLEAR)
_CLOSED = (Outcome.UNMET, Outcome.CLEAR)
WORDS = {
    Outcome.APPLIES: "applies",
    Outcome.MET: "met",
    Outcome.VERIFY: "to verify",
    Outcome.TEST: "test first",
    Outcome.UNMET: "not met",
    Outcome.CLEAR: "does not apply",
}
#: What is told of why a statement comes to an outcome.
ABOUT_WHY = {
    Outcome.APPLIES: "Note",
    Outcome.MET: "Note",
    Outcome.VERIFY: "Open",
    Outcome.TEST: "Open",
    Outcome.UNMET: "Why not",
    Outcome.CLEAR: "Why not",
}


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One statement for this patient. ``why`` are the questions that are open or, if it is closed, what closes it."""

    id: str
    text: str
    outcome: Outcome
    why: tuple[str, ...]
    tree: Node

    @property
    def words(self) -> str:
        """The outcome in words."""
        return WORDS[self.outcome]

    @property
    def about_why(self) -> str:
        """What ``why`` tells, in words."""
        return ABOUT_WHY[self.outcome]


@dataclass(frozen=True, slots=True)
class ShownMedicine:
    """One medicine with its statements, the nearest to the patient first."""

    medicine: Medicine
    findings: tuple[ShownFinding, ...]

    @property
    def outcome(self) -> Outcome:
        """The outcome of the first statement."""
        return self.findings[0].outcome

    @property
    def is_closed(self) -> bool:
        """Whether no statement is open for this patient."""
        return self.outcome in _CLOSED


def shown_medicines(findings: Iterable[Finding], tumours: TumourTree) -> list[ShownMedicine]:
    """The medicines of the findings, those with an open statement first."""
    by_brand: dict[str, list[Finding]] = {}
    for finding in findings:
        by_brand.setdefault(finding.medicine.brand, []).append(finding)
    found = []
    for group in by_brand.values():
        group.sort(key=lambda finding: _ORDER.index(finding.outcome))
        found.append(ShownMedicine(group[0].medicine, tuple(shown_finding(finding, tumours) for finding in group)))
    return sorted(found, key=lambda shown: (_ORDER.index(shown.outcome), shown.medicine.brand))


def shown_finding(finding: Finding, tumours: TumourTree) -> ShownFinding:
    """A finding of a label with its tree."""
    statement = finding.statement
    tree = tree_of_trace(finding.trace, tumours)
    return ShownFinding(statement.id, said(statement), finding.outcome, tuple(why(finding)), tree)


def shown_evidence(findings: Iterable[EvidenceFinding], tumours: TumourTree) -> list[ShownFinding]:
    """Evidence beyond the label, met before unmet."""
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.outcome))
    return [
        ShownFinding(
            finding.statement.id,
            finding.statement.claim,
            finding.outcome,
            tuple(why(finding)),
            tree_of_trace(finding.trace, tumours),
        )
        for finding in ordered
    ]


def why(finding: Finding | EvidenceFinding) -> list[str]:
    """What is open or, if nothing is, what closes the statement; of evidence where it touches labels."""
    if isinstance(finding, EvidenceFinding):
        return list(_relations(finding))
    if finding.veto:
        return [finding.veto.note or "recorded resistance"]
    if finding.outcome in _CLOSED:
        return reasons(finding, ENGLISH)
    return open_questions(finding)


def _relations(finding: EvidenceFinding) -> Iterable[str]:
    """Where evidence touches the labels and other evidence."""
    for words, ids in (
        ("the same therapy is an option of the label: ", finding.covered_by),
        ("reports resistance to an option of the label: ", finding.opposes),
        ("other evidence says otherwise: ", finding.contradicted_by),
    ):
        if ids:
            yield words + ", ".join(ids)
