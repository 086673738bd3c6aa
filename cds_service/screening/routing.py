"""One line of bulk data: to which patient it belongs, or why it belongs to none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from cds_service.codec import NotJson, loads
from fhir_mappings import RECORD_TYPES, local_reference

#: A longer line is no resource that a record needs; it is reported and not read.
LONGEST_LINE = 64 * 1024 * 1024


class Fate(IntEnum):
    """What becomes of a line."""

    PATIENT = 0  # belongs to a patient
    SHARED = 1  # a Medication, to which several patients' resources may refer
    PROBLEM = 2  # cannot be used; the reason says why
    PASSED = 3  # a type of which nothing is read, such as Encounter
    BLANK = 4


@dataclass(frozen=True, slots=True)
class Route:
    """Where a line goes. ``key`` names the patient (``Patient/1``) or the shared resource (``Medication/1``).

    ``medications``: keys of Medications that the resource refers to. ``reason``: of a problem; it repeats nothing of
    the line.
    """

    fate: Fate
    type: str = ""
    key: str = ""
    medications: tuple[str, ...] = ()
    reason: str = ""


_BLANK = Route(Fate.BLANK)
_NO_BULK_DATA = frozenset({"Bundle", "Parameters", "OperationOutcome"})
_SUBJECTS = ("subject", "patient")


def route(line: bytes) -> Route:
    """Where a line goes, by its content alone."""
    if not line or line.isspace():
        return _BLANK
    if len(line) > LONGEST_LINE:
        return _problem("", f"longer than {LONGEST_LINE // 1024**2} MiB")
    try:
        resource = loads(line)
    except NotJson:
        return _problem("", "not JSON")
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str):
        return _problem("", "not a FHIR resource")
    if kind in RECORD_TYPES:
        return _routed(kind, resource)
    if kind in _NO_BULK_DATA:
        return _problem(kind, "no resource of a patient")
    # What looks like no type of FHIR is not repeated: it could be anything.
    return Route(Fate.PASSED, kind) if kind.isalpha() and len(kind) <= 40 else _problem("", "not a FHIR resource")


def _routed(kind: str, resource: dict[str, Any]) -> Route:
    if kind in ("Patient", "Medication"):
        identifier = resource.get("id")
        if not isinstance(identifier, str) or not identifier.strip():
            return _problem(kind, "has no id")
        return Route(Fate.PATIENT if kind == "Patient" else Fate.SHARED, kind, f"{kind}/{identifier.strip()}")
    reference = _subject(resource)
    if reference is None:
        return _problem(kind, "refers to no patient")
    key = local_reference(reference)
    if not key.startswith("Patient/"):
        return _problem(kind, "refers to its subject by something else than the id of a Patient")
    return Route(Fate.PATIENT, kind, key, tuple(_medications(resource)))


def _subject(resource: dict[str, Any]) -> str | None:
    for element in _SUBJECTS:
        value = resource.get(element)
        reference = value.get("reference") if isinstance(value, dict) else None
        if isinstance(reference, str) and reference.strip():
            return reference.strip()
    return None


def _medications(resource: dict[str, Any]) -> list[str]:
    """The Medications that a therapy names in place of a code."""
    named = [resource.get("medicationReference")]
    used = resource.get("usedReference")
    named += used if isinstance(used, list) else [used]
    found = [item.get("reference") for item in named if isinstance(item, dict)]
    keys = [local_reference(item.strip()) for item in found if isinstance(item, str)]
    return [key for key in dict.fromkeys(keys) if key.startswith("Medication/")]


def _problem(kind: str, reason: str) -> Route:
    return Route(Fate.PROBLEM, kind, reason=reason)
