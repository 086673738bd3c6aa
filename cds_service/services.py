"""Discovery, the CDS services and their feedback (CDS Hooks 2.0)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from functools import partial
from time import perf_counter

from flask import Blueprint, Response, request

from cds_service.advisor import Advisor
from cds_service.answers import answer
from cds_service.bodies import Body, read_json
from cds_service.dialects import DIALECTS
from cds_service.envelope import read_request
from cds_service.feedback import read_feedback
from cds_service.fetching import Fetched, Fetcher
from cds_service.hooks import SERVICES, Service
from cds_service.identity import Caller
from cds_service.limits import Deadline
from cds_service.observing import note_answer, note_fetched, note_request
from cds_service.outcomes import ServiceError, json_response
from cds_service.recording import Call, Recorder
from cds_service.settings import Settings, explanation_url
from cds_service.stages import stage
from cds_service.store import Refused, StoreError
from cds_service.styles import style_for
from fhir_mappings import PatientRecord


def services_blueprint(
    advisor: Advisor,
    settings: Settings,
    today: Callable[[], date],
    recorder: Recorder | None,
    fetcher: Fetcher,
    caller: Callable[[], Caller],
    deadline: Callable[[], Deadline],
    meanwhile: Callable[[], AbstractContextManager[None]],
) -> Blueprint:
    """The routes of discovery, of the services and of their feedback.

    ``caller`` and ``deadline`` give who makes the current request, and when it has to be answered; ``meanwhile`` is
    entered while it waits for another server.
    """
    blueprint = Blueprint("services", __name__)

    @blueprint.get("/cds-services", strict_slashes=False)
    def discovery() -> Response:
        return json_response({"services": [service.discovery(settings.cds_hooks) for service in SERVICES.values()]})

    @blueprint.post("/cds-services/<service_id>", strict_slashes=False)
    def call(service_id: str) -> Response:
        begun = perf_counter()
        asking = caller()
        service = _service(service_id)
        with stage("read"):
            sent = read_request(request, service.hook)
        note_request(sent.value)
        with stage("fetch"):
            within = deadline().left()
            fetched = fetcher.complete(sent.value, service.needs, asking.name, asking.fhir_servers, within, meanwhile)
        note_fetched(len(fetched.received))
        deadline().check()
        style = style_for(asking.cards, service.hook, explanation_url(settings))
        speak = DIALECTS[asking.dialect]
        silenced: Callable[[PatientRecord], frozenset[str]] = _nothing
        if recorder:
            this = _call(recorder, asking.name, service, sent, fetched)
            silenced = partial(recorder.silenced, this)
        answered = answer(advisor, service, fetched.body, today(), style, _new_id, deadline().check, silenced, fetched)
        note_answer(answered, advisor.knowledge.release)
        if recorder:
            recorder.record(this, answered, 1000 * (perf_counter() - begun))
        with stage("serialise"):
            response = json_response({"cards": [speak(card) for card in answered.cards]})
        # Taking a parsed body apart takes as long as reading it did: not before the answer is sent.
        response.call_on_close(partial(_let_go, sent, fetched))
        return response

    @blueprint.post("/cds-services/<service_id>/feedback", strict_slashes=False)
    def feedback(service_id: str) -> Response:
        with stage("read"):
            items = read_feedback(read_json(request).value, caller().name, _service(service_id).id)
        if recorder is None:
            raise ServiceError(503, "Feedback cannot be kept: there is no store.")
        try:
            with stage("store"):
                recorder.keep_feedback(items)
        except Refused:
            raise ServiceError(400, "Invalid feedback: the store refuses it.") from None
        except StoreError:
            raise ServiceError(503, "Feedback cannot be kept at the moment.") from None
        return Response(status=200, mimetype="application/json", headers={"Cache-Control": "no-store"})

    return blueprint


def _service(service_id: str) -> Service:
    service = SERVICES.get(service_id)
    if service is None:
        raise ServiceError(404, "There is no CDS service with this id.")
    return service


def _call(recorder: Recorder, client: str, service: Service, sent: Body, fetched: Fetched) -> Call:
    """What is to be recorded of a request: as it was written before, if nothing was fetched."""
    body = fetched.body
    written = sent.written if body.get("prefetch") is sent.value.get("prefetch") else None
    return recorder.call(client, service.id, body, fetched.received, tuple(fetched.failed), written)


def _nothing(record: PatientRecord) -> frozenset[str]:
    """Without a store nothing is known to have been overridden."""
    return frozenset()


def _let_go(*values: object) -> None:
    """Nothing: what holds on to this holds on to the values."""


def _new_id() -> str:
    return str(uuid.uuid4())
