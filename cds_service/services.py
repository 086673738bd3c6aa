"""Discovery, the CDS services and their feedback (CDS Hooks 2.0)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from time import perf_counter

from flask import Blueprint, Response, request

from cds_service.advisor import Advisor
from cds_service.answers import answer
from cds_service.envelope import read_json, read_request
from cds_service.feedback import read_feedback
from cds_service.fetching import Fetcher
from cds_service.hooks import SERVICES, Service
from cds_service.outcomes import ServiceError, json_response
from cds_service.recording import Call, Recorder
from cds_service.settings import Settings
from cds_service.store import StoreError
from cds_service.styles import style_for

#: The name under which calls are kept as long as there is one client.
_ANYBODY = "demo"


def services_blueprint(
    advisor: Advisor, settings: Settings, today: Callable[[], date], recorder: Recorder | None, fetcher: Fetcher
) -> Blueprint:
    """The routes of discovery, of the services and of their feedback."""
    blueprint = Blueprint("services", __name__)

    @blueprint.get("/cds-services", strict_slashes=False)
    def discovery() -> Response:
        return json_response({"services": [service.discovery(settings.cds_hooks) for service in SERVICES.values()]})

    @blueprint.post("/cds-services/<service_id>", strict_slashes=False)
    def call(service_id: str) -> Response:
        begun = perf_counter()
        service = _service(service_id)
        fetched = fetcher.complete(read_request(request, service.hook), service.needs, _ANYBODY)
        body = fetched.body
        style = style_for(settings.cards, service.hook)
        if recorder is None:
            answered = answer(advisor, service, body, today(), style, _new_id, fetched=fetched)
            return json_response({"cards": answered.cards})
        this = Call(_ANYBODY, service.id, body, fetched.received, tuple(fetched.failed))
        answered = answer(
            advisor, service, body, today(), style, _new_id, lambda record: recorder.silenced(this, record), fetched
        )
        recorder.record(this, answered, 1000 * (perf_counter() - begun))
        return json_response({"cards": answered.cards})

    @blueprint.post("/cds-services/<service_id>/feedback", strict_slashes=False)
    def feedback(service_id: str) -> Response:
        items = read_feedback(read_json(request), _ANYBODY, _service(service_id).id)
        if recorder is None:
            raise ServiceError(503, "Feedback cannot be kept: there is no store.")
        try:
            recorder.store.add_feedback(items)
        except StoreError:
            raise ServiceError(503, "Feedback cannot be kept at the moment.") from None
        return Response(status=200, mimetype="application/json", headers={"Cache-Control": "no-store"})

    return blueprint


def _service(service_id: str) -> Service:
    service = SERVICES.get(service_id)
    if service is None:
        raise ServiceError(404, "There is no CDS service with this id.")
    return service


def _new_id() -> str:
    return str(uuid.uuid4())
