"""Which statuses give facts (FHIR R4 ObservationStatus and DiagnosticReportStatus)."""

from __future__ import annotations

from enum import Enum

from fhir_mappings.elements import Json, string


class Use(Enum):
    """What a status allows."""

    USE = "use"
    WITHDRAWN = "withdrawn"  # never a fact, and it takes back what it once said
    NOT_FINAL = "not final"  # reported as unread: a result exists but may still change
    UNCLEAR = "unclear"  # missing or not a FHIR status: reported as unread


_USES = {
    "final": Use.USE,
    "amended": Use.USE,
    "corrected": Use.USE,
    "appended": Use.USE,
    "entered-in-error": Use.WITHDRAWN,
    "cancelled": Use.WITHDRAWN,
    "preliminary": Use.NOT_FINAL,
    "partial": Use.NOT_FINAL,
    "registered": Use.NOT_FINAL,
}


def use_of(data: Json) -> Use:
    """What the status of an Observation or DiagnosticReport allows."""
    return _USES.get(string(data.get("status")) or "", Use.UNCLEAR)
