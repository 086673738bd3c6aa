"""How long each stage of a request takes, where somebody wants to know."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter
from types import TracebackType

#: The stages, in the order in which a request passes them.
STAGES = ("read", "fetch", "map", "evaluate", "cards", "silence", "serialise")

_TAKEN: ContextVar[dict[str, float] | None] = ContextVar("taken", default=None)


def collecting(into: dict[str, float] | None) -> None:
    """From now on, in this context, add the seconds of each stage to ``into``; with ``None``, to nothing."""
    _TAKEN.set(into)


def stage(name: str) -> Stage:
    """``with stage("map"): …`` adds the seconds that the block takes, also if it raises."""
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
        taken = _TAKEN.get()
        if taken is not None:
            taken[self._name] = taken.get(self._name, 0.0) + perf_counter() - self._begun
