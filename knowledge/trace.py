"""Why a criterion has its verdict: the tree of criteria with, at each leaf, the deciding or missing fact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from knowledge.criteria import AllOf, AnyOf, Criterion, Leaf, Not, NotKnown, Role
from knowledge.facts import Fact
from knowledge.making import quick_to_make
from knowledge.verdicts import Verdict, conjunction, disjunction, negation
from knowledge.wording import criterion_name, describe, describe_fact

#: A tuple, because a union of types is built anew at each use, and this is asked for every leaf of every statement.
_INNER = (AllOf, AnyOf, Not, NotKnown)


@quick_to_make
@dataclass(frozen=True, slots=True)
class Trace:
    """One node of the verdict tree.

    ``facts`` decided a leaf, or came nearest to deciding it; ``depth`` is how deep a variant matched
    (``protein``, ``codon``, ``class``, ``gene``); ``note`` says why a leaf is unknown or false.
    """

    criterion: Criterion
    verdict: Verdict
    children: tuple[Trace, ...] = ()
    facts: tuple[Fact, ...] = ()
    depth: str | None = None
    note: str | None = None

    def leaves(self) -> Iterator[Trace]:
        """Every leaf below this node, in reading order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def deciding_leaves(self) -> Iterator[Trace]:
        """The leaves that share the verdict along the whole path and so explain it.

        Below ``Not`` and ``NotKnown``, which turn a verdict around, the path follows the child's own verdict.
        """
        if not self.children:
            yield self
        for child in self.children:
            if isinstance(self.criterion, Not | NotKnown) or child.verdict is self.verdict:
                yield from child.deciding_leaves()

    def failing(self) -> Iterator[Trace]:
        """The criteria that make a false node false as a label words them: alternatives and negations as such."""
        if not isinstance(self.criterion, AllOf):
            yield self
            return
        for child in self.children:
            if child.verdict is Verdict.FALSE:
                yield from child.failing()

    def of_role(self, role: Role, otherwise: Verdict = Verdict.TRUE) -> Verdict:
        """The verdict if every leaf of another role were ``otherwise``, or the contrary below a negation."""
        if not self.children:
            return self.verdict if leaf_of(self).role is role else otherwise
        if isinstance(self.criterion, NotKnown):
            return self.verdict
        if isinstance(self.criterion, Not):
            return negation(self.children[0].of_role(role, negation(otherwise)))
        combined = disjunction if isinstance(self.criterion, AnyOf) else conjunction
        return combined(child.of_role(role, otherwise) for child in self.children)

    def to_json(self) -> dict[str, Any]:
        """The tree as JSON; members without a value are left out."""
        result: dict[str, Any] = {"criterion": criterion_name(self.criterion), "verdict": self.verdict.value}
        if isinstance(self.criterion, _INNER):
            result["children"] = [child.to_json() for child in self.children]
            return result
        result["text"] = describe(self.criterion)
        if self.depth:
            result["depth"] = self.depth
        if self.facts:
            result["facts"] = [_fact_reference(fact) for fact in self.facts]
        if self.note:
            result["note"] = self.note
        return result


def _fact_reference(fact: Fact) -> dict[str, Any]:
    result: dict[str, Any] = {"reference": fact.source.reference, "text": describe_fact(fact)}
    if fact.source.path:
        result["path"] = fact.source.path
    if fact.date:
        result["date"] = fact.date
    return result


def leaf_of(trace: Trace) -> Leaf:
    """The leaf criterion of a leaf trace."""
    criterion = trace.criterion
    if isinstance(criterion, _INNER):
        raise TypeError("not a leaf")
    return criterion
