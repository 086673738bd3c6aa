"""A statement as somebody reads it who has to check or to use it: everything that it says, as plain data.

The curator's commands print these, as JSON or as text; so the two cannot say different things.
"""

from __future__ import annotations

from typing import Any

from knowledge.copies import KINDS, Copy
from knowledge.criteria import AllOf, AnyOf, Criterion, HasTumour, NoRecordedResistance, Not, NotKnown, Role, leaves
from knowledge.labels import Anchor, Label, NewerLabel
from knowledge.named_tests import NamedTest
from knowledge.statement_wording import (
    describe_partner,
    describe_review,
    describe_test,
    describe_with_tumours,
    stale_json,
)
from knowledge.statements import Indication, Medicine, SafetyStatement, Statement, TestRequirement
from knowledge.terminology import TumourTree
from knowledge.wording import criterion_name, describe

_STATUS_WORDS = {"national": "authorised by the member states"}


def statement_view(medicine: Medicine, statement: Statement, tree: TumourTree) -> dict[str, Any]:
    """Everything that a statement says, and what stands behind it; null or an empty list where there is nothing."""
    return {
        **_identity(medicine, statement),
        "summary": said(statement),
        "with": [describe_partner(partner) for partner in statement.partners],
        "criteria": [criterion_view(part, tree) for part in conjuncts(statement.criterion)],
        "tests": [_test_view(test) for test in statement.tests],
        "named_tests": [named_test_view(test) for test in medicine.tests_for(statement)],
        "anchors": [_anchor_view(anchor) for anchor in statement.anchors],
        "label": _label_view(medicine.label),
        "authorisation": authorisation_view(medicine),
        "copies": [_copy_view(copy) for copy in medicine.copies_with(statement)],
        "review": _review_view(statement),
        "stale": stale_json(medicine.newer_label, statement.id) if medicine.newer_label else None,
        "rows": list(statement.rows),
        "note": statement.note,
    }


def statement_row(medicine: Medicine, statement: Statement) -> dict[str, Any]:
    """A statement in one line of a list."""
    return {
        **_identity(medicine, statement),
        "tumours": list(statement.tumours),
        "biomarkers": biomarkers_in_words(statement.criterion),
        "summary": said(statement),
        "label_date": medicine.label.date.isoformat(),
        "signed_off": statement.review.clinical_signoff is not None,
        "review": describe_review(statement.review),
        "stale": medicine.newer_label is not None,
    }


def medicine_view(medicine: Medicine, tree: TumourTree) -> dict[str, Any]:
    """A medicine without its statements. ``not_held``: tumours of further indications that are not among them."""
    return {
        "medicine": medicine.brand,
        "inn": medicine.inn,
        "atc": medicine.atc,
        "ema_number": medicine.ema_number,
        "authorisation": authorisation_view(medicine),
        "label": _label_view(medicine.label),
        "stale": {"newer_label": medicine.newer_label.date.isoformat()} if medicine.newer_label else None,
        "not_held": [describe_with_tumours(HasTumour(code), tree) for code in medicine.not_held],
        "copies": [_copy_view(copy) for copy in medicine.copies],
    }


def copy_view(copy: Copy, reference: Medicine | None) -> dict[str, Any]:
    """A generic or biosimilar with the statements of its reference medicine that its own label carries, and the others.

    ``not_compared`` are statements that answer no row of the reference table: of these its label has not been read.
    ``reference`` is ``None`` while the reference medicine has no file.
    """
    statements = reference.statements if reference else ()
    return {
        **_copy_view(copy),
        "inn": copy.inn,
        "ema_number": copy.ema_number,
        "reference": copy.reference,
        "reference_has_file": reference is not None,
        "status": copy.status,
        "status_date": copy.status_date.isoformat(),
        "carries": [statement.id for statement in statements if copy.carries(statement.rows)],
        "does_not_carry": [part.id for part in statements if part.rows and not copy.carries(part.rows)],
        "not_compared": [statement.id for statement in statements if not statement.rows],
        "proofs": [{"row": row.row, **_anchor_view(row.anchor)} for row in copy.carried],
        "lacks": list(copy.lacks),
        "unproved": list(copy.unproved),
        "stale": _stale_copy(copy.newer_label),
    }


