"""What a knowledge base covers, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from knowledge.loading import KnowledgeBase
from knowledge.statements import SafetyStatement
from knowledge.views import layer_of


def coverage(knowledge: KnowledgeBase, cases: int) -> dict[str, Any]:
    """Medicines, statements, tests, copies and review, counted in groups. ``cases``: example patients."""
    statements = [statement for _, statement in knowledge.statements]
    tests = [test for statement in statements for test in statement.tests]
    linked = {id(test) for medicine, statement in knowledge.statements for test in medicine.tests_for(statement)}
    copies = [copy for medicine in knowledge.medicines for copy in medicine.copies]
    carried = sum(
        len(medicine.copies_with(statement)) for medicine, statement in knowledge.statements if medicine.copies
    )
    safety = [statement for statement in statements if isinstance(statement, SafetyStatement)]
    return {
        "medicines": _counted(medicine.status for medicine in knowledge.medicines)
        | {"conditional": sum(medicine.conditional for medicine in knowledge.medicines)}
        | {"with a newer label": sum(medicine.newer_label is not None for medicine in knowledge.medicines)},
        "statements": _counted(map(layer_of, statements)),
        "safety statements": _counted(statement.category for statement in safety),
        "review": _counted("signed off" if item.review.clinical_signoff else "not signed off" for item in statements)
        | {"second review": sum(item.review.second_review is not None for item in statements)},
        "test requirements": _counted(test.requirement for test in tests)
        | {"statements with one": sum(bool(statement.tests) for statement in statements)},
        "named tests": _counted("linked" if id(test) in linked else "not linked" for test in knowledge.named_tests),
        "generics and biosimilars": _counted(copy.kind for copy in knowledge.copies)
        | {"of a medicine with a file": len(copies), "statements carried": carried},
        "anchors": {"total": len({anchor for item in statements for anchor in item.anchors})},
        "evidence": _counted("assertion" if item.tier else "evidence items" for item in knowledge.evidence),
        "example patients": {"total": cases},
    }


def _counted(names: Iterable[str]) -> dict[str, int]:
    found = Counter(names)
    return {"total": found.total(), **dict(sorted(found.items()))}
