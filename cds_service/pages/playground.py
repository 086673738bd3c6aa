"""The playground: an example patient or a pasted record, the cards an EHR would show, and everything behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from time import perf_counter
from typing import Any

from flask import Blueprint, Response, render_template, request

from cards import CardStyle
from cds_service.advisor import Advisor
from cds_service.answers import Answer, answer
from cds_service.hooks import SERVICES, Service
from cds_service.limits import Deadline
from cds_service.pages.assets import TEMPLATES, page
from cds_service.pages.comparison import Changes, compare
from cds_service.pages.consultation import Consultation, consult, fresh_id
from cds_service.pages.errors import say_errors
from cds_service.pages.examples import examples
from cds_service.pages.medicines import shown_evidence, shown_medicines
from cds_service.pages.resource_view import ResourceViews
from cds_service.pages.safe_text import pretty
from cds_service.pages.sending import Wish, curl_command, prefetch_keys, request_for
from cds_service.pages.submission import Submission, read_submission
from cds_service.pages.timeline import timeline
from cds_service.recording import Recorder
from cds_service.settings import Settings, explanation_url, service_address
from cds_service.styles import style_for
from fhir_mappings.elements import member

#: The client under which the service of a demo keeps what is asked for.
_CLIENT = "demo"


def playground_blueprint(
    advisor: Advisor,
    settings: Settings,
    today: Callable[[], date],
    recorder: Recorder | None,
    deadline: Callable[[], Deadline],
) -> Blueprint:
    """``GET /`` for the example patients, ``POST /`` for a record that somebody pastes. Nothing of it is kept.

    In demo mode, and only if the form asks for it, a decision record is kept as it is for an EHR, so that feedback is
    counted; without a ``recorder`` there is nothing to ask for.
    """
    blueprint = Blueprint("playground", __name__, template_folder=TEMPLATES)
    recorder = recorder if settings.demo else None
    drugs = sorted({medicine.inn for medicine in advisor.knowledge.medicines})

    def style_of(hook: str) -> CardStyle:
        return style_for(settings.cards, hook, explanation_url(settings))

    # Not strict, or else an empty path is redirected to wherever the Host header says.
    @blueprint.route("/", methods=["GET", "POST"], strict_slashes=False)
    def playground() -> Response:
        request.max_form_memory_size = settings.max_body_bytes
        submission = read_submission(request)
        tried = try_out(submission) if submission.has_record else None
        html = render_template(
            "playground.html",
            submission=submission,
            examples=examples().values(),
            services=SERVICES.values(),
            drugs=drugs,
            can_keep=recorder is not None,
            gives_feedback=settings.demo,
            release=advisor.knowledge.release,
            tried=tried,
        )
        return page(html, 400 if submission.problem else 200)

    def try_out(submission: Submission) -> dict[str, Any]:
        """Everything that the page shows of a record."""
        sent = request_for(submission.document, submission.wish)
        keeping = recorder if submission.keeps else None
        in_time = deadline().check
        answering = _keeping(advisor, today(), keeping, in_time)
        consultation = consult(advisor, sent, today(), style_of, answering, in_time)
        record, tumours = consultation.record, advisor.knowledge.reference.tumours
        unread = [*record.unread, *consultation.orders.unread]
        address = service_address(settings) or request.host_url.rstrip("/")
        return {
            "consultation": consultation,
            "keys": prefetch_keys(submission.document),
            "changes": _changes(advisor, submission, consultation, today(), style_of, in_time),
            "resources": ResourceViews(_resources(sent), record.facts, [entry.reference for entry in unread]),
            "unread": unread,
            "medicines": shown_medicines(consultation.findings, tumours),
            "evidence": shown_evidence(consultation.evidence, tumours),
            "timeline": timeline(record.facts),
            "today": today().isoformat(),
            "curl": curl_command(address, consultation.service.id, sent) if consultation.service else None,
            "answer": pretty({"cards": [item.card for item in consultation.planned]}),
        }

    say_errors(blueprint)
    return blueprint


def _keeping(
    advisor: Advisor, today: date, recorder: Recorder | None, in_time: Callable[[], None]
) -> Callable[[Service, dict[str, Any], CardStyle], Answer] | None:
    """The answer as the service gives it to an EHR: without what was set aside before, and recorded."""
    if recorder is None:
        return None

    def make(service: Service, body: dict[str, Any], style: CardStyle) -> Answer:
        begun = perf_counter()
        call = recorder.call(_CLIENT, service.id, body)
        answered = answer(
            advisor, service, body, today, style, fresh_id, in_time, lambda record: recorder.silenced(call, record)
        )
        recorder.record(call, answered, 1000 * (perf_counter() - begun))
        return answered

    return make


def _changes(
    advisor: Advisor,
    submission: Submission,
    after: Consultation,
    today: date,
    style_of: Callable[[str], CardStyle],
    in_time: Callable[[], None],
) -> Changes | None:
    """What is different from the whole record; ``None`` where the whole record was sent."""
    if not submission.wish.without:
        return None
    whole: Wish = replace(submission.wish, without=())
    before = consult(advisor, request_for(submission.document, whole), today, style_of, in_time=in_time)
    return compare(before, after)


def _resources(sent: dict[str, Any]) -> list[Any]:
    """Everything in a request in which resources may stand: its prefetch and its drafts."""
    return [*member(sent, "prefetch").values(), member(member(sent, "context"), "draftOrders")]
