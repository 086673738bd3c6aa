"""Whether the service is alive and whether it can answer."""

from __future__ import annotations

from flask import Blueprint, Response

from cds_service.advisor import Advisor
from cds_service.outcomes import json_response, operation_outcome


def health_blueprint(advisor: Advisor) -> Blueprint:
    """``/health`` says that the process runs, ``/ready`` that knowledge is loaded and which."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def health() -> Response:
        return json_response({"status": "alive"})

    @blueprint.get("/ready")
    def ready() -> Response:
        knowledge = advisor.knowledge
        if not knowledge.medicines:
            return operation_outcome(503, "No knowledge is loaded.")
        loaded = {
            "release": knowledge.release,
            "medicines": len(knowledge.medicines),
            "statements": len(knowledge.statements),
        }
        return json_response({"status": "ready", "knowledge": loaded})

    return blueprint
