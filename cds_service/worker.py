"""gunicorn's worker, with the errors of its HTTP parser as ``OperationOutcome``s."""

from __future__ import annotations

from typing import Any

from gunicorn.http.errors import (
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from cds_service.outcomes import error_text, operation_outcome


class Worker(ThreadWorker):
    """Threads that answer requests; what is no request gets an error without a word of it, in the log neither."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that could not be read, or whose answer failed."""
        status = _status_of(exc)
        self.log.warning("request refused with %s: %s", status, type(exc).__name__)
        try:
            write_nonblock(client, raw_answer(status))
        except OSError:
            self.log.debug("an error could not be sent")


def _status_of(exc: BaseException) -> int:
    if isinstance(exc, LimitRequestLine):
        return 414
    if isinstance(exc, LimitRequestHeaders):
        return 431
    if isinstance(exc, UnsupportedTransferCoding):
        return 501
    return 400 if isinstance(exc, ParseException) else 500


def raw_answer(status: int) -> bytes:
    """An error as it goes over the wire, after which the connection is closed."""
    response = operation_outcome(status, error_text(status))
    response.headers["Connection"] = "close"
    head = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in response.headers.items())]
    return "\r\n".join([*head, "", ""]).encode("ascii") + response.get_data()
