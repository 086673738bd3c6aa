"""Checks against the curators' reference material: dated label texts, the reference table, the test requirements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from knowledge.loading import KnowledgeBase
from knowledge.problems import Problem, Severity
from knowledge.staleness import LabelText, Standing, check_labels
from knowledge.statements import Medicine, Statement


def anchor_problems(knowledge: KnowledgeBase, texts: Mapping[str, LabelText]) -> Iterator[Problem]:
    """Anchors that do not stand in the text of the same date, and medicines without such a text."""
    for check in check_labels(knowledge.medicines, texts):
        if check.standing is Standing.NO_TEXT:
            yield Problem(check.medicine, "", "anchor", "there is no text of its label at hand", Severity.GAP)
            continue
        if check.text != check.read:
            message = f"was read from the label of {check.read}, and the text at hand is of {check.text}"
            yield Problem(check.medicine, "", "anchor", message, Severity.GAP)
        for owner, anchor in check.unread:
            message = f"section {anchor.section} is not in the text at hand: “{anchor.text}” is not looked up"
            yield Problem(check.medicine, owner, "anchor", message, Severity.GAP)
        severity = Severity.ERROR if check.text == check.read else Severity.GAP
        for owner, anchor in check.lost:
            message = f"“{anchor.text}” does not stand in section {anchor.section}"
            yield Problem(check.medicine, owner, "anchor", message, severity)


def answered_rows(knowledge: KnowledgeBase) -> dict[str, list[str]]:
    """The statements that answer each row of the reference table, by row."""
    answers: dict[str, list[str]] = defaultdict(list)
    for _, statement in knowledge.statements:
        for row in statement.rows:
            answers[row].append(statement.id)
    return dict(answers)


def row_problems(knowledge: KnowledgeBase, medicine_of_row: Mapping[str, str]) -> Iterator[Problem]:
    """Rows that no statement answers, that do not exist, or that another medicine's statement claims."""
    for medicine, statement in knowledge.statements:
        for row in statement.rows:
            if row not in medicine_of_row:
                yield Problem(medicine.brand, statement.id, "row", f"{row} is no row of the reference table")
            elif not _is_named(medicine, medicine_of_row[row]):
                message = f"{row} is about {medicine_of_row[row]}"
                yield Problem(medicine.brand, statement.id, "row", message)
    answers = answered_rows(knowledge)
    for row, name in medicine_of_row.items():
        if row not in answers:
            yield Problem(name, row, "row", "no statement answers it", Severity.GAP)


def requirement_problems(knowledge: KnowledgeBase, requirements: Iterable[Mapping[str, str]]) -> Iterator[Problem]:
    """What labels require to be tested, and no statement on the same rows says.

    A requirement has ``medicine``, ``analyte``, ``wording_class`` and ``reference_row_ids``, joined by semicolons.
    Where the label words none, the statement need not say so.
    """
    for item in requirements:
        rows = set(item["reference_row_ids"].split(";")) - {""}
        medicine = next((found for found in knowledge.medicines if _is_named(found, item["medicine"])), None)
        if medicine is None or not rows:
            continue  # a medicine without a file is found by its rows
        concerned: list[Statement] = [part for part in medicine.statements if rows & set(part.rows)]
        for row in sorted(rows):
            answers = [statement for statement in concerned if row in statement.rows]
            silent = answers and not any(statement.tests for statement in answers)
            if silent and item["wording_class"] != "not-stated":
                message = f"says nothing of the test for {item['analyte']}"
                yield Problem(medicine.brand, answers[0].id, "requirement", message)
        said = {test.requirement for statement in concerned for test in statement.tests}
        if concerned and said and item["wording_class"] not in said:
            stated = ", ".join(sorted(said))
            message = f"the label's requirement for {item['analyte']} is {item['wording_class']}, not {stated}"
            yield Problem(medicine.brand, concerned[0].id, "requirement", message)


def _is_named(medicine: Medicine, name: str) -> bool:
    """Whether a table means a medicine: by its brand, with former names or a remark behind it in brackets."""
    present = name.partition(" (")[0]
    return present == medicine.brand or (medicine.ema_number is None and present.startswith(f"{medicine.brand} "))
