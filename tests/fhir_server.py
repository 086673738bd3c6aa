"""A FHIR server for tests: a real one, over HTTP on the loopback address, with any fault that a test asks for."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
TOKEN = "secret-token-7f3a"


@dataclass(frozen=True)
class Seen:
    """One request that arrived."""

    path: str
    query: dict[str, list[str]]
    raw: str
    headers: dict[str, str]


@dataclass
class FakeFhirServer:
    """Serves ``resources``. ``faults`` replaces what is done for a resource type, or for all with ``*``.

    ``page_size`` cuts searches into pages. ``required_token``: what every request has to bring.
    """

    resources: list[Json] = field(default_factory=list)
    page_size: int = 1000
    required_token: str | None = TOKEN
    tls: ssl.SSLContext | None = None
    faults: dict[str, Callable[[Exchange], None]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        server = self

        class Handler(Exchange):
            fhir = server

        self._http = _Http(("127.0.0.1", 0), Handler)
        if self.tls is not None:
            # The handshake belongs to the thread of a connection, or one that fails would end the server.
            self._http.socket = self.tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._http.server_port}"

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir/R4"

    def asked_for(self, resource_type: str) -> list[Seen]:
        return [seen for seen in self.seen if f"/{resource_type}" in seen.path]

    def close(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64  # all fetches of a request connect at the same moment

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many of the tests are about."""


class Exchange(BaseHTTPRequestHandler):
    """One connection to the server."""

    fhir: FakeFhirServer
    protocol_version = "HTTP/1.1"
    timeout = 20
    disable_nagle_algorithm = True  # head and body are two writes

    def log_message(self, *args: Any) -> None:
        """Tests read ``seen``."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.fhir.seen.append(Seen(parts.path, parse_qs(parts.query), self.path, dict(self.headers)))
        kind = parts.path.removeprefix("/fhir/R4/").partition("/")[0]
        fault = self.fhir.faults.get(kind) or self.fhir.faults.get("*")
        if fault:
            fault(self)
        else:
            self.answer()

    def answer(self) -> None:
        """What a server without faults answers."""
        required = self.fhir.required_token
        if required and self.headers.get("Authorization") != f"Bearer {required}":
            self.send(401, outcome("login"))
            return
        parts = urlsplit(self.path)
        kind, _, identifier = parts.path.removeprefix("/fhir/R4/").partition("/")
        of_kind = [resource for resource in self.fhir.resources if resource["resourceType"] == kind]
        if identifier:
            found = next((resource for resource in of_kind if resource["id"] == identifier), None)
            self.send(200, found) if found else self.send(404, outcome("not-found"))
        else:
            self.send(200, self._search(of_kind, parse_qs(parts.query)))

    def _search(self, resources: list[Json], query: dict[str, list[str]]) -> Json:
        patient = f"Patient/{query['patient'][0]}"
        found = [resource for resource in resources if resource["subject"]["reference"].endswith(patient)]
        begin = int(query.get("page", ["0"])[0])
        end = begin + min(self.fhir.page_size, int(query["_count"][0]))
        bundle = searchset(*found[begin:end], base=self.fhir.base)
        if end < len(found):
            following = self.path.partition("&page=")[0] + f"&page={end}"
            bundle["link"] = [{"relation": "next", "url": self.fhir.origin + following}]
        return bundle

    def send(
        self, status: int, body: Json | bytes, content_type: str = "application/fhir+json", **headers: str
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def reset(self) -> None:
        """End the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def hang(self) -> None:
        """Answer nothing until the test is over."""
        self.fhir.released.wait(20)
        self.close_connection = True

    def drip(self, piece: bytes) -> None:
        """Send the piece again and again until the client hangs up or the test is over."""
        self.close_connection = True
        while not self.fhir.released.wait(0.02):
            self.wfile.write(piece)


def searchset(*resources: Json, base: str = "https://ehr.example/fhir") -> Json:
    entries = [
        {"fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}", "resource": resource}
        for resource in resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(resources), "entry": entries}


def outcome(code: str, severity: str = "error") -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code, "diagnostics": "x"}]}
