"""The Flask application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from flask import Flask, request

from cds_service.advisor import Advisor
from cds_service.feedback_page import feedback_blueprint
from cds_service.fetching import Fetcher
from cds_service.health import health_blueprint
from cds_service.outcomes import ServiceError, register_error_handlers
from cds_service.recording import Recorder, recorder_for
from cds_service.services import services_blueprint
from cds_service.settings import Settings, check_startable


def create_app(
    settings: Settings,
    *,
    advisor: Advisor | None = None,
    today: Callable[[], date] | None = None,
    recorder: Recorder | None = None,
    fetcher: Fetcher | None = None,
) -> Flask:
    """Build the application. Raises ``SettingsError`` for settings with which it must not run.

    ``today`` is the clock of the service and ``fetcher`` its way to FHIR servers; tests pass their own. Without a
    ``recorder`` nothing is kept.
    """
    check_startable(settings)
    advisor = advisor or Advisor.load(settings.amplification_copies, settings.site_codes, settings.knowledge)
    app = Flask("oncohooks", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    fetcher = fetcher or Fetcher(settings)
    app.register_blueprint(services_blueprint(advisor, settings, today or _today, recorder, fetcher))
    app.register_blueprint(health_blueprint(advisor, recorder))
    if settings.demo:
        app.register_blueprint(feedback_blueprint(recorder.store if recorder else None))
    register_error_handlers(app)
    if not settings.demo:
        app.before_request(_refuse_unauthenticated)
    return app


def create_recording_app(settings: Settings) -> Flask:
    """The application with its store, which is created or brought up to date."""
    advisor = Advisor.load(settings.amplification_copies, settings.site_codes, settings.knowledge)
    return create_app(settings, advisor=advisor, recorder=recorder_for(settings, advisor.knowledge.release))


def _today() -> date:
    return datetime.now(UTC).date()


def _refuse_unauthenticated() -> None:
    """Outside demo mode nobody is let in until client tokens can be verified."""
    if request.method == "POST":
        raise ServiceError(401, "Authentication is required.")
