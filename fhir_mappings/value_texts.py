"""The texts in which a result's value may be named, in the order of trust: code, display, text, plain string."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_mappings.elements import Json, codings, last_segment, member, string


@dataclass(frozen=True, slots=True)
class ValueText:
    """A text of the value, the element it stands in, and whether its system is that of GL Strings."""

    text: str
    path: str
    genotype_list: bool = False


def value_texts(data: Json) -> list[ValueText]:
    """Every text of an Observation's or a component's value, each once."""
    concept = member(data, "valueCodeableConcept")
    found = []
    for system, code, display in codings(concept):
        if last_segment(system) == "data-absent-reason":
            continue
        genotype_list = "glstring" in last_segment(system)
        found += [ValueText(text, "valueCodeableConcept", genotype_list) for text in (code, display) if text]
    if text := string(concept.get("text")):
        found.append(ValueText(text, "valueCodeableConcept"))
    if text := string(data.get("valueString")):
        found.append(ValueText(text, "valueString"))
    return list({value.text: value for value in reversed(found)}.values())[::-1]
