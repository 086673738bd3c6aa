"""Performance status by ECOG, Karnofsky and Lansky: the number that was sent, never converted between scales."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import Json, member, number, objects, string, texts
from fhir_mappings.performance_scales import PerformanceScale
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase


def read_performance(context: Context, rule: CodeRule) -> Reading:
    """Read one performance status, or each component of an Observation that holds several."""
    reading = Reading()
    for element, path, scale in _elements(context, rule):
        fact = _fact(context, element, path, scale)
        if isinstance(fact, Fact):
            reading.facts.append(fact)
        else:
            reading.unread += context.unread(f"{scale}: {fact}").unread
    return reading if reading.facts or reading.unread else context.unread("no performance scale that is known")


def _elements(context: Context, rule: CodeRule) -> Iterator[tuple[Json, str, str]]:
    if rule.score:
        yield context.data, "", rule.score
        return
    for index, component in enumerate(objects(context.data.get("component"))):
        own = context.tables.rule_for(component.get("code"))
        if own and own.reader == rule.reader and own.score:
            yield component, f"component[{index}].", own.score


def _fact(context: Context, element: Json, path: str, name: str) -> Fact | str:
    """The fact of one element, or why there is none."""
    scale = context.tables.performance_scales[name]
    source, value = _value(element, path, scale, context.resource.reference)
    if value is not None and value not in scale.values:
        return "a number outside the scale"
    if value is not None:
        warnings = _warnings(element, scale, value)
        return _performance(context, source, name, State.PRESENT, int(value), warnings)
    answer = context.tables.answers.answer(element, path)
    if answer and not answer.is_decided:
        source = Source(context.resource.reference, answer.path, answer.raw)
        return _performance(context, source, name, answer.state, None, ())
    if scale.says_unknown(element.get("valueCodeableConcept")):
        return _performance(context, source, name, State.UNKNOWN, None, ())
    return "no value that can be read"


def _performance(
    context: Context, source: Source, name: str, state: State, value: int | None, warnings: tuple[str, ...]
) -> Fact:
    return Fact(
        kind=Kind.PERFORMANCE,
        state=state,
        source=source,
        score=name,
        value=value,
        date=context.date,
        warnings=warnings,
    )


def _value(element: Json, path: str, scale: PerformanceScale, reference: str) -> tuple[Source, float | int | None]:
    """The first element that gives a number; zero is one."""
    quantity = member(element, "valueQuantity")
    plain = [("valueInteger", number(element.get("valueInteger"))), ("valueQuantity", number(quantity.get("value")))]
    for place, value in plain:
        if value is not None and not (place == "valueQuantity" and quantity.get("comparator")):
            return Source(reference, f"{path}{place}", f"{value:g}"), value
    concept = member(element, "valueCodeableConcept")
    if (value := _of_concept(concept, scale)) is not None:
        return Source(reference, f"{path}valueCodeableConcept", _raw(concept)), value
    text = string(element.get("valueString")) or ""
    if (value := scale.of_text(text)) is not None:
        return Source(reference, f"{path}valueString", text), value
    for index, interpretation in enumerate(objects(element.get("interpretation"))):
        if (value := scale.of_code(interpretation)) is not None:
            return Source(reference, f"{path}interpretation[{index}]", _raw(interpretation)), value
    return Source(reference, f"{path}valueCodeableConcept" if concept else None, _raw(concept)), None


def _of_concept(concept: Json, scale: PerformanceScale) -> int | None:
    """By code; else by a code or text that is itself the number (local code systems, or none)."""
    if (value := scale.of_code(concept)) is not None:
        return value
    return next((value for text in texts(concept) if (value := scale.of_text(text)) is not None), None)


def _warnings(element: Json, scale: PerformanceScale, value: float) -> tuple[str, ...]:
    for interpretation in objects(element.get("interpretation")):
        other = scale.of_code(interpretation)
        if other is not None and other != value:
            return (phrase("the interpretation says {score}", score=other),)
    return ()


def _raw(concept: Json) -> str | None:
    return " ".join(texts(concept))[:120] or None
