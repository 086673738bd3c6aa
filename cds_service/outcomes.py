"""Errors as JSON ``OperationOutcome``s. No error is ever a card, and none repeats what was sent."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from cds_service.codec import dumps
from cds_service.logs import log_event, of_error

#: Every status of an error but 500, with the code of its issue.
ISSUE_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    412: "required",
    413: "too-long",
    414: "too-long",
    415: "not-supported",
    417: "not-supported",
    429: "throttled",
    431: "too-long",
    501: "not-supported",
    503: "transient",
}
_RETRY_SECONDS = 30
_TEXTS = {
    400: "The request is not HTTP as this service reads it.",
    404: "There is no such path.",
    405: "This method is not allowed on this path.",
    413: "The request body is larger than the service accepts.",
    414: "The request line is longer than the service accepts.",
    417: "The service does not do what the request expects of it.",
    431: "The headers are larger than the service accepts.",
    500: "The request could not be processed.",
    501: "This transfer coding is not supported.",
}


class ServiceError(Exception):
    """An answer other than 200, with a text that is safe to show. ``retry_after``: seconds until it is worth trying."""

    def __init__(self, status: int, text: str, *, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after = retry_after


def json_response(value: Any, status: int = 200) -> Response:
    """A JSON response that no cache keeps."""
    response = Response(dumps(value), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def operation_outcome(status: int, text: str, retry_after: int | None = None) -> Response:
    """An ``OperationOutcome`` (FHIR R4) with one issue; with 429 and 503 when to try again."""
    issue = {"severity": "error", "code": ISSUE_CODES.get(status, "exception"), "diagnostics": text}
    response = json_response({"resourceType": "OperationOutcome", "issue": [issue]}, status)
    if status in (429, 503):
        response.headers["Retry-After"] = str(retry_after or _RETRY_SECONDS)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def error_text(status: int, default: str = "") -> str:
    """What is said with a status that no code of ours gave a text."""
    return _TEXTS.get(status, default)


def register_error_handlers(app: Flask) -> None:
    """Every error of the application becomes an ``OperationOutcome``."""

    @app.errorhandler(ServiceError)
    def _service_error(error: ServiceError) -> Response:
        return operation_outcome(error.status, error.text, error.retry_after)

    @app.errorhandler(HTTPException)
    def _http_error(error: HTTPException) -> Response:
        status = error.code or 500
        response = operation_outcome(status, error_text(status, error.name))
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        # Type and place say enough for a log; the message may hold what a patient's record held.
        log_event("error", logging.ERROR, **of_error(error))
        return operation_outcome(500, error_text(500))
