"""Protein expression: scores by immune stain and in situ hybridisation, never one for another.

A bare "positive" carries no score, and its meaning depends on the assay; it stays a fact without one. A score
says that it was documented (``present``), whatever its value; only an answer to "is it there?" is ever ``absent``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context
from fhir_mappings.elements import Json, objects, string
from fhir_mappings.marker_tables import Concentration, FoundLevel, LevelTable, MarkerTables
from fhir_mappings.measurements import NUMBER, Measured, measured, of_match, texts_of_value, written
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

#: Scores that are percentages; CPS is a number that may exceed 100.
PERCENT_SCORES = frozenset({"TPS", "TC", "IC", "TAP", "percent", "PS2+", "TC 2+/3+"})
#: Scores without a unit, whatever unit was sent.
_UNITLESS = frozenset({"CPS", "IHC", "ISH ratio", "ISH copies", "CEP17 copies", "Allred", "H-score", "IRS"})
#: Units under which a number may be a step of a scale.
_STEP_UNITS = frozenset({None, "{score}", "score", "1", "+"})
#: A denominator may follow these: "Allred 7/8".
_DENOMINATOR = r"(?:\s*/\s*(?:8|12|300))?"


@dataclass(frozen=True, slots=True)
class Score:
    """A score as read, with the element it stood in."""

    name: str | None
    value: float | int | str | None
    path: str
    raw: str
    comparator: str | None = None
    unit: str | None = None
    state: State = State.PRESENT
    warnings: tuple[str, ...] = ()


def protein_facts(context: Context, element: Json, path: str, rule: CodeRule) -> list[Fact]:
    """The facts of one element, a resource or a component: its score, and its answer whether the protein is there."""
    scores = list(_scores(context, element, path, rule))
    facts = [_score_fact(context, rule, score) for score in scores]
    answer = context.tables.markers.answers.answer(element, path)
    why_missing = answer is not None and answer.path.endswith("dataAbsentReason")
    if answer and not (facts and why_missing) and not _said(scores, answer):
        facts.append(presence_fact(context, rule, answer))
    return facts


def note_facts(context: Context, rule: CodeRule) -> list[Fact]:
    """Scores that a note names."""
    facts = []
    for index, note in enumerate(objects(context.data.get("note"))):
        text, where = string(note.get("text")), f"note[{index}].text"
        if text and (score := _named_score(context, rule, text, where, (phrase("read from a note"),))):
            facts.append(_score_fact(context, rule, score))
    return facts


def level_tables(rule: CodeRule, markers: MarkerTables) -> list[LevelTable]:
    """The scales that a rule reads, in order."""
    return [markers.levels[name] for name in rule.options.get("levels", ())]


def _scores(context: Context, element: Json, path: str, rule: CodeRule) -> Iterator[Score]:
    markers = context.tables.markers
    plain = rule.options.get("numbers") is None
    for table in level_tables(rule, markers):
        if found := table.find(element, path, numbers=plain):
            yield _of_level(found)
            return
    if number := measured(element, path):
        yield from _of_number(number, rule, markers)
        return
    for text, where in texts_of_value(element, path):
        number = written(text, where)
        score = (
            next(_of_number(number, rule, markers), None) if number and _is_unit(number.unit, rule, markers) else None
        )
        if score := score or _named_score(context, rule, text, where, ()):
            yield score
            return


def _of_level(found: FoundLevel) -> Score:
    level = found.level
    return Score(level.score, level.value, found.path, found.raw, state=level.state)


def _of_number(number: Measured, rule: CodeRule, markers: MarkerTables) -> Iterator[Score]:
    """What a number means under a code: a step of a scale, a score, or nothing where numbers cannot be told apart."""
    numbers = rule.options.get("numbers")
    if numbers is False or (numbers == "percent" and not number.is_percent):
        return
    if numbers is None and number.unit in _STEP_UNITS and (step := _step(number, rule, markers)):
        yield step
        return
    name = rule.options.get("number") or rule.score
    if name and (concentration := markers.concentrations.get(name)):
        yield from _of_concentration(number, name, concentration, markers)
        return
    value, unit, warning = _with_unit(number, name, rule)
    warnings = [warning] if warning else []
    state = State.PRESENT
    if not _plausible(markers, name, unit, float(value)):
        state = State.INDETERMINATE
        warnings.append(
            phrase("a percentage outside 0 to 100") if unit == "%" else phrase("outside the range of this score")
        )
    elif (bound := rule.options.get("absent_below")) is not None and _below(number, bound):
        state = State.ABSENT
    if name is None:
        warnings.append(phrase("the kind of score is not stated"))
    yield Score(name, value, number.path, number.raw, number.comparator, unit, state, tuple(warnings))


def _of_concentration(
    number: Measured, name: str, concentration: Concentration, markers: MarkerTables
) -> Iterator[Score]:
    """A number in the unit of its score; nothing where the unit is missing or cannot be converted exactly."""
    factor = concentration.factor(number.code) or concentration.factor(number.unit)
    if factor is None:
        return
    value = Measured(round(number.value * factor, 6), number.path, number.raw).plain()
    plausible = markers.plausible(name, float(value))
    state, warnings = (State.PRESENT, ()) if plausible else (State.INDETERMINATE, ("outside the range of this score",))
    yield Score(name, value, number.path, number.raw, number.comparator, concentration.unit, state, warnings)


def _step(number: Measured, rule: CodeRule, markers: MarkerTables) -> Score | None:
    """The step of a numbered scale that a bare number is; one that is no step is kept and decides nothing."""
    for table in level_tables(rule, markers):
        if level := table.of_number(number.value):
            return Score(level.score, level.value, number.path, number.raw, number.comparator, state=level.state)
        if table.numbered_score:
            warning = (phrase("not a step of this scale"),)
            state = State.INDETERMINATE
            return Score(table.numbered_score, number.plain(), number.path, number.raw, None, None, state, warning)
    return None


def _with_unit(number: Measured, name: str | None, rule: CodeRule) -> tuple[float | int, str | None, str | None]:
    """The value in the unit of the score, with a warning where that was not what was sent."""
    if rule.unit == "%" or name in PERCENT_SCORES:
        if number.is_percent:
            return number.plain(), "%", None
        if number.code == "1" and 0 <= number.value <= 1:
            percent = Measured(round(number.value * 100, 4), number.path, number.raw)
            return percent.plain(), "%", phrase("a fraction was read as percent")
        return number.plain(), "%", phrase("no percent unit was sent; the code means percent")
    if name in _UNITLESS:
        return number.plain(), None, None
    return number.plain(), rule.unit or number.unit or number.code, None


def _plausible(markers: MarkerTables, name: str | None, unit: str | None, value: float) -> bool:
    return markers.plausible("percent" if unit == "%" else name or "number", value)


def _below(number: Measured, bound: float) -> bool:
    """Whether everything the number may mean lies below the bound."""
    if number.comparator in ("<", "<="):
        return number.value <= bound if number.comparator == "<" else number.value < bound
    return number.comparator is None and number.value < bound


def _is_unit(unit: str | None, rule: CodeRule, markers: MarkerTables) -> bool:
    """Whether what follows a written number is a unit; anything else makes the text something else."""
    concentration = markers.concentrations.get(rule.score or "")
    return unit in (None, "%", rule.unit) or (concentration is not None and concentration.factor(unit) is not None)


def _named_score(context: Context, rule: CodeRule, text: str, path: str, warnings: tuple[str, ...]) -> Score | None:
    """A score with its name in one short text, ``5% tumor proportion score`` or ``TPS 80%``."""
    for name in context.tables.markers.scores_of.get(rule.marker or "", ()):
        for form in context.tables.score_names[name]:
            prefix = rf"(?:{re.escape(rule.marker or '')}\s+|PD-?L1\s+)?"
            for pattern in (
                rf"^{NUMBER}{_DENOMINATOR}\s*{re.escape(form)}\.?$",
                rf"^{prefix}{re.escape(form)}\s*[:=]?\s*{NUMBER}{_DENOMINATOR}\.?$",
            ):
                if match := re.match(pattern, text.strip(), re.IGNORECASE):
                    return _text_score(context, of_match(match, path, text), name, warnings)
    return None


def _text_score(context: Context, number: Measured, name: str, warnings: tuple[str, ...]) -> Score:
    unit = "%" if name in PERCENT_SCORES or (number.is_percent and name not in _UNITLESS) else None
    state = State.PRESENT
    if not _plausible(context.tables.markers, name, unit, number.value):
        state = State.INDETERMINATE
        warnings = (
            *warnings,
            phrase("a percentage outside 0 to 100") if unit == "%" else phrase("outside the range of this score"),
        )
    return Score(name, number.plain(), number.path, number.raw, number.comparator, unit, state, warnings)


def _said(scores: list[Score], answer: Answer) -> bool:
    """Whether a score of the same element says it already: by the same words, or more closely (HER2-low)."""
    return any(
        score.path == answer.path and (score.raw == answer.raw or score.state is answer.state is State.ABSENT)
        for score in scores
    )


def _score_fact(context: Context, rule: CodeRule, score: Score) -> Fact:
    return Fact(
        kind=Kind.EXPRESSION,
        state=score.state,
        source=Source(context.resource.reference, score.path, score.raw),
        genes=rule.genes,
        marker=rule.marker,
        score=score.name,
        value=score.value,
        unit=score.unit,
        comparator=score.comparator,
        date=context.date,
        warnings=score.warnings,
    )


def presence_fact(context: Context, rule: CodeRule, answer: Answer) -> Fact:
    """Whether the protein of a code was found, without a number."""
    return Fact(
        kind=Kind.EXPRESSION,
        state=answer.state,
        source=Source(context.resource.reference, answer.path, answer.raw),
        genes=rule.genes,
        marker=rule.marker,
        score=rule.options.get("presence"),
        date=context.date,
    )
