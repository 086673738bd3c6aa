"""How the curator's commands print what they found, for people. The words come from the knowledge itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import click

from cds_service.text_layout import heading, item, paragraph, table
from knowledge.comparison import Change, Comparison
from knowledge.named_tests import NO_CE_STATUS
from knowledge.problems import Problem, Severity
from knowledge.staleness import LabelCheck, Standing

View = Mapping[str, Any]

_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}
_KINDS = {
    "alteration class": "Alteration classes",
    "copy": "Generics and biosimilars",
    "drug class": "Drug classes",
    "evidence": "Evidence beyond the label",
    "file": "Other lists",
    "gene": "Reference sequences",
    "named test": "Tests that EMA documents name",
    "protein status": "Protein statuses",
    "resistance": "Resistance",
}
_CRITERION_HEADINGS = {
    "all_of": "all of:",
    "any_of": "one of:",
    "not": "none of this, each documented:",
    "not_known": "not known in the record:",
}


# --- kb list ---------------------------------------------------------------------------------------------------------


def statement_table(rows: Iterable[View]) -> str:
    """Statements, one row each."""
    headers = ("ID", "MEDICINE", "TUMOUR", "STATEMENT", "LABEL")
    return table(headers, map(_statement_cells, rows), (16, 19, 11, 43, 11))


def _statement_cells(row: View) -> Sequence[str]:
    kind = f"{row['category']}: " if row["category"] else ""
    biomarkers = f"{row['biomarkers']}\n" if row["biomarkers"] else ""
    signed = "signed off" if row["signed_off"] else "unsigned"
    stale = "\nSTALE" if row["stale"] else ""
    return (
        row["id"],
        f"{row['medicine']}\n{row['inn']}",
        ", ".join(row["tumours"]) or "any",
        f"{biomarkers}{kind}{row['summary']}",
        f"{row['label_date']}\n{signed}{stale}",
    )


def copy_table(copies: Iterable[View]) -> str:
    """Generics and biosimilars with what their own labels carry."""
    headers = ("MEDICINE", "KIND", "REFERENCE", "CARRIES", "LABEL")
    cells = (
        (
            f"{copy['medicine']}\n{copy['inn']}",
            copy["kind_in_words"],
            copy["reference"],
            _carried(copy),
            copy["label"]["date"] + ("\nSTALE" if copy["stale"] else ""),
        )
        for copy in copies
    )
    return table(headers, cells, (26, 14, 12, 36, 12))


def test_table(rows: Iterable[View]) -> str:
    """Required tests with the tests that EMA documents name."""
    headers = ("MEDICINE", "REQUIRED BY THE LABEL", "NAMED IN EMA DOCUMENTS")
    cells = (
        (
            f"{row['medicine']}\n{row['inn']}",
            row["in_words"],
            "\n".join(f"{test['test']}: {test['role_in_words']}" for test in row["named_tests"]) or "none",
        )
        for row in rows
    )
    return table(headers, cells, (16, 36, 48))


# --- kb show ---------------------------------------------------------------------------------------------------------


def statement_text(view: View) -> str:
    """One statement as a clinician reads it."""
    return "\n".join(_statement_lines(view))


def _statement_lines(view: View) -> Iterator[str]:
    kind = "indication (section 4.1)" if view["layer"] == "label" else f"safety statement: {view['category']}"
    yield heading(f"{view['id']}: {view['medicine']} ({view['inn']}), {kind}")
    yield paragraph(view["summary"])
    if view["stale"]:
        yield click.style(paragraph(_stale_text(view)), fg="red")
    yield ""
    yield heading("Holds for patients with all of this" if view["layer"] == "label" else "Concerns patients with")
    yield from _criterion_lines(view["criteria"], 0)
    yield _labelled("With", ", ".join(view["with"]) or "no partner: monotherapy")
    yield ""
    yield heading("Test")
    if not view["tests"]:
        yield item("the statement names none")
    for test in view["tests"]:
        timing = f", {test['timing']} before treatment" if test["timing"] else ""
        origin = f", {test['origin']}" if test["origin"] else ""
        yield item(f"{test['in_words']}{timing}{origin}")
    yield from _named_test_lines(view["named_tests"])
    yield ""
    yield heading("Why")
    for anchor in [*view["anchors"], *_test_anchors(view["tests"])]:
        yield item(f"{anchor['section']} “{anchor['text']}”")
    yield item(f"EU label of {view['label']['date']}: {view['label']['url']}")
    yield ""
    yield _labelled("Authorisation", _authorisation(view["authorisation"]))
    yield _labelled("Carried by", ", ".join(_copy_name(copy) for copy in view["copies"]) or "no generic or biosimilar")
    yield _labelled("Review", view["review"]["in_words"])
    if view["note"]:
        yield _labelled("Note", view["note"])
    yield _labelled("Reference rows", ", ".join(view["rows"]))


def _named_test_lines(tests: Sequence[View]) -> Iterator[str]:
    for test in tests:
        ce = "" if test["ce_status"] == NO_CE_STATUS else f". {test['ce_in_words']}"
        imaging = " (an imaging agent, no in vitro diagnostic)" if test["kind"] == "imaging-agent" else ""
        yield item(f"{test['test']}{imaging}, {test['analyte']}: {test['role_in_words']}{ce}", 1)
    if tests:
        yield item("named in EMA documents, as stated there; no list of certified devices", 1)


def _criterion_lines(views: Iterable[View], depth: int) -> Iterator[str]:
    for view in views:
        if "text" in view:
            yield item(view["text"], depth)
        else:
            yield item(_CRITERION_HEADINGS[view["criterion"]], depth)
            yield from _criterion_lines(_spread(view), depth + 1)


def _spread(view: View) -> Sequence[View]:
    """Alternatives that are denied one by one need no heading of their own."""
    parts: Sequence[View] = view["parts"]
    denied_each = view["criterion"] == "not" and parts[0]["criterion"] == "any_of"
    return parts[0]["parts"] if denied_each else parts


def medicine_text(view: View) -> str:
    """A medicine without its statements."""
    numbers = ", ".join(filter(None, (view["atc"], view["ema_number"])))
    lines = [
        heading(f"{view['medicine']} ({view['inn']}) {numbers}".rstrip()),
        _labelled("Authorisation", _authorisation(view["authorisation"])),
        _labelled("EU label", f"{view['label']['date']}, {view['label']['url']}"),
    ]
    if view["not_held"]:
        lines.append(_labelled("Further indications of the label, not held here", ", ".join(view["not_held"])))
    if view["copies"]:
        lines.append(_labelled("Copies", ", ".join(_copy_name(copy) for copy in view["copies"])))
    return "\n".join(lines)


def copy_text(view: View) -> str:
    """A generic or biosimilar with what its own label carries."""
    name = f"{view['medicine']} ({view['inn']}), {view['kind_in_words']}; reference {view['reference']}"
    lines = [
        heading(name),
        _labelled("Authorisation", f"{view['status']} (as of {view['status_date']})"),
        _labelled("EU label", f"{view['label']['date']}, {view['label']['url']}"),
        _labelled("Its label carries", _carried(view)),
        _labelled("It does not carry", ", ".join(view["does_not_carry"]) or "none"),
    ]
    if view["not_compared"]:
        lines.append(_labelled("Not compared with its label", ", ".join(view["not_compared"])))
    if view["unproved"]:
        lines.append(_labelled("Not read yet for", ", ".join(view["unproved"])))
    if view["stale"]:
        lines.append(
            click.style(_labelled("STALE", f"its label has a newer text ({view['stale']['newer_label']})"), fg="red")
        )
    lines += [item(f"{proof['row']}: {proof['section']} “{proof['text']}”") for proof in view["proofs"]]
    return "\n".join(lines)


def _carried(copy: View) -> str:
    if not copy["reference_has_file"]:
        return f"not known, because {copy['reference']} has no file yet"
    return ", ".join(copy["carries"]) or "none of the statements"


def _test_anchors(tests: Sequence[View]) -> list[View]:
    return [test["anchor"] for test in tests if test["anchor"]]


def _stale_text(view: View) -> str:
    lost = len(view["stale"]["anchors_lost"])
    gone = f" {lost} of its anchors no longer stand there." if lost else ""
    return f"STALE: the label has a newer text ({view['stale']['newer_label']}) than this statement.{gone}"


def _authorisation(view: View) -> str:
    conditional = ", conditional authorisation" if view["conditional"] else ""
    return f"{view['in_words']}{conditional} (as of {view['as_of']})"


def _copy_name(copy: View) -> str:
    return f"{copy['medicine']} ({copy['kind_in_words']})"


def _labelled(label: str, text: str) -> str:
    return paragraph(f"{label}: {text}")


# --- kb validate, verify, diff ---------------------------------------------------------------------------------------


def problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Every problem, errors first."""
    for severity in Severity:
        for problem in sorted(found for found in problems if found.severity is severity):
            mark = click.style(severity.value, fg="red" if severity is Severity.ERROR else "yellow")
            yield f"{mark} [{problem.check}] {problem}"


