"""Errors as JSON ``OperationOutcome``s. No error is ever a card, and none repeats what was sent."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from cds_service.codec import dumps
from cds_service.logs import log_event, of_error

_ISSUE_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    412: "required",
    413: "too-long",
    415: "not-supported",
    503: "transient",
}
_RETRY_SECONDS = 30
_TEXTS = {
    404: "There is no such path.",
    405: "This method is not allowed on this path.",
    413: "The request body is larger than the service accepts.",
}


class ServiceError(Exception):
    """An answer other than 200, with a text that is safe to show."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def json_response(value: Any, status: int = 200) -> Response:
    """A JSON response that no cache keeps."""
    response = Response(dumps(value), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def outcome_body(status: int, text: str) -> dict[str, Any]:
    """An ``OperationOutcome`` with one issue as JSON."""
    issue = {"severity": "error", "code": _ISSUE_CODES.get(status, "exception"), "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def operation_outcome(status: int, text: str) -> Response:
    """An ``OperationOutcome`` (FHIR R4) with one issue."""
    response = json_response(outcome_body(status, text), status)
    if status == 503:
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response


def register_error_handlers(app: Flask) -> None:
    """Every error of the application becomes an ``OperationOutcome``."""

    @app.errorhandler(ServiceError)
    def _service_error(error: ServiceError) -> Response:
        return operation_outcome(error.status, error.text)

    @app.errorhandler(HTTPException)
    def _http_error(error: HTTPException) -> Response:
        status = error.code or 500
        response = operation_outcome(status, _TEXTS.get(status, error.name))
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        # Type and place say enough for a log; the message may hold what a patient's record held.
        log_event("error", logging.ERROR, **of_error(error))
        return operation_outcome(500, "The request could not be processed.")
