"""The page that draws what clinicians answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, render_template, request

from cds_service.feedback_report import report
from cds_service.outcomes import ServiceError
from cds_service.pages.assets import TEMPLATES, page
from cds_service.pages.errors import say_errors
from cds_service.store import Store, StoreError

_ROWS = 25
_DEFAULT_DAYS = 90


def feedback_blueprint(store: Store | None) -> Blueprint:
    """``GET /feedback``: rates as bars, for the last ``days`` (90)."""
    blueprint = Blueprint("feedback_page", __name__, template_folder=TEMPLATES)

    @blueprint.get("/feedback")
    def answers() -> Response:
        if store is None:
            raise ServiceError(503, "There is no store.")
        days = request.args.get("days", _DEFAULT_DAYS, type=int)
        since = datetime.now(UTC) - timedelta(days=max(1, min(days, 3650)))
        try:
            found = report(store.shown_cards(since), store.feedback_with_cards(since))
        except StoreError:
            raise ServiceError(503, "The store cannot be read at the moment.") from None
        html = render_template("feedback.html", report=found, days=days, most=_ROWS)
        return page(html)

    say_errors(blueprint)
    return blueprint
