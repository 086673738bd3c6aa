"""A limit of time for what may hang, so that a database that does not answer holds up no clinician."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from cds_service.store.errors import StoreError

_Result = TypeVar("_Result")
_AT_ONCE = 8


class Patience:
    """Runs calls in threads of their own and waits for so many ``seconds``.

    After a failure calls fail at once for ``pause`` seconds, so that not every request waits in vain; so do those
    beyond ``at_once`` that have not come back. ``clock`` gives seconds that never go back. Threads are made for each
    call: none has to survive a fork or be joined at the end.
    """

    def __init__(
        self,
        seconds: float,
        pause: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._seconds = seconds
        self._pause = pause
        self._clock = clock
        self._paused_until = 0.0
        self._free = threading.Semaphore(at_once)

    def call(self, work: Callable[[], _Result]) -> _Result:
        """The result of ``work``. Raises :class:`StoreError` if it fails, takes too long or is not tried."""
        if self._clock() < self._paused_until:
            raise StoreError("the store failed a moment ago and is not asked yet")
        if not self._free.acquire(blocking=False):
            raise StoreError("the store is busy")
        done: Future[_Result] = Future()
        threading.Thread(target=self._run, args=(work, done), name="store", daemon=True).start()
        try:
            return done.result(self._seconds)
        except TimeoutError:
            self._paused_until = self._clock() + self._pause
            raise StoreError("the store does not answer in time") from None
        except StoreError:
            self._paused_until = self._clock() + self._pause
            raise

    def _run(self, work: Callable[[], _Result], done: Future[_Result]) -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # handed to whoever waits
            done.set_exception(error)
        finally:
            self._free.release()
