"""The page that a card links to: every statement behind it as a clinician reads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request

from cds_service.advisor import Advisor
from cds_service.limits import Deadline
from cds_service.pages.assets import TEMPLATES, page
from cds_service.pages.errors import say_errors
from cds_service.pages.explained import Explained, explained
from cds_service.pages.sending import request_for
from cds_service.pages.submission import Submission, read_submission
from cds_service.pages.timeline import timeline
from fhir_mappings import PatientRecord

#: Statements on one page at most; a card rests on fewer.
_MOST = 200


def explanation_blueprint(
    advisor: Advisor, today: Callable[[], date], deadline: Callable[[], Deadline], *, posts: bool
) -> Blueprint:
    """``GET /statements/<ids>``: statements by their ids, joined by commas, without a patient.

    With ``posts``, a record may be posted to it as to the playground; the page then shows what each statement comes to
    for that patient. Nothing of the record is kept.
    """
    blueprint = Blueprint("explanation", __name__, template_folder=TEMPLATES)

    @blueprint.route("/statements/<ids>", methods=["GET", "POST"] if posts else ["GET"])
    def statements(ids: str) -> Response:
        request.max_form_memory_size = request.max_content_length
        wanted = list(dict.fromkeys(filter(None, (part.strip() for part in ids.split(",")))))[:_MOST]
        submission = read_submission(request) if request.method == "POST" else None
        record, evaluated = _evaluated(advisor, submission, today(), deadline().check)
        found = {name: explained(name, advisor.knowledge, evaluated) for name in wanted}
        shown: list[Explained] = [item for item in found.values() if item is not None]
        html = render_template(
            "statements.html",
            shown=shown,
            unknown=[name for name, item in found.items() if item is None],
            release=advisor.knowledge.release,
            example=submission.example if submission else None,
            has_patient=record is not None,
            problem=submission.problem if submission else None,
            timeline=timeline(record.facts) if record else None,
            today=today().isoformat(),
        )
        if submission and submission.problem:
            return page(html, 400)
        return page(html, 200 if shown else 404)

    say_errors(blueprint)
    return blueprint


def _evaluated(
    advisor: Advisor, submission: Submission | None, today: date, in_time: Callable[[], None]
) -> tuple[PatientRecord | None, dict[str, Any]]:
    """The record that was posted, and its findings by statement."""
    if submission is None or submission.problem:
        return None, {}
    sent = request_for(submission.document, submission.wish)
    record = advisor.record(sent)
    orders = advisor.orders(sent)
    in_time()
    drugs = {drug for draft in orders.orders.drugs for drug in draft.drugs}
    findings = advisor.findings(record, today, drugs)
    in_time()
    evidence = advisor.evidence(record, findings, today, undecided=True)
    by_label = {finding.statement.id: finding for finding in findings}
    return record, by_label | {finding.statement.id: finding for finding in evidence}
