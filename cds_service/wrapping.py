"""A document as the CDS Hooks request of an EHR that sends it as prefetch."""

from __future__ import annotations

from typing import Any

from cds_service.hooks import PATIENT_VIEW
from fhir_mappings import patient_of


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
