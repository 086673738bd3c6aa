"""Card summaries: one sentence of fewer than 140 characters (CDS Hooks 2.0, card ``summary``)."""

from __future__ import annotations

from collections.abc import Sequence

from cards.lists import fitting
from knowledge.language import ENGLISH, Language

MAX_SUMMARY = 139


def with_names(before: str, names: Sequence[str], say: Language = ENGLISH) -> str:
    """A sentence with as many of the names as fit; the others are counted, never dropped silently."""
    sentence = fitting(lambda names: before + names, names, say, most=MAX_SUMMARY)
    return sentence or cut(before + say.plural("{count} entry", "{count} entries", len(names)))


def cut(sentence: str) -> str:
    """A sentence cut at a word with an ellipsis if it is too long."""
    if len(sentence) <= MAX_SUMMARY:
        return sentence
    return sentence[: MAX_SUMMARY - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"


def before_missing_tests(drug: str, *, incomplete: bool, contraindicated: bool, say: Language) -> str:
    """What stands before the analytes without a result that a label asks to know first."""
    if contraindicated:
        return say("{drug}: contraindicated while unknown, test first: ", drug=drug)
    if incomplete:
        return say("{drug}: test first, no result sent in an incomplete record for ", drug=drug)
    return say("{drug}: test first, no result for ", drug=drug)