def coverage_lines(coverage: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """The counts of each group in one line."""
    for group, counts in coverage.items():
        rest = ", ".join(f"{name} {number}" for name, number in counts.items() if name != "total")
        yield f"{group}: {counts['total']}" + (f" ({rest})" if rest else "")


def check_table(checks: Iterable[LabelCheck]) -> str:
    """What became of each medicine's anchors."""
    headers = ("MEDICINE", "READ", "TEXT", "ANCHORS", "STANDING")
    cells = (
        (
            check.medicine,
            check.read.isoformat(),
            check.text.isoformat() if check.text else "none",
            f"{check.found} of {check.anchors}" if check.text else "",
            check.standing.value if check.standing is not Standing.NEWER else "newer label: STALE",
        )
        for check in checks
    )
    return table(headers, cells, (38, 12, 12, 14, 22))


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Every change in words; that nothing changed is said too. Of a table that one release lacks, the number."""
    yield f"{comparison.before} → {comparison.after}"
    if not comparison.changes:
        same = comparison.before == comparison.after
        yield "The same knowledge: nothing was added, changed or removed." if same else "No change that has words."
    yield from map(paragraph, comparison.notes)
    for kind, group in groupby(comparison.changes, key=lambda change: change.kind):
        changes = list(group)
        yield ""
        numbers = Counter(change.how for change in changes)
        counted = ", ".join(f"{numbers[how]} {how}" for how in _MARKS if numbers[how])
        yield heading(f"{_KINDS.get(kind, f'{kind.capitalize()}s')}: {counted}")
        if how := comparison.whole.get(kind):
            which = "earlier" if how == "added" else "later"
            yield f"The {which} release has no such table, so all of them count as {how}; --json names each."
        else:
            yield from (line for change in changes for line in _change_lines(change))


def _change_lines(change: Change) -> Iterator[str]:
    name = f" {change.subject}:" if change.kind == "statement" else ""
    yield paragraph(f"{_marked(change.how)}{name} {change.title}")
    yield from (item(detail, 2) for detail in change.details)


def _marked(how: str) -> str:
    return click.style(f"{_MARKS[how]} {how}", fg=_COLOURS[how])
