"""A document as the CDS Hooks request of an EHR that sends it as prefetch."""

from __future__ import annotations

from typing import Any

from cds_service.hooks import PATIENT_VIEW
from fhir_mappings import patient_of
from fhir_mappings.elements import Json, member, objects, string

_OTHERS = "others"


def as_request(document: Any) -> Any:
    """A CDS Hooks request as it is; anything else as the prefetch of a patient-view request for its patient."""
    if isinstance(document, dict) and "hook" in document:
        return document
    entries = document if isinstance(document, list) else [document]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": entry} for entry in entries]}
    prefetch = {need.key: None for need in PATIENT_VIEW.needs} | {"record": bundle}
    patient = (patient_of(bundle) or "unknown").removeprefix("Patient/")
    context = {"userId": "Practitioner/replay", "patientId": patient}
    return {"hook": PATIENT_VIEW.hook, "hookInstance": "replay", "context": context, "prefetch": prefetch}


def by_key(document: Any) -> Any:
    """A request as it is, as a new object; of anything else a request with the resources under the service's keys."""
    if isinstance(document, dict) and ("hook" in document or "prefetch" in document):
        return dict(document)
    request: Json = as_request(document)
    prefetch: Json = {need.key: None for need in PATIENT_VIEW.needs}
    keys = {need.resource_type: need.key for need in PATIENT_VIEW.needs}
    sorted_in: dict[str, list[Json]] = {}
    rest: list[Json] = []
    bundle = document if _is_bundle(document) else request["prefetch"]["record"]
    for entry in objects(bundle.get("entry")):
        key = keys.get(string(member(entry, "resource").get("resourceType")) or "")
        (sorted_in.setdefault(key, []) if key else rest).append(entry)
    for key, entries in sorted_in.items():
        prefetch[key] = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if rest or _is_bundle(document):  # a Bundle says more than its entries: a link to the next page
        prefetch[_OTHERS] = {**bundle, "entry": rest}
    return request | {"prefetch": prefetch}


def _is_bundle(document: Any) -> bool:
    return isinstance(document, dict) and document.get("resourceType") == "Bundle"
