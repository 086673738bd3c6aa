"""Discovery and the CDS services themselves (CDS Hooks 2.0, Discovery and Calling a CDS Service)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from cds_service.advisor import Advisor
from cds_service.envelope import read_request
from cds_service.outcomes import ServiceError, json_response
from cds_service.prefetch import PATIENT_VIEW_NEEDS, Need, templates, unmet


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service: how discovery describes it and which hook it answers."""

    id: str
    hook: str
    title: str
    description: str
    needs: tuple[Need, ...]

    def discovery(self) -> dict[str, Any]:
        """The service's entry in discovery."""
        return {
            "id": self.id,
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "prefetch": templates(self.needs),
        }


PATIENT_VIEW = Service(
    id="oncology-patient-view",
    hook="patient-view",
    title="Precision oncology: EU-label therapy options",
    description=(
        "Reads tumour type and biomarker results and shows what the EU label supports, which test must come "
        "first and what remains to be verified. Reference implementation, not CE-marked."
    ),
    needs=PATIENT_VIEW_NEEDS,
)
SERVICES = {service.id: service for service in (PATIENT_VIEW,)}


def services_blueprint(advisor: Advisor, today: Callable[[], date]) -> Blueprint:
    """The routes of discovery and of the services."""
    blueprint = Blueprint("services", __name__)

    @blueprint.get("/cds-services", strict_slashes=False)
    def discovery() -> Response:
        return json_response({"services": [service.discovery() for service in SERVICES.values()]})

    @blueprint.post("/cds-services/<service_id>", strict_slashes=False)
    def call(service_id: str) -> Response:
        service = SERVICES.get(service_id)
        if service is None:
            raise ServiceError(404, "There is no CDS service with this id.")
        body = read_request(request, service.hook)
        return json_response({"cards": answer(advisor, service, body, today())})

    return blueprint


def answer(advisor: Advisor, service: Service, body: dict[str, Any], today: date) -> list[dict[str, Any]]:
    """The cards for one checked request. Raises :class:`ServiceError` with 412 if required data is missing."""
    missing = unmet(body.get("prefetch"), service.needs)
    if required := [need.key for need in missing if need.required]:
        raise ServiceError(412, f"Required data was not provided in prefetch: {', '.join(required)}.")
    record = advisor.record(body)
    findings = advisor.findings(record, today)
    incomplete = any(need.completes for need in missing)
    return advisor.patient_view(record, findings, incomplete, lambda: str(uuid.uuid4()))
