"""The Flask application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from flask import Flask

from cds_service.advisor import Advisor
from cds_service.authentication import Authenticator
from cds_service.gate import current_caller, current_deadline, install_gate, open_to_all
from cds_service.health import health_blueprint
from cds_service.outcomes import register_error_handlers
from cds_service.pages import register_pages
from cds_service.recording import Recorder, recorder_for
from cds_service.services import services_blueprint
from cds_service.settings import Settings
from cds_service.startable import check_startable
from cds_service.store import StoreError


def create_app(
    settings: Settings,
    *,
    advisor: Advisor | None = None,
    today: Callable[[], date] | None = None,
    recorder: Recorder | None = None,
    authenticator: Authenticator | None = None,
) -> Flask:
    """Build the application. Raises ``SettingsError`` for settings with which it must not run.

    ``today`` is the clock of the service; tests pass their own. Without a ``recorder`` nothing is kept, and outside
    demo mode nobody is let in, because the store knows which tokens were used. ``authenticator``: another than that of
    the settings.
    """
    check_startable(settings)
    advisor = advisor or Advisor.load(settings.amplification_copies, settings.site_codes, settings.knowledge)
    app = Flask("oncohooks", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.merge_slashes = False  # or else "//cds-services" is redirected to wherever the Host header says
    if not settings.demo:
        authenticator = authenticator or Authenticator(settings, recorder.store.use_token if recorder else _no_store)
    # Answers to preflight requests belong before the gate: they are given before anybody is asked who they are.
    install_gate(app, settings, authenticator)
    app.register_blueprint(
        services_blueprint(advisor, settings, today or _today, recorder, current_caller, current_deadline)
    )
    if settings.discovery == "open":
        open_to_all(app.view_functions["services.discovery"])
    app.register_blueprint(health_blueprint(advisor, recorder, needs_store=_needs_store(settings)))
    register_pages(app, advisor, settings, today or _today, recorder)
    register_error_handlers(app)
    return app


def create_recording_app(settings: Settings) -> Flask:
    """The application with its store, which is created or brought up to date."""
    advisor = Advisor.load(settings.amplification_copies, settings.site_codes, settings.knowledge)
    return create_app(settings, advisor=advisor, recorder=recorder_for(settings, advisor.knowledge.release))


def _today() -> date:
    return datetime.now(UTC).date()


def _needs_store(settings: Settings) -> bool:
    """Whether somebody is let in by a token, which must not have been used before."""
    return not settings.demo and any(client.proof != "certificate" for client in settings.client)


def _no_store(digest: str, until: datetime, now: datetime) -> bool:
    raise StoreError("there is no store")
