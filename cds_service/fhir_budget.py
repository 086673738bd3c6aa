"""What fetching may cost, what comes of it, and how it fails: the words that fetching and its transport share.

Nothing here needs a library of HTTP, so a service that never fetches does not load one.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection


class FetchFailure(Exception):
    """Something was not fetched. ``reason`` names no address and nothing that was received.

    ``may_pass``: the same GET may succeed if it is repeated at once.
    """

    def __init__(self, reason: str, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass


TIME_LIMIT = "time limit"


class Budget:
    """What one request may spend on fetching: seconds and bytes, for all fetches together.

    ``cut_off`` ends it, and breaks the connections that are still at work for it: a server that sends a byte now and
    then would hold a thread for ever otherwise.
    """

    def __init__(self, seconds: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._size = size
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._connections: set[HTTPConnection] = set()

    def remaining(self) -> float:
        """Seconds that are left. Raises :class:`FetchFailure` if there are none."""
        left = self._end - self._clock()
        if left <= 0 or self._over.is_set():
            raise FetchFailure(TIME_LIMIT)
        return left

    def left(self) -> float:
        """Seconds that are left, 0 when it is over."""
        return 0 if self._over.is_set() else max(0, self._end - self._clock())

    def pause(self, seconds: float) -> None:
        """Wait before a repetition. Raises :class:`FetchFailure` if the time is over then."""
        self._over.wait(min(seconds, self.remaining()))
        self.remaining()

    def spend(self, count: int) -> None:
        """Count received bytes. Raises :class:`FetchFailure` when they are too many."""
        with self._lock:
            self._size -= count
            if self._size < 0:
                raise FetchFailure("too large")

    @property
    def size(self) -> int:
        """Bytes that may still be received."""
        return max(0, self._size)

    def watch(self, connection: HTTPConnection) -> None:
        """Have a connection broken when the budget is cut off."""
        with self._lock:
            self._connections.add(connection)
        if self._over.is_set():
            _break(connection)

    def release(self) -> None:
        """Stop watching the connection that the calling thread has finished with."""
        mine = threading.get_ident()
        with self._lock:
            self._connections = {c for c in self._connections if getattr(c, "thread", None) != mine}

    def cut_off(self) -> None:
        """End the budget."""
        self._over.set()
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            _break(connection)


def _break(connection: HTTPConnection) -> None:
    """End the connection under a thread that reads from it; the thread then fails at once."""
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            # Not the method of the TLS socket, which would take its state away from the reading thread.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What a server answered; the body is decompressed."""

    status: int
    content_type: str
    body: bytes


class Transport(Protocol):
    """One GET. Raises :class:`FetchFailure` for everything that is no complete answer."""

    def __call__(self, url: str, headers: Mapping[str, str], budget: Budget) -> Reply: ...
