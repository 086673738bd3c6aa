"""What is said of statements and of missing details, worked out once for a whole cohort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from knowledge import Finding, KnowledgeBase, Outcome
from knowledge.criteria import Role
from knowledge.evaluation import Layer
from knowledge.statement_wording import stale_json
from knowledge.statements import Indication, Medicine, Statement
from knowledge.trace import Trace, leaf_of
from knowledge.wording import describe

OUTCOMES = tuple(outcome.value for outcome in Outcome)
_OUTCOME_NUMBERS = {outcome: number for number, outcome in enumerate(Outcome)}
#: Outcomes that leave something to be tested or verified.
UNDECIDED = frozenset({Outcome.TEST, Outcome.VERIFY})
#: Outcomes that say nothing to do.
CLOSED = frozenset({Outcome.UNMET, Outcome.CLEAR})


class Said(NamedTuple):
    """A finding with the number of its statement, the place of its outcome, and the texts of what is missing.

    ``missing`` are numbers of texts of :class:`StatementWords`, each once.
    """

    finding: Finding
    statement: int
    outcome: int
    missing: Sequence[int]


class StatementWords:
    """The statements of a knowledge base by number, and what keeps findings undecided, by number too."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self.statements = knowledge.statements
        self.rows: tuple[Mapping[str, Any], ...] = tuple(_row(*pair) for pair in knowledge.statements)
        self._numbers = {id(statement): number for number, (_, statement) in enumerate(knowledge.statements)}
        self.texts: list[str] = []
        self.analytes: list[str] = []  # of each text, the biomarker that it asks for; empty for what is clinical
        self._known: dict[int, int] = {}
        self._same: dict[tuple[str, str], int] = {}

    def said(self, findings: Iterable[Finding]) -> list[Said]:
        """The findings of a patient with what is said of each."""
        return [
            Said(
                finding, self._numbers[id(finding.statement)], _OUTCOME_NUMBERS[finding.outcome], self._missing(finding)
            )
            for finding in findings
        ]

    def _missing(self, finding: Finding) -> Sequence[int]:
        if finding.outcome not in UNDECIDED:
            return ()
        return list(dict.fromkeys(self._text(finding, leaf) for leaf in finding.missing()))

    def _text(self, finding: Finding, trace: Trace) -> int:
        # The leaves of compiled criteria live as long as the knowledge, so that they are known by identity.
        known = self._known.get(id(trace.criterion))
        if known is None:
            leaf = leaf_of(trace)
            said = (str(describe(leaf)), finding.analyte(trace) if leaf.role is Role.BIOMARKER else "")
            known = self._same.get(said)
            if known is None:
                known = self._same[said] = len(self.texts)
                self.texts.append(said[0])
                self.analytes.append(said[1])
            self._known[id(trace.criterion)] = known
        return known


def _row(medicine: Medicine, statement: Statement) -> dict[str, Any]:
    newer = medicine.newer_label
    layer = Layer.LABEL if isinstance(statement, Indication) else Layer.SAFETY
    return {
        "id": statement.id,
        "medicine": medicine.brand,
        "inn": medicine.inn,
        "layer": layer.value,
        **({"stale": stale_json(newer, statement.id)} if newer else {}),
    }
