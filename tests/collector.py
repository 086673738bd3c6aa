"""A collector of traces for tests: takes OTLP over HTTP on the loopback address and keeps what came."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """What came so far. ``status`` is what it answers with; ``location`` where it sends callers on."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.headers: list[str] = []
        self.status = 200
        self.location: str | None = None
        self.address = ""

    def spans(self) -> list[Span]:
        """Every span."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def everything(self) -> str:
        """All that came, as text."""
        return " ".join([*self.paths, *self.headers, *(body.decode("latin-1") for body in self.bodies)])


@contextmanager
def collecting_traces() -> Iterator[Collector]:
    """A collector that runs until the end of the block."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_packed = self.headers.get("Content-Encoding") == "gzip"
            collector.paths.append(self.path)
            collector.headers.append(str(self.headers))
            if collector.status == 200:
                collector.bodies.append(gzip.decompress(body) if is_packed else body)
            self.send_response(collector.status)
            if collector.location:
                self.send_header("Location", collector.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        collector.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
