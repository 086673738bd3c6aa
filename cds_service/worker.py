"""gunicorn's worker and logger, which say no more of a request than the rest of the service."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from cds_service.logs import log_event, of_error
from cds_service.outcomes import error_text, operation_outcome

#: What gunicorn refuses before the application sees it, and the status of the answer; anything else is 400.
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.ExpectationFailed, 417),
    (errors.UnsupportedTransferCoding, 501),
)


class QuietLogger(Logger):
    """gunicorn's loggers without handlers of their own, so that their lines take the form of all others."""

    def setup(self, cfg: Any) -> None:
        """Called at the start and at every reload."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True


class Worker(ThreadWorker):
    """Answers what is no HTTP with an ``OperationOutcome``, where gunicorn's page would repeat the request."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer a request that could not be read, or whose answer failed; nothing of it is repeated or logged."""
        status = _status_of(exc)
        log_event("request", logging.WARNING, route="unknown", status=status, **of_error(exc))
        with suppress(OSError):
            client.sendall(raw_answer(status))


def _status_of(exc: BaseException) -> int:
    if not isinstance(exc, (errors.ParseException, errors.InvalidChunkSize)):
        return 500
    return next((status for kind, status in _STATUSES if isinstance(exc, kind)), 400)


def raw_answer(status: int) -> bytes:
    """An error as it goes over the wire, after which the connection is closed."""
    response = operation_outcome(status, error_text(status))
    response.headers["Connection"] = "close"
    head = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in response.headers.items())]
    return "\r\n".join([*head, "", ""]).encode("ascii") + response.get_data()
