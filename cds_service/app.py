"""The Flask application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask import Flask

from cds_service.advisor import Advisor
from cds_service.authentication import Authenticator
from cds_service.cors import register_cors
from cds_service.draining import register_draining
from cds_service.fetching import Fetcher
from cds_service.gate import current_caller, current_deadline, install_gate, open_to_all, place_for_others
from cds_service.health import health_blueprint
from cds_service.metrics import Metrics
from cds_service.metrics_page import metrics_blueprint
from cds_service.observing import register_observers
from cds_service.outcomes import register_error_handlers
from cds_service.pages import register_pages
from cds_service.recording import Recorder, recorder_for
from cds_service.services import services_blueprint
from cds_service.settings import Settings, SettingsError
from cds_service.startable import check_startable
from cds_service.store import StoreError
from cds_service.tracing import Tracing, tracing_for


def create_app(
    settings: Settings,
    *,
    advisor: Advisor | None = None,
    today: Callable[[], date] | None = None,
    recorder: Recorder | None = None,
    authenticator: Authenticator | None = None,
    metrics: Metrics | None = None,
    fetcher: Fetcher | None = None,
    tracing: Tracing | None = None,
) -> Flask:
    """Build the application. Raises ``SettingsError`` for settings with which it must not run.

    ``today`` is the clock of the service; tests pass their own. Without a ``recorder`` nothing is kept, and outside
    demo mode nobody is let in, because the store knows which tokens were used. ``authenticator``: another than that of
    the settings; ``fetcher``: another way to FHIR servers; ``tracing``: another way for traces.
    """
    check_startable(settings)
    advisor = advisor or load_advisor(settings)
    metrics = metrics or Metrics()
    app = Flask("oncohooks", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    register_observers(app, metrics, tracing or tracing_for(settings.telemetry, metrics))
    # A redirect would lose the body, is no JSON, and "//cds-services" would lead to wherever the Host header says.
    app.url_map.merge_slashes = False
    register_draining(app)
    register_cors(app, frozenset(settings.cors_origins))
    if not settings.demo:
        authenticator = authenticator or Authenticator(settings, recorder.use_token if recorder else _no_store)
    install_gate(app, settings, authenticator)
    fetcher = fetcher or Fetcher(settings)
    app.register_blueprint(
        services_blueprint(
            advisor, settings, today or _today, recorder, fetcher, current_caller, current_deadline, place_for_others
        )
    )
    if settings.discovery == "open":
        open_to_all(app.view_functions["services.discovery"])
    app.register_blueprint(health_blueprint(advisor, recorder, needs_store=_needs_store(settings)))
    app.register_blueprint(metrics_blueprint(metrics, advisor, recorder, settings.metrics))
    register_pages(app, advisor, settings, today or _today, recorder, current_deadline)
    register_error_handlers(app)
    return app


@dataclass(frozen=True, slots=True)
class Running:
    """An application with what it keeps, and the knowledge release that it answers from."""

    app: Flask
    recorder: Recorder
    release: str
    tracing: Tracing | None = None

    def close(self) -> None:
        """Write and send what is waiting, and let go of store and collector."""
        self.recorder.close()
        if self.tracing:
            self.tracing.close()


def create_running(settings: Settings, metrics: Metrics | None = None) -> Running:
    """The application with its store, which is created or brought up to date.

    Raises ``SettingsError``, ``KnowledgeError`` or ``SiteCodesError`` for what must not run or cannot be used.
    """
    check_startable(settings)
    advisor = load_advisor(settings)
    release = advisor.knowledge.release
    metrics = metrics or Metrics()
    recorder = recorder_for(settings, release, metrics)
    tracing = tracing_for(settings.telemetry, metrics)
    app = create_app(settings, advisor=advisor, recorder=recorder, metrics=metrics, tracing=tracing)
    return Running(app, recorder, release, tracing)


def load_advisor(settings: Settings) -> Advisor:
    """Load knowledge and tables, and refuse another knowledge release than the one that the settings name."""
    advisor = Advisor.load(settings.amplification_copies, settings.site_codes, settings.knowledge)
    expected = settings.knowledge_release
    if expected is not None and advisor.knowledge.release != expected:
        raise SettingsError(f"the knowledge release is {advisor.knowledge.release}, and knowledge_release {expected}")
    return advisor


def _today() -> date:
    return datetime.now(UTC).date()


def _needs_store(settings: Settings) -> bool:
    """Whether somebody is let in by a token, which must not have been used before."""
    return not settings.demo and any(client.proof != "certificate" for client in settings.client)


def _no_store(digest: str, until: datetime, now: datetime) -> bool:
    raise StoreError("there is no store")
