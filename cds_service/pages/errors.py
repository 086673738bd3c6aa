"""Errors of the pages, said to a person; what other programs ask for answers with an ``OperationOutcome``."""

from __future__ import annotations

from flask import Blueprint, Response, render_template
from werkzeug.exceptions import HTTPException

from cds_service.outcomes import ServiceError
from cds_service.pages.assets import page


def say_errors(blueprint: Blueprint) -> None:
    """Show what goes wrong in the views of this blueprint as a page."""

    @blueprint.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        """A request that is too large or malformed."""
        status = error.code or 500
        text = "What was sent is larger than the service accepts." if status == 413 else f"{error.name}."
        return _said(status, f"{text} Nothing was kept.")

    @blueprint.errorhandler(ServiceError)
    def given_up(error: ServiceError) -> Response:
        """A request that took too long, or a store that is not there."""
        response = _said(error.status, error.text)
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response


def _said(status: int, text: str) -> Response:
    return page(render_template("error.html", status=status, text=text), status)
