"""Protein scores by immune stain, so far PD-L1: TPS, CPS, TC, IC, TAP, never one for another.

A bare "positive" carries no score, and its meaning depends on the clone; it stays a fact without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import Json, member, number, objects, string, texts
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State

#: Scores that are percentages; CPS is a number that may exceed 100.
PERCENT_SCORES = frozenset({"TPS", "TC", "IC", "TAP"})
_NUMBER = r"(?P<comparator>[<>]=?|≥|≤)?\s*(?P<value>\d{1,3}(?:[.,]\d+)?)\s*(?P<percent>%)?"
_WHOLE_NUMBER = re.compile(rf"^{_NUMBER}$")
_COMPARATORS = {"≥": ">=", "≤": "<="}


@dataclass(frozen=True, slots=True)
class Score:
    """A score value as read, with the element it stood in."""

    name: str | None
    value: float
    comparator: str | None
    unit: str | None
    path: str
    raw: str
    warning: str | None = None


def read_expression(context: Context, rule: CodeRule) -> Reading:
    """Read one immune-stain result: its own value, its components, then a score named in a note."""
    reading = Reading()
    for score in _scores(context, rule):
        reading.facts.append(_score_fact(context, rule, score))
    answer = context.tables.answers.answer(context.data)
    if answer and (not reading.facts or answer.path.startswith("value")):
        reading.facts.append(_presence_fact(context, rule, answer))
    return reading if reading.facts else context.unread("no score and no answer that can be read")


def _scores(context: Context, rule: CodeRule) -> Iterator[Score]:
    yield from _value_scores(context.data, "", rule, context)
    for index, component in enumerate(objects(context.data.get("component"))):
        component_rule = context.tables.rule_for(component.get("code"))
        if component_rule and component_rule.reader == "expression" and component_rule.score:
            yield from _value_scores(component, f"component[{index}].", component_rule, context)
    for index, note in enumerate(objects(context.data.get("note"))):
        if (text := string(note.get("text"))) and (score := _named_score(text, f"note[{index}].text", context)):
            yield score


def _value_scores(element: Json, path: str, rule: CodeRule, context: Context) -> Iterator[Score]:
    quantity = member(element, "valueQuantity")
    value = number(quantity.get("value"))
    if value is None and "valueInteger" in element:
        value, quantity = number(element["valueInteger"]), {}
    if value is not None:
        name = "valueQuantity" if quantity else "valueInteger"
        yield _quantity_score(quantity, float(value), f"{path}{name}", rule)
        return
    candidates = [*texts(member(element, "valueCodeableConcept")), string(element.get("valueString"))]
    for text in filter(None, candidates):
        where = f"{path}{'valueString' if text == element.get('valueString') else 'valueCodeableConcept'}"
        if match := _WHOLE_NUMBER.match(text):
            yield _text_score(match, rule.score, where, text)
            return
        if score := _named_score(text, where, context):
            yield score
            return


def _quantity_score(quantity: Json, value: float, path: str, rule: CodeRule) -> Score:
    unit, code = string(quantity.get("unit")), string(quantity.get("code"))
    comparator = string(quantity.get("comparator"))
    raw = f"{comparator or ''}{value:g} {unit or code or ''}".strip()
    if rule.unit != "%" or "%" in (unit, code):
        return Score(rule.score, value, comparator, rule.unit, path, raw)
    if code == "1" and 0 <= value <= 1:
        return Score(rule.score, round(value * 100, 4), comparator, "%", path, raw, "a fraction was read as percent")
    return Score(rule.score, value, comparator, "%", path, raw, "no percent unit was sent; the code means percent")


def _named_score(text: str, path: str, context: Context) -> Score | None:
    """A score with its name in one short text, ``5% tumor proportion score`` or ``TPS 80%``."""
    for name, forms in context.tables.score_names.items():
        for form in forms:
            for pattern in (
                rf"^{_NUMBER}\s*{re.escape(form)}\.?$",
                rf"^(?:PD-?L1\s+)?{re.escape(form)}\s*[:=]?\s*{_NUMBER}\.?$",
            ):
                if match := re.match(pattern, text.strip(), re.IGNORECASE):
                    return _text_score(match, name, path, text)
    return None


def _text_score(match: re.Match[str], name: str | None, path: str, text: str) -> Score:
    comparator = match["comparator"]
    return Score(
        name=name,
        value=float(match["value"].replace(",", ".")),
        comparator=_COMPARATORS.get(comparator or "", comparator),
        unit="%" if match["percent"] or name in PERCENT_SCORES else None,
        path=path,
        raw=text,
        warning="read from a note" if path.startswith("note") else None,
    )


def _score_fact(context: Context, rule: CodeRule, score: Score) -> Fact:
    implausible = score.unit == "%" and not 0 <= score.value <= 100
    warnings = [score.warning, "a percentage outside 0 to 100" if implausible else None]
    return Fact(
        kind=Kind.EXPRESSION,
        state=State.INDETERMINATE if implausible else State.PRESENT,
        source=Source(context.resource.reference, score.path, score.raw),
        genes=rule.genes,
        marker=rule.marker,
        score=score.name,
        value=int(score.value) if score.value.is_integer() else score.value,
        unit=score.unit,
        comparator=score.comparator,
        date=context.date,
        warnings=tuple(warning for warning in warnings if warning),
    )


def _presence_fact(context: Context, rule: CodeRule, answer: Answer) -> Fact:
    return Fact(
        kind=Kind.EXPRESSION,
        state=answer.state,
        source=Source(context.resource.reference, answer.path, answer.raw),
        genes=rule.genes,
        marker=rule.marker,
        date=context.date,
    )
