"""Write docs/reference/knowledge.md from the knowledge files, so that the page cannot say anything else.

    .venv/bin/python scripts/document_knowledge.py

Every statement with what it requires, every generic and biosimilar, every test that EMA documents name. The same files
always give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from knowledge import KnowledgeBase, load_knowledge_base
from knowledge.criteria import NoRecordedResistance
from knowledge.statement_wording import describe_with_tumours
from knowledge.statements import Medicine, Statement
from knowledge.views import conjuncts, copy_view, medicine_view, named_test_view, statement_view

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "knowledge.md"

HEAD = """\
# Knowledge: every statement

<!-- Written by scripts/document_knowledge.py from knowledge/data: change the files there, then run it. -->

{medicines} medicines, {indications} indications, {safety} safety statements. {review}

The label that EMA publishes today is what counts; each date is that of the label which was read. `oncohooks kb show ID`
says the same of one statement, with its proof.

*Requires* lists what has to hold for every patient, parts separated by semicolons; a "no …" has to be documented,
silence is not enough. Recorded resistance of a gene that opens an indication closes it besides, and is not listed:
[resistance](../explanation/three-valued-logic.md).
"""
COPIES = """\
## Generics and biosimilars

A medicine with the INN of another carries only the statements that its own label proves
([why](../explanation/knowledge.md#generics-and-biosimilars)).
"""
TESTS = """\
## Tests that EMA documents name

What product information and assessment reports print, with the role and the CE status as they state it at their date.
It is no list of certified devices, and a status that is not stated does not mean that there is none
([more](../explanation/knowledge.md#named-tests)).
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(load_knowledge_base()), encoding="utf-8")


def page(knowledge: KnowledgeBase) -> str:
    """The page of a knowledge base."""
    parts = [_head(knowledge)]
    parts += ["\n".join(_medicine_lines(medicine, knowledge)) for medicine in _by_name(knowledge.medicines)]
    parts.append(COPIES + "\n" + "\n".join(_copy_table(knowledge)))
    parts.append(TESTS + "\n" + "\n".join(_test_table(knowledge)))
    return "\n".join(f"{part.rstrip()}\n" for part in parts)


def _head(knowledge: KnowledgeBase) -> str:
    signed = sum(statement.review.clinical_signoff is not None for _, statement in knowledge.statements)
    return HEAD.format(
        medicines=len(knowledge.medicines),
        indications=sum(len(medicine.indications) for medicine in knowledge.medicines),
        safety=sum(len(medicine.safety) for medicine in knowledge.medicines),
        review=f"A clinician has signed off {signed or 'none'} of them.",
    )


def _by_name(medicines: Iterable[Medicine]) -> list[Medicine]:
    return sorted(medicines, key=lambda medicine: medicine.brand.casefold())


def _medicine_lines(medicine: Medicine, knowledge: KnowledgeBase) -> Iterator[str]:
    view = medicine_view(medicine, knowledge.reference.tumours)
    about = view["authorisation"]
    conditional = ", conditional authorisation" if about["conditional"] else ""
    codes = [f"`{code}`" for code in (view["atc"], view["ema_number"]) if code]
    label = f"[EU label of {view['label']['date']}]({view['label']['url']})"
    yield f"## {medicine.brand}"
    yield ""
    yield f"{medicine.inn}; {', '.join([*codes, label])}; {about['in_words']}{conditional} ({about['as_of']})"
    if medicine.newer_label:
        yield f"**stale: the label has a newer text of {medicine.newer_label.date}**"
    if view["not_held"]:
        yield ""
        yield f"Further indications of the label, which are not held here: {', '.join(view['not_held'])}"
    yield ""
    yield "| Statement | Says | Requires | With | Test |"
    yield "|---|---|---|---|---|"
    for statement in medicine.statements:
        yield _row(_statement_cells(medicine, statement, knowledge))


def _statement_cells(medicine: Medicine, statement: Statement, knowledge: KnowledgeBase) -> list[str]:
    view = statement_view(medicine, statement, knowledge.reference.tumours)
    kind = f"*{view['category']}*: " if view["category"] else ""
    asked = [part for part in conjuncts(statement.criterion) if not isinstance(part, NoRecordedResistance)]
    requires = "; ".join(describe_with_tumours(part, knowledge.reference.tumours) for part in asked)
    note = f" Note: {view['note']}" if view["note"] else ""
    return [
        f"`{view['id']}`",
        f"{kind}{view['summary']}.{note}",
        requires,
        ", ".join(view["with"]),
        "; ".join(test["in_words"] for test in view["tests"]),
    ]


def _copy_table(knowledge: KnowledgeBase) -> Iterator[str]:
    references = {medicine.brand: medicine for medicine in knowledge.medicines}
    yield "| Medicine | INN | Kind | Reference | Carries | Label |"
    yield "|---|---|---|---|---|---|"
    for copy in knowledge.copies:
        view = copy_view(copy, references.get(copy.reference))
        carried = ", ".join(f"`{name}`" for name in view["carries"]) or "nothing of it"
        label = f"[{view['label']['date']}]({view['label']['url']})"
        yield _row([copy.brand, copy.inn, view["kind_in_words"], copy.reference, carried, label])


def _test_table(knowledge: KnowledgeBase) -> Iterator[str]:
    yield "| Medicine | Analyte | Test | Role | CE status | Document |"
    yield "|---|---|---|---|---|---|"
    for test in knowledge.named_tests:
        view: Mapping[str, Any] = named_test_view(test)
        document = f"{test.document}, {test.document_date}"
        yield _row([test.medicine, test.analyte, view["test"], view["role_in_words"], test.ce_status, document])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    main()
