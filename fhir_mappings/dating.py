"""When a result speaks of: collection of the specimen, else effective time, else issue."""

from __future__ import annotations

from fhir_mappings.collection import Collection, Resource
from fhir_mappings.elements import Json, member, reference_text, string
from knowledge.dates import is_fhir_date


def date_of_result(resource: Resource, collection: Collection) -> str | None:
    """The date of an Observation or DiagnosticReport as FHIR text; ``None`` if it carries none that is readable."""
    if "specimen" not in resource.data:
        sent = resource.data.get("effectiveDateTime")
        if isinstance(sent, str) and is_fhir_date(sent):
            return sent
    specimen = collection.resolve(reference_text(member(resource.data, "specimen")), resource)
    candidates = [
        *_collected(specimen.data if specimen else {}),
        *_effective(resource.data),
        resource.data.get("issued"),
    ]
    for candidate in candidates:
        text = string(candidate)
        if text and is_fhir_date(text):
            return text
    return None


def _collected(specimen: Json) -> list[object]:
    collection = member(specimen, "collection")
    return [collection.get("collectedDateTime"), member(collection, "collectedPeriod").get("end")]


def _effective(data: Json) -> list[object]:
    period = member(data, "effectivePeriod")
    return [data.get("effectiveDateTime"), period.get("end"), period.get("start"), data.get("effectiveInstant")]
