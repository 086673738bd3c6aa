"""What a test looked at. Never present and never absent; a result under such a code is shown, not used."""

from __future__ import annotations

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context, Reading
from fhir_mappings.gene_results import answer_of, named_changes, value_texts_of
from fhir_mappings.tables import CodeRule
from knowledge.facts import State


def read_coverage(context: Context, rule: CodeRule) -> Reading:
    """A code for what was tested for, which some laboratories use for the result.

    A list of what was tested is no result. One change, or a bare answer, looks like one: it is reported as unread,
    so that somebody asks the laboratory.
    """
    if not rule.genes:
        return Reading()
    values = value_texts_of(context)
    answer = answer_of(context, rule)
    if answer is not None and answer.is_decided:
        return context.unread(_reason(answer))
    changes = named_changes(context, rule, values[-1:])
    if len(changes) == 1:
        return context.unread("a change is named under a code for what was tested for: it may be the result")
    return Reading()


def _reason(answer: Answer) -> str:
    word = "positive" if answer.state is State.PRESENT else "negative"
    return f"a {word} answer stands under a code for what was tested for"
