"""How much of the service one caller, or all together, may take."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from cds_service.outcomes import ServiceError


class Deadline:
    """The end of the time that a request may take."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    def left(self) -> float:
        """Seconds that are left, not below 0."""
        return max(0.0, self._ends_at - self._clock())

    def check(self) -> None:
        """Give up work for which nobody waits any more. Raises :class:`ServiceError` with 503."""
        if not self.left():
            raise ServiceError(503, "The request took too long.", retry_after=1)


class Rates:
    """A token bucket for each caller of this process: ``per_second`` on average, twice as many at once."""

    def __init__(self, per_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._most = max(1.0, 2 * per_second)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        """Whether a caller may make one more request now."""
        if not self._per_second:
            return True
        with self._lock:
            now = self._clock()
            left, at = self._buckets.get(name, (self._most, now))
            left = min(self._most, left + (now - at) * self._per_second)
            allowed = left >= 1
            self._buckets[name] = (left - 1 if allowed else left, now)
        return allowed


class Admission:
    """Lets ``at_once`` requests of this process compute, and as many as ``waiting`` wait: for a place, or for others.

    One that waits for another server gives its place to others meanwhile, as long as not too many wait already. So a
    slow server holds up nobody else, and however slow it is, never more requests are inside than both numbers together.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places = threading.Semaphore(at_once)
        self._most = waiting
        self._waiting = 0
        self._lock = threading.Lock()

    def enter(self, seconds: float) -> bool:
        """Take a place, waiting so long for one; ``False`` if too many wait already or none became free."""
        if self._places.acquire(blocking=False):
            return True
        with self._lock:
            if self._waiting >= self._most:
                return False
            self._waiting += 1
        try:
            return self._places.acquire(timeout=seconds)
        finally:
            with self._lock:
                self._waiting -= 1

    def step_aside(self) -> bool:
        """Give the place to others for a while; ``False``, and keep it, if too many wait already."""
        with self._lock:
            if self._waiting >= self._most:
                return False
            self._waiting += 1
        self._places.release()
        return True

    def come_back(self, seconds: float) -> bool:
        """Take a place again, waiting so long for one; ``False`` if none became free."""
        try:
            return self._places.acquire(timeout=seconds)
        finally:
            with self._lock:
                self._waiting -= 1

    def leave(self) -> None:
        """Give the place back."""
        self._places.release()
