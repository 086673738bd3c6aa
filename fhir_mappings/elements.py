"""Tolerant access to FHIR JSON elements.

Real systems send a single object where a list belongs, empty ids, or a string for a number. These
functions return what can be used and nothing else; they never raise on any JSON value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
#: System, code and display; ``None`` for each that is missing or blank.
Coding = tuple[str | None, str | None, str | None]


def objects(value: Any) -> list[Json]:
    """The objects of a list, or the one object that stands where a list belongs."""
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return []


def member(value: Any, name: str) -> Json:
    """A member that should be an object; an empty one if it is not."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def string(value: Any) -> str | None:
    """A non-blank string, stripped; ``None`` for anything else."""
    return value.strip() or None if isinstance(value, str) else None


def number(value: Any) -> float | int | None:
    """A number; booleans and text are none."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


#: What it raises to take a concept for one of the usual form, with a single coding, where it has another. That is tried
#: first because half of all elements that are read are of this form.
_UNUSUAL = (AttributeError, KeyError, TypeError, ValueError)


def codes_of(concept: Any) -> list[str]:
    """The code of every coding of a CodeableConcept."""
    try:
        [coding] = concept["coding"]
        code = coding["code"].strip()
        return [code] if code else []
    except _UNUSUAL:
        found = concept.get("coding") if isinstance(concept, dict) else None
        return [code for coding in objects(found) if (code := string(coding.get("code")))]


def codings(concept: Any) -> list[Coding]:
    """System, code and display of every coding of a CodeableConcept."""
    if concept is None:
        return []
    try:
        [coding] = concept["coding"]
        return [_coding(coding)]
    except _UNUSUAL:
        found = concept.get("coding") if isinstance(concept, dict) else None
        return [_coding(coding) for coding in objects(found)]


def _coding(sent: Json) -> Coding:
    # What `string` does, written out.
    system, code, display = sent.get("system"), sent.get("code"), sent.get("display")
    return (
        (system.strip() or None) if isinstance(system, str) else None,
        (code.strip() or None) if isinstance(code, str) else None,
        (display.strip() or None) if isinstance(display, str) else None,
    )


def concept_text(concept: Any) -> str | None:
    """The text of a CodeableConcept, else its first display, else its first code."""
    if not isinstance(concept, dict):
        return None
    if text := string(concept.get("text")):
        return text
    for _, code, display in codings(concept):
        if display or code:
            return display or code
    return None


def texts(concept: Any) -> Iterator[str]:
    """Every code, display and text of a CodeableConcept, codes first."""
    for _, code, display in codings(concept):
        if code:
            yield code
        if display and display != code:
            yield display
    if isinstance(concept, dict) and (text := string(concept.get("text"))):
        yield text


#: Code systems by the object identifier that some clients send in place of the URL (HL7 OID registry).
_SEGMENTS_BY_OID = {
    "urn:oid:2.16.840.1.113883.6.1": "loinc.org",
    "urn:oid:2.16.840.1.113883.6.96": "sct",
    "urn:oid:2.16.840.1.113883.3.26.1.1": "Thesaurus.owl",
    "urn:oid:2.16.840.1.113883.5.83": "v3-ObservationInterpretation",
}


def last_segment(uri: str | None) -> str:
    """``…/CodeSystem/tbd-codes-cs`` to ``tbd-codes-cs``: code systems were renamed between versions."""
    if not uri:
        return ""
    return _SEGMENTS_BY_OID.get(uri) or uri.rstrip("/").rpartition("/")[2]


def reference_text(value: Any) -> str | None:
    """The literal reference of a Reference; ``None`` for identifier-only and empty ones."""
    return string(value.get("reference")) if isinstance(value, dict) else None
