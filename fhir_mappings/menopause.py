"""Menopausal state, from a result about it or from a diagnosis that names it. It is never told from the age."""

from __future__ import annotations

from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import Json, member, string, texts
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State

_MARKER = "menopausal-state"


def read_menopause(context: Context, rule: CodeRule) -> Reading:
    """Read a result about the menopausal state; a documented "unknown" is kept as such."""
    text = string(context.data.get("valueString"))
    concept = {"text": text} if text else member(context.data, "valueCodeableConcept")
    path = "valueString" if text else "valueCodeableConcept"
    if state := context.tables.menopause.state_of(concept):
        return Reading([_fact(context, State.PRESENT, path, concept, state, context.date)])
    answer = context.tables.answers.answer(context.data)
    if answer and answer.state not in (State.PRESENT, State.ABSENT):
        return Reading([_fact(context, answer.state, answer.path, concept, None, context.date)])
    return context.unread("menopausal state not recognised")


def menopause_facts(context: Context, state: State, date: str | None) -> list[Fact]:
    """The menopausal state that the code of a diagnosis names, if it does."""
    concept = member(context.data, "code")
    found = context.tables.menopause.state_of(concept)
    return [_fact(context, state, "code", concept, found, date)] if found else []


def _fact(context: Context, state: State, path: str, concept: Json, value: str | None, date: str | None) -> Fact:
    return Fact(
        kind=Kind.DEMOGRAPHIC,
        state=state,
        source=Source(context.resource.reference, path, " ".join(texts(concept))[:200] or None),
        marker=_MARKER,
        value=value,
        date=date,
    )
