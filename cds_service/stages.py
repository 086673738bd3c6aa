"""When each stage of a request begins and ends, where somebody wants to know."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter
from types import TracebackType
from typing import NamedTuple

#: The stages, in the order in which a request passes them; ``store`` is one of feedback.
STAGES = ("authenticate", "wait", "read", "fetch", "map", "evaluate", "cards", "silence", "store", "serialise")


class Passage(NamedTuple):
    """One passage through a stage: its beginning and end in seconds of ``perf_counter``."""

    stage: str
    begun: float
    ended: float


_PASSED: ContextVar[list[Passage] | None] = ContextVar("passed", default=None)


def collecting(into: list[Passage] | None) -> None:
    """From now on, in this context, add each passage to ``into``; with ``None``, to nothing."""
    _PASSED.set(into)


def stage(name: str) -> Stage:
    """``with stage("map"): …`` notes when the block begins and ends, also if it raises."""
    return Stage(name)


class Stage:
    """One passage through a stage."""

    __slots__ = ("_begun", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._begun = 0.0

    def __enter__(self) -> None:
        self._begun = perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        passed = _PASSED.get()
        if passed is not None:
            passed.append(Passage(self._name, self._begun, perf_counter()))
