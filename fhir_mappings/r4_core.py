"""The genetics extensions of the FHIR R4 core specification, older than any genomics guide and still sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fhir_mappings.context import Context
from fhir_mappings.elements import Json, codings, last_segment, objects, string

_PANEL = "55233-1"
_COMPONENTS = {
    "observation-geneticsGene": "48018-6",
    "observation-geneticsDNARegionName": "47999-8",
    "observation-geneticsGenomicSourceClass": "48002-0",
    "observation-geneticsVariant": "81252-9",
    "observation-geneticsAminoAcidChange": "48005-3",
    "observation-geneticsCopyNumberEvent": "62378-5",
}
#: Parts of an extension that say something else than the extension as a whole.
_PARTS = {
    ("observation-geneticsVariant", "Type"): "48019-4",
    ("observation-geneticsAminoAcidChange", "Type"): "48006-1",
    ("observation-geneticsAllele", "State"): "53034-5",
    ("observation-geneticsAllele", "Frequency"): "81258-6",
}
_NAMES_A_CHANGE = frozenset(
    {"observation-geneticsVariant", "observation-geneticsAminoAcidChange", "observation-geneticsCopyNumberEvent"}
)


def has_genetics_extension(data: Json) -> bool:
    """Whether one of the genetics extensions of R4 core stands on the resource."""
    extensions = objects(data.get("extension")) if "extension" in data else []
    return any("observation-genetics" in (string(extension.get("url")) or "") for extension in extensions)


def as_variant(context: Context) -> Context | None:
    """The same Observation with its extensions as components; ``None`` if it is no variant in this form.

    The gene extension alone also stands on genotypes and phenotypes, so it takes the master panel code or a
    named change to make a variant.
    """
    if "extension" not in context.data:
        return None
    found = {last_segment(string(extension.get("url"))) for extension in objects(context.data.get("extension"))}
    if "observation-geneticsGene" not in found:
        return None
    is_panel = any(code == _PANEL for _, code, _ in codings(context.data.get("code")))
    if not (is_panel or found & _NAMES_A_CHANGE):
        return None
    components = [*objects(context.data.get("component")), *_components(context.data)]
    return replace(context, resource=replace(context.resource, data={**context.data, "component": components}))


def _components(data: Json) -> Iterator[Json]:
    for extension in objects(data.get("extension")):
        name = last_segment(string(extension.get("url")))
        # Some of these extensions hold their values one level further down.
        for holder in (extension, *objects(extension.get("extension"))):
            code = _PARTS.get((name, string(holder.get("url")) or ""), _COMPONENTS.get(name))
            values = {element: value for element, value in holder.items() if element.startswith("value")}
            if "valueDecimal" in values:
                values = {"valueQuantity": {"value": values["valueDecimal"]}}
            if code and values:
                yield {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, **values}