def named_test_view(test: NamedTest) -> dict[str, Any]:
    """A test that EMA documents name, with its role in the words that it may be called."""
    return {
        "test": test.title,
        "analyte": test.analyte,
        "names": list(test.names),
        "roles": list(test.roles),
        "role_in_words": test.role_in_words,
        "kind": test.kind,
        "specimen": test.specimen,
        "method": test.method,
        "cut_off": test.cut_off,
        "use_in_trial": test.use_in_trial,
        "in_current_label": test.in_current_label,
        "ce_status": test.ce_status,
        "ce_in_words": test.ce_in_words,
        "document": test.document,
        "document_date": test.document_date.isoformat(),
    }


def criterion_view(criterion: Criterion, tree: TumourTree) -> dict[str, Any]:
    """A criterion as a tree of words. A leaf says which kind of knowledge it needs."""
    name = criterion_name(criterion)
    if isinstance(criterion, AllOf | AnyOf):
        return {"criterion": name, "parts": [criterion_view(part, tree) for part in criterion.criteria]}
    if isinstance(criterion, Not | NotKnown) and isinstance(criterion.criterion, AllOf | AnyOf):
        return {"criterion": name, "parts": [criterion_view(criterion.criterion, tree)]}
    roles = {leaf.role.value for leaf in leaves(criterion)}
    return {"criterion": name, "text": describe_with_tumours(criterion, tree), "role": roles.pop()}


def conjuncts(criterion: Criterion) -> tuple[Criterion, ...]:
    """The parts of which every one has to hold, however deeply they are grouped."""
    if not isinstance(criterion, AllOf):
        return (criterion,)
    return tuple(part for child in criterion.criteria for part in conjuncts(child))


def biomarkers_in_words(criterion: Criterion) -> str:
    """The conjuncts that ask for a biomarker; recorded resistance, which no label asks for, is left out."""
    asked = [
        part
        for part in conjuncts(criterion)
        if not isinstance(part, NoRecordedResistance) and any(leaf.role is Role.BIOMARKER for leaf in leaves(part))
    ]
    return "; ".join(map(describe, asked))


def said(statement: Statement) -> str:
    """What a statement says in a few words: the summary of an indication, what follows of a safety statement."""
    return statement.summary if isinstance(statement, Indication) else statement.consequence


def layer_of(statement: Statement) -> str:
    """``label`` for an indication, ``safety`` for a safety statement."""
    return "label" if isinstance(statement, Indication) else "safety"


def authorisation_view(medicine: Medicine) -> dict[str, Any]:
    """The status of a medicine on the day on which it was looked up."""
    return {
        "status": medicine.status,
        "in_words": _STATUS_WORDS.get(medicine.status, medicine.status),
        "as_of": medicine.status_date.isoformat(),
        "conditional": medicine.conditional,
    }


def _identity(medicine: Medicine, statement: Statement) -> dict[str, Any]:
    return {
        "id": statement.id,
        "layer": layer_of(statement),
        "category": statement.category if isinstance(statement, SafetyStatement) else None,
        "medicine": medicine.brand,
        "inn": medicine.inn,
    }


def _test_view(test: TestRequirement) -> dict[str, Any]:
    return {
        "analyte": test.analyte,
        "requirement": test.requirement,
        "in_words": describe_test(test),
        "specimen": list(test.specimen),
        "timing": test.timing,
        "origin": test.origin,
        "negative_plasma_retest_in_tissue": test.negative_plasma_retest_in_tissue,
        "anchor": _anchor_view(test.anchor) if test.anchor else None,
    }


def _anchor_view(anchor: Anchor) -> dict[str, str]:
    return {"section": anchor.section, "text": anchor.text}


def _label_view(label: Label) -> dict[str, Any]:
    return {"date": label.date.isoformat(), "url": label.url, "document": label.document}


def _copy_view(copy: Copy) -> dict[str, Any]:
    return {
        "medicine": copy.brand,
        "kind": copy.kind,
        "kind_in_words": KINDS[copy.kind],
        "label": _label_view(copy.label),
    }


def _stale_copy(newer: NewerLabel | None) -> dict[str, Any] | None:
    return {"newer_label": newer.date.isoformat()} if newer else None


def _review_view(statement: Statement) -> dict[str, Any]:
    review = statement.review
    dates = {name: getattr(review, name) for name in ("curated", "second_review", "clinical_signoff")}
    return {name: day.isoformat() if day else None for name, day in dates.items()} | {
        "in_words": describe_review(review)
    }
