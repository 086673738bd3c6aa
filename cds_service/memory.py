"""Memory of a process that loads the knowledge and goes on to read records."""

from __future__ import annotations

import ctypes
import gc

#: Between two collections: more objects than ten requests of 100 Observations leave in use until they are recorded.
_OBJECTS = 200_000
#: Answers from one collection to the next, which takes some milliseconds.
_ANSWERS = 500
#: ``M_ARENA_MAX`` of glibc's ``malloc.h``.
_ARENA_MAX = -8


def share_one_heap() -> None:
    """Let all threads of this process, and of its workers, take memory from one heap.

    Only one thread computes at a time, so none waits for another; a heap for each, as is usual, keeps what it once
    held. To be called before the first thread. Without effect where the C library is not glibc.
    """
    _tell_glibc("mallopt", _ARENA_MAX, 1)


def settle_memory() -> None:
    """Keep what is loaded out of garbage collections, which would walk it again and again, and give back the rest.

    To be called after loading and before workers are forked, so that they also go on sharing its memory. What is read
    from JSON has no cycles and goes without the collector, so it need not look at requests that are still in use.
    Whoever answers requests calls :func:`collect_now_and_then`.
    """
    gc.unfreeze()
    gc.collect()
    _tell_glibc("malloc_trim", 0)
    gc.freeze()
    gc.set_threshold(_OBJECTS, 10, 10)


def collect_now_and_then(answers: int) -> None:
    """Free what was left in cycles, after every so many answers; to be called when one has been sent.

    Routing leaves eight objects of each request in a cycle, and of one without a route or with another method the
    request itself. ``answers``: how many have been sent.
    """
    if answers % _ANSWERS == 0:
        gc.collect()


def _tell_glibc(function: str, *arguments: int) -> None:
    if hasattr(libc := ctypes.CDLL(None), function):
        getattr(libc, function)(*arguments)
