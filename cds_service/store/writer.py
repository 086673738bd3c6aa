"""Decision records written behind the answer, so that no clinician waits for a disk."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

from cds_service.store.records import Decision
from cds_service.store.store import Store, StoreError

_WAITING = 10_000
_BATCH = 200

MakeDecision = Callable[[], Decision]


class DecisionWriter:
    """Writes decisions in a thread of its own, several at a time. What is handed over makes its record there.

    ``lost`` is called with a number when records cannot be kept: the store is down or slower than the requests.
    """

    def __init__(self, store: Store, lost: Callable[[int], None]) -> None:
        self._store = store
        self._lost = lost
        self._waiting: queue.Queue[MakeDecision | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._process = -1
        self._lock = threading.Lock()

    def write(self, make: MakeDecision) -> None:
        """Hand over a decision to be made and kept; never waits."""
        self._start()
        try:
            self._waiting.put_nowait(make)
        except queue.Full:
            self._lost(1)

    def close(self, seconds: float = 5.0) -> None:
        """Write what is waiting, and stop."""
        if self._thread is not None and self._process == os.getpid():
            self._waiting.put(None)
            self._thread.join(seconds)
            self._thread = None

    def _start(self) -> None:
        """Threads do not survive a fork, so each process starts its own at its first decision."""
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process != os.getpid():
                self._waiting = queue.Queue(_WAITING)
                self._thread = threading.Thread(target=self._run, name="decision-writer", daemon=True)
                self._process = os.getpid()
                self._thread.start()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._next_batch()
            if not batch:
                continue
            try:
                self._store.add_decisions([make() for make in batch])
            except StoreError:
                self._lost(len(batch))

    def _next_batch(self) -> tuple[list[MakeDecision], bool]:
        """The next decision and those that wait behind it; whether the end was asked for."""
        first = self._waiting.get()
        if first is None:
            return [], True
        batch = [first]
        while len(batch) < _BATCH:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                return batch, False
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False
