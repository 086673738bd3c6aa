"""What holds for every safety statement of a label."""

from __future__ import annotations

from knowledge import KnowledgeBase
from knowledge.criteria import HadTherapy, leaves
from knowledge.statements import SafetyStatement

#: What such a statement says concerns a relapse after the medicine, not whoever may be given it.
ABOUT_EARLIER_USE = {"blincyto-6"}


def test_no_safety_statement_waits_until_its_medicine_has_been_given(knowledge: KnowledgeBase) -> None:
    """A card shows it if the medicine is received, drafted or an option; before the first dose it matters most."""
    waiting = {
        statement.id
        for medicine, statement in knowledge.statements
        if isinstance(statement, SafetyStatement)
        for leaf in leaves(statement.criterion)
        if isinstance(leaf, HadTherapy) and leaf.inn in medicine.drugs
    }
    assert waiting == ABOUT_EARLIER_USE
