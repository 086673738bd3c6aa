"""Genomic signatures: microsatellites, mismatch repair as a whole, mutational burden, HRD, MGMT.

A class is what the laboratory calls it; no class is ever computed from a number. A stated value has the state
``present``, also where the value is ``MSS`` or ``negative``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context
from fhir_mappings.elements import Json, string
from fhir_mappings.marker_tables import FoundLevel, LevelTable
from fhir_mappings.measurements import NUMBER, Measured, measured, of_match, part_of, texts_of_value, written
from fhir_mappings.scores import level_tables
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

#: Between two statements in one value: "MSI-H/dMMR", "MSS, pMMR", "dMMR (MSI-H)".
_SEPARATOR = re.compile(r"\s*(?:/|,|;|\(|\band\b|\bund\b)\s*", re.IGNORECASE)


def signature_facts(context: Context, element: Json, path: str, rule: CodeRule) -> list[Fact]:
    """The facts of one element: its class, its number, else its answer whether the signature is there."""
    classes = list(_classes(context, element, path, rule))
    numbers = list(_numbers(context, element, path, rule))
    if classes:
        return classes + numbers
    answer = context.tables.markers.answers.answer(element, path)
    answered = _answered(context, rule, answer) if answer else []
    return numbers + [fact for fact in answered if fact.value is not None or not numbers]


def _classes(context: Context, element: Json, path: str, rule: CodeRule) -> Iterator[Fact]:
    """What the laboratory calls the result, in the value or else in an interpretation of it."""
    tables = [(table, rule.marker) for table in level_tables(rule, context.tables.markers)]
    if class_marker := rule.options.get("class_marker"):
        tables.append((context.tables.markers.levels["class"], class_marker))
    for table, marker in tables:
        found = _in_value(table, element, path)
        if not found and (interpreted := table.find_interpretation(element, path)):
            found = [interpreted]
        for one in found:
            yield _class_fact(context, rule, one, marker)
        if found:
            return


def _in_value(table: LevelTable, element: Json, path: str) -> list[FoundLevel]:
    """The one class of a value, or those of several markers in one text; two of one marker are none."""
    if found := table.find(element, path):
        return [found]
    for text, where in texts_of_value(element, path):
        levels = [table.of_words(part) for part in _SEPARATOR.split(text.rstrip(" )"))]
        known = dict.fromkeys(level for level in levels if level)
        if None not in levels and len(known) == len({level.marker for level in known}):
            return [FoundLevel(level, where, text) for level in known]
    return []


def _class_fact(context: Context, rule: CodeRule, found: FoundLevel, marker: str | None) -> Fact:
    marker = found.level.marker or marker
    warnings = (phrase("the degree of instability is not stated"),) if found.level.value == "unstable" else ()
    return _fact(context, rule, Answer(found.level.state, found.path, found.raw), found.level.value, marker, warnings)


def _answered(context: Context, rule: CodeRule, answer: Answer) -> list[Fact]:
    """Yes or no as the class that the code makes of it; without such a class neither says anything."""
    if not answer.is_decided:
        return [_fact(context, rule, answer, None)]
    value = rule.options.get(answer.state.value)
    if value is None:
        return []
    if value == "unstable":
        unsure = replace(answer, state=State.INDETERMINATE)
        return [_fact(context, rule, unsure, value, None, (phrase("the degree of instability is not stated"),))]
    if value is True:
        return [_fact(context, rule, answer, None)]
    return [_fact(context, rule, replace(answer, state=State.PRESENT), value)]


def _numbers(context: Context, element: Json, path: str, rule: CodeRule) -> Iterator[Fact]:
    if rule.options.get("numbers") is False:
        return
    if number := measured(element, path):
        yield _number_fact(context, rule, number)
        return
    for text, where in texts_of_value(element, path):
        if (parts := part_of(text)) and rule.options.get("part_of"):
            for name, value in zip(rule.options["part_of"], parts, strict=True):
                counted = replace(rule, score=name, unit=None)
                yield _number_fact(context, counted, Measured(float(value), where, text))
            return
        if number := _written(context, rule, text, where):
            yield _number_fact(context, rule, number)
            return


def _written(context: Context, rule: CodeRule, text: str, path: str) -> Measured | None:
    """A number that is the whole text, or follows one of the marker's names."""
    units = context.tables.markers.units.get(rule.unit or "", frozenset())
    named = "|".join(re.escape(name) for name in context.tables.markers.number_names.get(rule.marker or "", ()))
    bare = re.sub(rf"^(?:{named})\s*[:=]?\s*", "", text.strip(), flags=re.IGNORECASE) if named else text
    if (number := written(bare, path)) and (number.unit in (None, "%", rule.unit) or _known(number, units)):
        return replace(number, raw=text)
    match = re.match(rf"^{NUMBER}\s*(?:{named})\.?$", text.strip(), re.IGNORECASE) if named else None
    return of_match(match, path, text) if match else None


def _number_fact(context: Context, rule: CodeRule, number: Measured) -> Fact:
    unit, trusted, warning = _unit(context, rule, number)
    warnings = [warning] if warning else []
    if not context.tables.markers.plausible("percent" if unit == "%" else rule.marker or "number", number.value):
        trusted = False
        warnings.append(phrase("the number is not plausible"))
    state = State.PRESENT if trusted else State.INDETERMINATE
    answer = Answer(state, number.path, number.raw)
    fact = _fact(context, rule, answer, number.plain(), warnings=tuple(warnings))
    return replace(fact, unit=unit, comparator=number.comparator, score=rule.score)


def _unit(context: Context, rule: CodeRule, number: Measured) -> tuple[str | None, bool, str | None]:
    """The unit of the rule if what was sent is a form of it; another unit is kept as sent and not trusted."""
    sent = number.unit or number.code
    if rule.unit is None or sent == rule.unit or number.code == rule.unit:
        return rule.unit or sent, True, None
    if sent is None:
        return rule.unit, True, phrase("no unit was sent; the code means {unit}", unit=rule.unit)
    if _known(number, context.tables.markers.units.get(rule.unit, frozenset())):
        return rule.unit, True, None
    return sent, False, phrase("the unit is not a form of {unit}", unit=rule.unit)


def _known(number: Measured, forms: frozenset[str]) -> bool:
    return any(form and form.lower() in forms for form in (string(number.unit), string(number.code)))


def _fact(
    context: Context,
    rule: CodeRule,
    answer: Answer,
    value: float | int | str | None,
    marker: str | None = None,
    warnings: tuple[str, ...] = (),
) -> Fact:
    return Fact(
        kind=Kind.SIGNATURE,
        state=answer.state,
        source=Source(context.resource.reference, answer.path, answer.raw),
        genes=rule.genes,
        marker=marker or rule.marker,
        value=value,
        date=context.date,
        warnings=warnings,
    )
