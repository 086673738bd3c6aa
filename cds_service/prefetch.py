"""Prefetch: what the service asks for, and what arrived.

The templates use only the simple query subset of CDS Hooks 2.0. EHRs are often configured by hand, so
keys may be renamed: a need is met by its key, by a key that names its resource type, or by any resource
of that type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from fhir_mappings.elements import member, objects


@dataclass(frozen=True, slots=True)
class Need:
    """One prefetch template. Without a required one the question cannot be answered."""

    key: str
    template: str
    resource_type: str
    required: bool
    words: tuple[str, ...]
    completes: bool = True  # without it an answer is marked as made from an incomplete record


NEEDS = (
    Need("patient", "Patient/{{context.patientId}}", "Patient", False, ("patient",)),
    Need(
        "conditions",
        "Condition?patient={{context.patientId}}&_count=200",
        "Condition",
        True,
        ("condition", "problem", "diagnos"),
    ),
    Need(
        "observations",
        "Observation?patient={{context.patientId}}"
        "&category=laboratory,http://terminology.hl7.org/CodeSystem/v2-0074|GE&_sort=-date&_count=500",
        "Observation",
        True,
        ("observation", "lab", "result", "genom", "genetic"),
    ),
    Need(
        "reports",
        "DiagnosticReport?patient={{context.patientId}}&_sort=-date&_count=100",
        "DiagnosticReport",
        False,
        ("report",),
    ),
    *(
        Need(key, f"{resource_type}?patient={{{{context.patientId}}}}&_count=200", resource_type, False, words, False)
        for key, resource_type, words in (
            ("medicationStatements", "MedicationStatement", ("medicationstatement",)),
            ("medicationRequests", "MedicationRequest", ("medicationrequest",)),
            ("medicationAdministrations", "MedicationAdministration", ("medicationadministration",)),
            ("procedures", "Procedure", ("procedure",)),
        )
    ),
    Need(
        "serviceRequests",
        "ServiceRequest?patient={{context.patientId}}&_sort=-authored&_count=100",
        "ServiceRequest",
        False,
        ("servicerequest",),
        False,
    ),
)


class Arrival(Enum):
    """What came for one key. ``NOTHING`` is an answer: the client looked and found no data."""

    DATA = "data"
    NOTHING = "nothing"
    FAILED = "failed"


def templates(needs: tuple[Need, ...]) -> dict[str, str]:
    """The prefetch object of discovery."""
    return {need.key: need.template for need in needs}


def not_told(prefetch: Any, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """The needs that complete the record and of which data may exist that was not sent.

    A null is "looked, nothing there" by the specification, and "could not resolve the template" for some clients.
    """
    values = prefetch if isinstance(prefetch, dict) else {}
    silent = [need for need in needs if need.completes and need.key in values and values[need.key] is None]
    types = {name for value in values.values() for name in _types_in(value)} if silent else set()
    return tuple(need for need in silent if need.resource_type not in types)


def unmet(prefetch: Any, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """The needs for which nothing usable arrived."""
    values = prefetch if isinstance(prefetch, dict) else {}
    arrivals = {key: arrival_of(value) for key, value in values.items()}
    types = {name for value in values.values() for name in _types_in(value)}
    return tuple(need for need in needs if not _is_met(need, arrivals, types))


def unsettled(prefetch: Any, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """The needs that a look at the FHIR server may settle: unmet ones, and those of which a doubtful value came."""
    values = prefetch if isinstance(prefetch, dict) else {}
    missing = unmet(prefetch, needs)
    types = {name for value in values.values() for name in _types_in(value)}

    def is_doubtful(need: Need) -> bool:
        silent = any(value is None and is_for(key, need) for key, value in values.items())
        own = values.get(need.key)
        return (silent and need.resource_type not in types) or holds_error(own) or falls_short((own,))

    return tuple(need for need in needs if need in missing or is_doubtful(need))


def in_part(prefetch: Any, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """The needs of which a page or a part is missing, or an error stands where more data would be."""
    values = prefetch if isinstance(prefetch, dict) else {}
    broken = {
        key: value
        for key, value in values.items()
        if next_page(value) is not None or holds_error(value) or falls_short((value,))
    }
    return tuple(
        need
        for need in needs
        if any(need.resource_type in _types_in(value) or is_for(key, need) for key, value in broken.items())
    )


def is_for(key: str, need: Need) -> bool:
    """Whether a key is that of the need or one that names it."""
    return key == need.key or any(word in key.lower() for word in need.words)


def next_page(value: Any) -> Any:
    """The address of the next page of a Bundle, whatever stands there; ``None`` if it names no next page."""
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        return None
    return next((link.get("url") or "" for link in objects(value.get("link")) if link.get("relation") == "next"), None)


def falls_short(pages: Sequence[Any]) -> bool:
    """Whether the pages of a search hold fewer results than the last one counts, and it names no further page.

    Some servers cut a list off at their own limit and say so in nothing but ``Bundle.total``.
    """
    last = pages[-1] if pages else None
    total = last.get("total") if isinstance(last, dict) and last.get("resourceType") == "Bundle" else None
    if not isinstance(total, int) or next_page(last) is not None:
        return False
    return sum(_matches(page) for page in pages) < total


def _matches(page: Any) -> int:
    """The entries of a page that are results of the search, not what was included with them."""
    entries = objects(page.get("entry")) if isinstance(page, dict) else []
    return sum(1 for entry in entries if member(entry, "search").get("mode") not in ("include", "outcome"))


def holds_error(value: Any) -> bool:
    """Whether an error stands in a Bundle."""
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        return False
    resources = (member(entry, "resource") for entry in objects(value.get("entry")))
    return any(resource.get("resourceType") == "OperationOutcome" and _is_error(resource) for resource in resources)


def _is_met(need: Need, arrivals: dict[str, Arrival], types: set[str]) -> bool:
    if need.resource_type in types:
        return True
    if need.key in arrivals:
        return arrivals[need.key] is not Arrival.FAILED
    return any(arrival is not Arrival.FAILED and is_for(key, need) for key, arrival in arrivals.items())


def arrival_of(value: Any) -> Arrival:
    """Classify one prefetch value: data, known to be empty, or an error instead of data."""
    if value is None:
        return Arrival.NOTHING
    if not isinstance(value, dict):
        return Arrival.FAILED
    if value.get("resourceType") == "OperationOutcome":
        return Arrival.FAILED
    if value.get("resourceType") != "Bundle":
        return Arrival.DATA
    entries = objects(value.get("entry"))
    if any(member(entry, "resource").get("resourceType") != "OperationOutcome" for entry in entries):
        return Arrival.DATA
    return Arrival.FAILED if any(_is_error(member(entry, "resource")) for entry in entries) else Arrival.NOTHING


def _is_error(outcome: Any) -> bool:
    return any(issue.get("severity") in ("error", "fatal") for issue in objects(outcome.get("issue")))


def _types_in(value: Any) -> set[str]:
    if not isinstance(value, dict):
        return set()
    resources = [entry.get("resource") for entry in objects(value.get("entry"))]
    return {str(resource.get("resourceType")) for resource in (value, *resources) if isinstance(resource, dict)}
