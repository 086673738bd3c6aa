"""Decision records written behind the answer, so that no clinician waits for a disk."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from cds_service.store.errors import Refused, StoreError
from cds_service.store.records import Decision
from cds_service.store.store import Store

#: Answers whose records have not been made: each holds its findings and its request as text, so there may be few.
_UNMADE = 200
#: Records that wait for a store that is down: some kilobytes each.
_WAITING = 5_000
_BATCH = 200
#: Seconds in which further answers may join the first. One commit for many costs hardly more than for one, and a record
#: that is made while the next request is answered takes turns with it: better every tenth request than each.
_GATHERING = 0.1
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0

MakeDecision = Callable[[], Decision]


class DecisionWriter:
    """Writes decisions in a thread of its own, several at a time. What is handed over makes its record there.

    While the store is down records wait, and are written when it is back. ``lost`` is called with a number when
    records cannot be kept: too many wait, or the store refuses one. ``written`` is called after each time of writing.
    """

    def __init__(self, store: Store, lost: Callable[[int], None], written: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._lost = lost
        self._written = written
        self._unmade: queue.Queue[MakeDecision | None] = queue.Queue(_UNMADE)
        self._closing = threading.Event()
        self._waiting: deque[Decision] = deque()
        self._pause = _FIRST_PAUSE
        self._next_try = 0.0
        self._thread: threading.Thread | None = None
        self._process = -1
        self._lock = threading.Lock()

    def write(self, make: MakeDecision) -> None:
        """Hand over a decision to be made and kept; never waits."""
        self._start()
        try:
            self._unmade.put_nowait(make)
        except queue.Full:
            self._lost(1)

    def close(self, seconds: float = 10.0) -> None:
        """Write what is waiting, and stop. What the store does not take by now is lost."""
        thread = self._thread
        if thread is None or self._process != os.getpid():
            return
        self._closing.set()
        with suppress(queue.Full):
            self._unmade.put(None, timeout=seconds)
            thread.join(seconds)
        if thread.is_alive():  # the store holds it up
            self._lost(self._unmade.qsize() + len(self._waiting))
        self._thread, self._process = None, -1

    def _start(self) -> None:
        """Threads do not survive a fork, so each process starts its own at its first decision."""
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process != os.getpid():
                self._unmade = queue.Queue(_UNMADE)
                self._closing = threading.Event()
                self._waiting = deque()
                self._thread = threading.Thread(target=self._run, name="decision-writer", daemon=True)
                self._process = os.getpid()
                self._thread.start()

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._collect()
            if self._waiting and (ended or time.monotonic() >= self._next_try):
                self._write_waiting()
        if self._waiting:
            self._lost(len(self._waiting))

    def _collect(self) -> bool:
        """Make the records that were handed over; waits for one, or until it is time to try again. Whether to end."""
        timeout = max(0.0, self._next_try - time.monotonic()) if self._waiting else None
        gathered, ended = self._gathered(timeout)
        for make in gathered:
            self._make(make)
        return ended

    def _gathered(self, timeout: float | None) -> tuple[list[MakeDecision], bool]:
        """What is handed over within a moment of the first, for which it waits so long. Whether nothing more comes."""
        gathered: list[MakeDecision] = []
        try:
            handed = self._unmade.get(timeout=timeout)
            self._closing.wait(_GATHERING)
            while handed is not None:
                gathered.append(handed)
                handed = self._unmade.get_nowait()
        except queue.Empty:
            return gathered, False
        return gathered, True

    def _make(self, make: MakeDecision) -> None:
        try:
            self._waiting.append(make())
        except Exception:
            self._lost(1)
        if len(self._waiting) > _WAITING:
            self._waiting.popleft()
            self._lost(1)

    def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting[index] for index in range(min(_BATCH, len(self._waiting)))]
                self._write_batch(batch)
                for _ in batch:
                    self._waiting.popleft()
            self._pause = _FIRST_PAUSE
        except StoreError:
            self._next_try = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self._written()

    def _write_batch(self, batch: list[Decision]) -> None:
        """One at a time if one of them is refused, so that it does not take the others with it."""
        try:
            self._store.add_decisions(batch)
        except Refused:
            for decision in batch:
                try:
                    self._store.add_decisions([decision])
                except Refused:
                    self._lost(1)
