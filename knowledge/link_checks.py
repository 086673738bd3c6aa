"""Checks on what is compiled beside the medicine files: copies, and tests that EMA documents name."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.loading import KnowledgeBase
from knowledge.problems import Problem, Severity
from knowledge.statements import genes_of

COPIES = "eu_copies.yaml"
NAMED_TESTS = "tests/named_tests.tsv"


def link_problems(knowledge: KnowledgeBase) -> Iterator[Problem]:
    """Rows of copies and tests that lead to no statement."""
    medicines = {medicine.brand: medicine for medicine in knowledge.medicines}
    for copy in knowledge.copies:
        reference = medicines.get(copy.reference)
        if reference is None:
            message = f"{copy.reference} has no file yet"
            yield Problem(COPIES, copy.brand, "copy", message, Severity.GAP)
            continue
        if reference.inn != copy.inn:
            message = f"its INN is {copy.inn}, that of {reference.brand} is {reference.inn}"
            yield Problem(COPIES, copy.brand, "copy", message)
        answered = {row for statement in reference.statements for row in statement.rows}
        for row in sorted(copy.rows - answered):
            message = f"{row} is answered by no statement of {reference.brand}"
            yield Problem(COPIES, copy.brand, "copy", message, Severity.GAP)
        for statement in reference.statements:
            if set(statement.rows) & copy.rows and not copy.carries(statement.rows):
                message = f"carries only a part of the rows of {statement.id}, and so not the statement"
                yield Problem(COPIES, copy.brand, "copy", message, Severity.GAP)
        if copy.unproved:
            message = f"its label has not been read for {', '.join(copy.unproved)}"
            yield Problem(COPIES, copy.brand, "copy", message, Severity.GAP)
    for test in knowledge.named_tests:
        medicine = medicines.get(test.medicine)
        if not test.rows:
            continue  # the label asks no such test
        if medicine is None:
            yield Problem(NAMED_TESTS, test.medicine, "test", "has no file yet", Severity.GAP)
            continue
        linked = [statement for statement in medicine.statements if set(statement.rows) & set(test.rows)]
        if not linked:
            message = f"{test.test}: {', '.join(test.rows)} are answered by no statement of the medicine"
            yield Problem(NAMED_TESTS, test.medicine, "test", message, Severity.GAP)
        elif not any(set(test.names) & genes_of(statement) for statement in linked):
            message = f"{test.test}: no statement asks about {' or '.join(test.names)}"
            yield Problem(NAMED_TESTS, test.medicine, "test", message, Severity.GAP)
