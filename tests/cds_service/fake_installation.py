"""The real application behind a small server in this process, with faults that a test puts between."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response
from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler, make_server

#: Changes an answer of the application, given the path.
Fault = Callable[[str, Response], Response]


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without a Date: that of the application is the only one."""
        self.send_response_only(code, message)

    def log_request(self, *args: Any) -> None:
        """Tests look at answers."""

    def log(self, *args: Any) -> None:
        """Handshakes that fail are what some tests are about."""


@dataclass(frozen=True)
class Server:
    """Where the application answers."""

    port: int
    is_tls: bool

    @property
    def base(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://127.0.0.1:{self.port}"


@contextmanager
def serving(
    make: Callable[[str], Flask], fault: Fault | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """The application that ``make`` builds for its own base address."""
    apps: list[Flask] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        app = apps[0]
        with app.request_context(environ):
            response = app.full_dispatch_request()
            response.headers["Date"] = http_date()
            if fault is not None:
                response = fault(environ["PATH_INFO"], response)
        return response(environ, start_response)

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet, ssl_context=tls)
    where = Server(server.server_port, tls is not None)
    apps.append(make(where.base))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield where
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answering(status: int, content: Any = None, **headers: str) -> Response:
    """Another answer."""
    body = json.dumps(content) if content is not None else ""
    return Response(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}, "application/json"
    )


def on(path: str, change: Callable[[Response], Response]) -> Fault:
    """A fault of one path."""
    return lambda asked, response: change(response) if asked == path else response


def with_headers(**headers: str) -> Callable[[Response], Response]:
    """The same answer with these headers in place of its own."""

    def change(response: Response) -> Response:
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    return change
