"""A statement's criteria as the tree that people read, with a patient's verdicts where there is a patient."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.criteria import AllOf, AnyOf, Criterion, Not, NotKnown
from knowledge.facts import Fact
from knowledge.statement_wording import describe_with_tumours
from knowledge.terminology import TumourTree
from knowledge.trace import Trace

_HEADINGS: dict[type, str] = {
    AllOf: "All of these",
    AnyOf: "At least one of these",
    Not: "Not this",
    NotKnown: "The record does not tell whether",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One criterion in words. ``verdict`` is ``true``, ``false`` or ``unknown``, or ``None`` without a patient.

    ``role`` says what a leaf needs to know: ``tumour``, ``biomarker`` or ``clinical``. ``facts``, ``note`` and
    ``depth`` are those of the trace.
    """

    text: str
    verdict: str | None
    role: str | None = None
    children: tuple[Node, ...] = ()
    facts: tuple[Fact, ...] = ()
    note: str | None = None
    depth: str | None = None


def tree_of_trace(trace: Trace, tumours: TumourTree) -> Node:
    """The tree with the verdicts of a patient and the facts behind them."""
    criterion = trace.criterion
    if not isinstance(criterion, AllOf | AnyOf | Not | NotKnown):
        verdict = trace.verdict.value
        return Node(
            describe_with_tumours(criterion, tumours), verdict, criterion.role, (), trace.facts, trace.note, trace.depth
        )
    children = [tree_of_trace(child, tumours) for child in _flat(trace)]
    return Node(_HEADINGS[type(criterion)], trace.verdict.value, children=tuple(children))


def tree_of_criterion(criterion: Criterion, tumours: TumourTree) -> Node:
    """The tree as the label has it."""
    if isinstance(criterion, AllOf | AnyOf):
        children = [tree_of_criterion(child, tumours) for child in _flat_criteria(criterion)]
        return Node(_HEADINGS[type(criterion)], None, children=tuple(children))
    if isinstance(criterion, Not | NotKnown):
        return Node(_HEADINGS[type(criterion)], None, children=(tree_of_criterion(criterion.criterion, tumours),))
    return Node(describe_with_tumours(criterion, tumours), None, criterion.role)


def _flat(trace: Trace) -> list[Trace]:
    """The children; those that are joined as their parent is stand beside its own."""
    kind = type(trace.criterion)
    if kind in (Not, NotKnown):
        return list(trace.children)
    found: list[Trace] = []
    for child in trace.children:
        found += _flat(child) if type(child.criterion) is kind else [child]
    return found


def _flat_criteria(criterion: AllOf | AnyOf) -> list[Criterion]:
    found: list[Criterion] = []
    for child in criterion.criteria:
        if isinstance(child, AllOf | AnyOf) and type(child) is type(criterion):
            found += _flat_criteria(child)
        else:
            found.append(child)
    return found
