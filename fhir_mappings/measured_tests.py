"""Laboratory results that count: copies, ratios and fractions of cells, and amplifications by in-situ hybridisation.

A number is kept as a number. Whether it means amplified, rearranged or mutated is the laboratory's to say:
no threshold is applied here.
"""

from __future__ import annotations

from typing import Any

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import Json, member, number, string
from fhir_mappings.gene_results import answer_of, fact_of
from fhir_mappings.tables import CodeRule
from knowledge.facts import Kind, State

_KINDS = {"copy_number": Kind.COPY_NUMBER, "fusion": Kind.FUSION, "variant": Kind.VARIANT}


def read_amplification_test(context: Context, rule: CodeRule) -> Reading:
    """A code for the amplification of a gene with the answer whether it is there."""
    answer = answer_of(context, rule, "copy_number")
    if answer is None:
        return context.unread("no answer that can be read")
    return Reading([fact_of(context, rule, Kind.COPY_NUMBER, answer, variant_class=rule.variant_class)])


def read_measured_test(context: Context, rule: CodeRule) -> Reading:
    """A code for a number about an alteration. ``options.kind`` is the kind of the alteration.

    Copies of a gene are there to be counted. Of a variant or fusion, a number above zero says that it was seen;
    zero, or less than a limit, does not say that it is absent.
    """
    kind = _KINDS[rule.options["kind"]]
    measured = _measured(context.data)
    answer = answer_of(context, rule, rule.options["kind"])
    if measured is None:
        return _answered(context, rule, kind, answer)
    value, comparator, unit, path = measured
    members: dict[str, Any] = {"value": value, "comparator": comparator, "unit": unit or rule.unit, "score": rule.score}
    if rule.options.get("copies"):
        members = {"copies": value, "comparator": comparator, "unit": unit or rule.unit}
    if answer is not None and answer.is_decided:
        stated = Answer(answer.state, answer.path, answer.raw)
        return Reading([fact_of(context, rule, kind, stated, **_named(rule), **members)])
    state = State.PRESENT if kind is Kind.COPY_NUMBER or _is_seen(value, comparator, rule) else State.INDETERMINATE
    counted = Answer(state, path, f"{comparator or ''}{value:g}")
    named = {} if kind is Kind.COPY_NUMBER else _named(rule)
    return Reading([fact_of(context, rule, kind, counted, **named, **members)])


def _answered(context: Context, rule: CodeRule, kind: Kind, answer: Answer | None) -> Reading:
    if answer is None:
        return context.unread("no number that can be read")
    return Reading([fact_of(context, rule, kind, answer, **_named(rule))])


def _named(rule: CodeRule) -> dict[str, Any]:
    return {"protein": rule.protein, "variant_class": rule.variant_class}


def _is_seen(value: float, comparator: str | None, rule: CodeRule) -> bool:
    """Whether the number alone says that the alteration was seen; a fraction of cells never does."""
    return value > 0 and comparator not in ("<", "<=") and not rule.options.get("background")


def _measured(data: Json) -> tuple[float, str | None, str | None, str] | None:
    quantity = member(data, "valueQuantity")
    value = number(quantity.get("value"))
    if value is not None:
        unit = string(quantity.get("unit")) or string(quantity.get("code"))
        return float(value), string(quantity.get("comparator")), unit, "valueQuantity.value"
    plain = number(data.get("valueInteger"))
    if plain is not None:
        return float(plain), None, None, "valueInteger"
    ratio = member(data, "valueRatio")
    top, bottom = (number(member(ratio, part).get("value")) for part in ("numerator", "denominator"))
    if top is not None and bottom:
        return float(top) / float(bottom), None, None, "valueRatio"
    return None
