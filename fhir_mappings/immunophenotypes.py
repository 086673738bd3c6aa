"""Immunophenotypes in one sentence: ``positive for CD10, CD19, and CD20; negative for CD3``.

Only sentences of exactly this form are read. A modifier (dim, partial, subset) or any other wording makes the
whole text unread, because it may turn the meaning of the list around.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import string
from fhir_mappings.measurements import texts_of_value
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State

_CLAUSE = re.compile(r"^(?:(?:and|but)\s+)?(positive|negative) for:?\s+(.+)$", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+")
_ANTIGEN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,19}$")
_STATES = {"positive": State.PRESENT, "negative": State.ABSENT}


def read_immunophenotype(context: Context, rule: CodeRule) -> Reading:
    """Read the antigens of a sentence that are targets of medicines."""
    for text, path in texts_of_value(context.data, ""):
        if found := _antigens(text):
            return Reading(list(_facts(context, found, text, path)))
    return context.unread("the immunophenotype is not a plain list of antigens")


def _antigens(text: str) -> list[tuple[str, State]]:
    """Every antigen of the text with its state; none if any part of it is not understood."""
    found: list[tuple[str, State]] = []
    for clause in re.split(r"\s*;\s*|\.\s+", text.strip().rstrip(".")):
        match = _CLAUSE.match(clause)
        if match is None:
            return []
        names = [string(name) for name in _SEPARATOR.split(match[2])]
        if not all(name and _ANTIGEN.match(name) for name in names):
            return []
        found += [(name, _STATES[match[1].lower()]) for name in names if name]
    states: dict[str, set[State]] = {}
    for name, state in found:
        states.setdefault(name.lower(), set()).add(state)
    return found if all(len(said) == 1 for said in states.values()) else []


def _facts(context: Context, found: list[tuple[str, State]], text: str, path: str) -> Iterator[Fact]:
    for name, state in found:
        if antigen := context.tables.markers.antigens.get(name.lower()):
            yield Fact(
                kind=Kind.EXPRESSION,
                state=state,
                source=Source(context.resource.reference, path, text),
                genes=antigen.genes,
                marker=antigen.marker,
                date=context.date,
            )
