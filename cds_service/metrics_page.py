"""``GET /metrics``, for those who may see it."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from cds_service.advisor import Advisor
from cds_service.gate import open_to_all
from cds_service.metrics import Metrics
from cds_service.outcomes import ServiceError
from cds_service.recording import VERSION, Recorder
from cds_service.settings import MetricsSettings

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
#: A proxy on this machine calls from the loopback address too; one of these headers tells that it passes something on.
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def metrics_blueprint(
    metrics: Metrics, advisor: Advisor, recorder: Recorder | None, settings: MetricsSettings
) -> Blueprint:
    """The page, in Prometheus' text format."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    @open_to_all  # it has its own rule
    def page() -> Response:
        _check_caller(settings)
        store_up = recorder.is_reachable() if recorder else None
        text = metrics.text(advisor.knowledge.release, VERSION, store_up)
        return Response(text, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})

    return blueprint


def _check_caller(settings: MetricsSettings) -> None:
    """Raises :class:`ServiceError` with 401 or 403."""
    if settings.token is not None:
        expected = f"Bearer {settings.token.get_secret_value()}".encode()
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            raise ServiceError(401, "Authentication is required.")
    elif request.remote_addr not in _LOOPBACK or any(name in request.headers for name in _PASSED_ON):
        raise ServiceError(403, "Metrics are shown to this machine only.")
