"""The reference engine: plain recursion over a criterion, as slow and as obvious as it may be.

Equal leaves are decided once per patient, because many labels ask the same question.
"""

from __future__ import annotations

from knowledge.criteria import AllOf, AnyOf, Criterion, Leaf, Not, NotKnown
from knowledge.deciders import decide
from knowledge.patient import Patient
from knowledge.trace import Trace
from knowledge.verdicts import conjunction, disjunction, ignorance, negation


class ReferenceEngine:
    """Evaluates criteria for one patient."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._decided: dict[Leaf, Trace] = {}

    def trace(self, criterion: Criterion) -> Trace:
        """The verdict of a criterion with its whole tree."""
        if isinstance(criterion, Not | NotKnown):
            child = self.trace(criterion.criterion)
            turned = negation(child.verdict) if isinstance(criterion, Not) else ignorance(child.verdict)
            return Trace(criterion, turned, (child,))
        if isinstance(criterion, AllOf | AnyOf):
            children = tuple(self.trace(child) for child in criterion.criteria)
            combine = conjunction if isinstance(criterion, AllOf) else disjunction
            return Trace(criterion, combine(child.verdict for child in children), children)
        return self._leaf(criterion)

    def _leaf(self, criterion: Leaf) -> Trace:
        known = self._decided.get(criterion)
        if known is None:
            decision = decide(criterion, self._patient)
            known = Trace(criterion, decision.verdict, (), decision.facts, decision.depth, decision.note)
            self._decided[criterion] = known
        return known
