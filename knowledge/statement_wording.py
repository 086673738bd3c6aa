"""What stands beside the criteria of a statement, in words: partners, tests, review, newer labels, tumour types."""

from __future__ import annotations

from typing import Any

from knowledge.criteria import AllOf, AnyOf, Criterion, HasTumour, Not, NotKnown
from knowledge.labels import NewerLabel
from knowledge.language import ENGLISH, Language, phrase
from knowledge.statements import Medicine, Partner, Review, TestRequirement
from knowledge.terminology import TumourTree
from knowledge.wording import describe

REQUIREMENTS = {
    "ce-ivd-or-validated": phrase("CE-marked test with this intended purpose, otherwise a validated test"),
    "validated-test": phrase("validated test"),
    "experienced-laboratory": phrase("laboratory with demonstrated proficiency"),
    "not-stated": phrase("kind of test not stated in the label"),
}
NOT_SIGNED_OFF = "not signed off by a clinician"


def describe_partner(partner: Partner, say: Language = ENGLISH) -> str:
    """A combination partner in words."""
    if partner.text:
        return say(partner.text)
    return say(" or ").join(map(say.drug, partner.inns)) or say((partner.drug_class or "").replace("-", " "))


def describe_test(test: TestRequirement, say: Language = ENGLISH) -> str:
    """What a label requires to be tested: analyte, specimen, kind of test, and whether plasma alone is enough."""
    what = say(test.analyte)
    if test.specimen:
        specimen = say(" or ").join(map(say, test.specimen))
        what = say("{analyte} in {specimen}", analyte=what, specimen=specimen)
    text = f"{what}: {say(REQUIREMENTS[test.requirement])}"
    if test.negative_plasma_retest_in_tissue:
        text += f"; {say('a negative plasma result is to be repeated in tissue')}"
    return text


def describe_review(review: Review) -> str:
    """Who has looked at a statement. It never sounds reviewed when it is not."""
    second = f"second review {review.second_review}" if review.second_review else "no second review"
    signed = f"signed off by a clinician {review.clinical_signoff}" if review.clinical_signoff else NOT_SIGNED_OFF
    return f"curated {review.curated}, {second}, {signed}"


def describe_newer_label(medicine: Medicine, say: Language = ENGLISH) -> str | None:
    """That the statements of a medicine are stale, as a sentence; ``None`` if no newer label is known."""
    if medicine.newer_label is None:
        return None
    return say(
        "The label of {brand} has a newer text ({newer}) than the one that these statements were read from ({read}).",
        brand=medicine.brand,
        newer=medicine.newer_label.date.isoformat(),
        read=medicine.label.date.isoformat(),
    )


def stale_json(newer: NewerLabel, statement: str) -> dict[str, Any]:
    """How a stale statement is marked: the date of the newer label, and the anchors that it no longer holds."""
    lost = [{"section": anchor.section, "text": anchor.text} for anchor in newer.lost_of(statement)]
    return {"newer_label": newer.date.isoformat(), "anchors_lost": lost}


def describe_with_tumours(criterion: Criterion, tree: TumourTree) -> str:
    """A criterion in words, with tumour types by name and code instead of the code alone."""
    if isinstance(criterion, HasTumour):
        return f"{tree.name(criterion.node)} ({criterion.node})" if criterion.node in tree else criterion.node
    if isinstance(criterion, AllOf | AnyOf):
        word = " and " if isinstance(criterion, AllOf) else " or "
        parts = [describe_with_tumours(part, tree) for part in criterion.criteria]
        nested = [isinstance(part, AllOf | AnyOf) for part in criterion.criteria]
        return word.join(f"({part})" if inner else part for part, inner in zip(parts, nested, strict=True))
    if isinstance(criterion, Not):
        inner = describe_with_tumours(criterion.criterion, tree)
        return f"no {f'({inner})' if isinstance(criterion.criterion, AllOf | AnyOf) else inner}"
    if isinstance(criterion, NotKnown):
        return f"not known: {describe_with_tumours(criterion.criterion, tree)}"
    return describe(criterion)
