"""A client that costs little and runs in another process than the server it measures.

It sends one request after the other over one connection that is kept alive, each as one write of bytes that
were prepared before, and reads until the answer is complete. With several bodies it takes them in turn.
Where a server closes the connection after an answer, connecting again is part of the next request's time.
"""

from __future__ import annotations

import itertools
import re
import socket
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:\s*close", re.IGNORECASE)


class BadAnswer(Exception):
    """An answer other than a complete 200."""


class Client:
    """One connection: POST of the bodies in turn, or GET without any. ``tokens``: one for each request, if any."""

    def __init__(
        self,
        host: str,
        port: int,
        path: str,
        bodies: Sequence[bytes] = (),
        timeout: float = 10,
        tokens: Iterator[str] | None = None,
    ) -> None:
        self._address = (host, port)
        self._timeout = timeout
        self._requests = itertools.cycle([_request(host, port, path, body) for body in bodies or (None,)])
        self._tokens = tokens
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(self) -> bytes:
        """Send the next request and return the body of the answer. Raises ``BadAnswer`` and ``OSError``."""
        if self._connection is None:
            self._connection = socket.create_connection(self._address, self._timeout)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._connection.sendall(self._next_request())
            head, body = self._read_answer(self._connection)
        except OSError:
            self.close()
            raise
        if _CLOSE.search(head):
            self.close()
        return body

    def _next_request(self) -> bytes:
        request = next(self._requests)
        if self._tokens is None:
            return request
        head, _, rest = request.partition(b"\r\n")
        return b"%b\r\nAuthorization: Bearer %b\r\n%b" % (head, next(self._tokens).encode("ascii"), rest)

    def _read_answer(self, connection: socket.socket) -> tuple[bytes, bytes]:
        received = b""
        while b"\r\n\r\n" not in received:
            received += _some(connection)
        head, _, body = received.partition(b"\r\n\r\n")
        status, length = _STATUS.match(head), _LENGTH.search(head)
        if status is None or status[1] != b"200" or length is None:
            raise BadAnswer(head.partition(b"\r\n")[0].decode("latin-1") or "no answer")
        while len(body) < int(length[1]):
            body += _some(connection)
        return head, body

    def latencies(self, seconds: float) -> list[float]:
        """Call for so many seconds, at least once; the seconds that each call took."""
        taken: list[float] = []
        begin = start = time.perf_counter()
        while not taken or start - begin < seconds:
            self.call()
            end = time.perf_counter()
            taken.append(end - start)
            start = end
        return taken


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise BadAnswer("the server closed the connection before its answer was complete")
    return data


def _request(host: str, port: int, path: str, body: bytes | None) -> bytes:
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: {host}:{port}", "Accept: application/json"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
