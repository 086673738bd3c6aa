"""Which Medications to fetch: those that name the drug of an order or a therapy and did not come along."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fhir_mappings.collection import Resource, collect
from fhir_mappings.elements import member, objects, reference_text, string

#: The key under which fetched Medications stand in prefetch.
MEDICATIONS_KEY = "fetchedMedications"
_MAX_MEDICATIONS = 20
_WITH_MEDICATION = frozenset({"MedicationRequest", "MedicationStatement", "MedicationAdministration"})


def referenced_medications(body: Mapping[str, Any], local: Callable[[str], str | None]) -> list[str]:
    """The references of Medications to fetch, each once, at most 20; those of drafted orders first.

    ``local`` gives a reference as type and id if it is one of the server that may be asked. A therapy of the record
    whose reference bears a name is left as it is, and so is everything that names its drug itself. The drafted orders
    are not on the server and are never asked for, but the Medications that they name are.
    """
    drafts = member(body, "context").get("draftOrders")
    drafted = list(_entries(drafts if isinstance(drafts, dict) and "entry" in drafts else {"entry": drafts}))
    recorded = [entry for value in member(body, "prefetch").values() for entry in _entries(value)]
    found = [*_missing(drafted, recorded, local, named=True), *_missing(recorded, drafted, local, named=False)]
    return list(dict.fromkeys(found))[:_MAX_MEDICATIONS]


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    """The entries of a Bundle with Medications or with what refers to them."""
    for entry in objects(value.get("entry")) if isinstance(value, dict) else []:
        resource = member(entry, "resource") or entry
        kind = resource.get("resourceType")
        if kind == "Medication" or (isinstance(kind, str) and kind in _WITH_MEDICATION):
            yield {"fullUrl": entry.get("fullUrl"), "resource": resource}


def _missing(
    entries: list[dict[str, Any]],
    others: list[dict[str, Any]],
    local: Callable[[str], str | None],
    named: bool,
) -> Iterator[str]:
    """References that lead to nothing. With ``named`` also those beside which a name stands."""
    if not any(member(entry["resource"], "medicationReference") for entry in entries):
        return
    collection = collect({"resourceType": "Bundle", "entry": [*entries, *others]})
    own = {id(entry["resource"]) for entry in entries}
    for resource in collection.resources:
        if id(resource.data) not in own or (not named and _is_named(resource)):
            continue
        reference = reference_text(member(resource.data, "medicationReference"))
        if not reference or isinstance(resource.data.get("medicationCodeableConcept"), dict):
            continue
        if collection.resolve(reference, resource) is None and (address := local(reference)):
            yield address


def _is_named(resource: Resource) -> bool:
    return string(member(resource.data, "medicationReference").get("display")) is not None
