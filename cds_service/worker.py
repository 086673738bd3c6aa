"""gunicorn's worker and logger, which say no more of a request than the rest of the service."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from cds_service.codec import dumps
from cds_service.logs import log_event, of_error
from cds_service.outcomes import outcome_body

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
        """Answer a request that could not be read; nothing of it is repeated or logged."""
        refused = isinstance(exc, (errors.ParseException, errors.InvalidChunkSize))
        status = next((code for kind, code in _STATUSES if isinstance(exc, kind)), 400) if refused else 500
        log_event("request", logging.WARNING, route="unknown", status=status, **of_error(exc))
        text = "The request is no HTTP that this service reads." if refused else "The request could not be processed."
        body = dumps(outcome_body(status, text))
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with suppress(OSError):
            client.sendall(head.encode("ascii") + body)
