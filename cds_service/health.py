"""Whether the service is alive and whether it can answer."""

from __future__ import annotations

from flask import Blueprint, Response

from cds_service.advisor import Advisor
from cds_service.gate import open_to_all
from cds_service.outcomes import json_response, operation_outcome
from cds_service.recording import Recorder


def health_blueprint(advisor: Advisor, recorder: Recorder | None, *, needs_store: bool = False) -> Blueprint:
    """``/health`` says that the process runs, ``/ready`` that knowledge is loaded and which, and how the store is.

    ``needs_store``: without the store nobody can be let in, so the service is not ready.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    @open_to_all
    def health() -> Response:
        return json_response({"status": "alive"})

    @blueprint.get("/ready")
    @open_to_all
    def ready() -> Response:
        knowledge = advisor.knowledge
        if not knowledge.medicines:
            return operation_outcome(503, "No knowledge is loaded.")
        if needs_store and _store_state(recorder) != "reachable":
            return operation_outcome(503, "The store cannot be reached, and no client can be authenticated.")
        loaded = {
            "release": knowledge.release,
            "medicines": len(knowledge.medicines),
            "statements": len(knowledge.statements),
            "stale": sum(1 for medicine in knowledge.medicines if medicine.newer_label is not None),
            "curated": max(statement.review.curated for _, statement in knowledge.statements).isoformat(),
        }
        return json_response({"status": "ready", "knowledge": loaded, "store": _store_state(recorder)})

    return blueprint


def _store_state(recorder: Recorder | None) -> str:
    """Without a store hooks are answered all the same; decision records and feedback are not kept."""
    if recorder is None:
        return "none"
    return "reachable" if recorder.is_reachable() else "unreachable"
