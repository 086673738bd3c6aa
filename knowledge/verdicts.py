"""Strong Kleene logic: true, false, and not known."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """The truth value of a criterion for one patient."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


def negation(verdict: Verdict) -> Verdict:
    """Unknown stays unknown: what was not tested cannot be denied."""
    if verdict is Verdict.TRUE:
        return Verdict.FALSE
    if verdict is Verdict.FALSE:
        return Verdict.TRUE
    return Verdict.UNKNOWN


def ignorance(verdict: Verdict) -> Verdict:
    """Whether a verdict is unknown, as a verdict of its own: never unknown itself."""
    return Verdict.TRUE if verdict is Verdict.UNKNOWN else Verdict.FALSE


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """False if any is false, else unknown if any is unknown, else true (an empty one is true)."""
    return _combined(verdicts, deciding=Verdict.FALSE, otherwise=Verdict.TRUE)


def disjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """True if any is true, else unknown if any is unknown, else false (an empty one is false)."""
    return _combined(verdicts, deciding=Verdict.TRUE, otherwise=Verdict.FALSE)


def _combined(verdicts: Iterable[Verdict], deciding: Verdict, otherwise: Verdict) -> Verdict:
    """The deciding verdict as soon as one is met, unknown if one was met before the end, else the other."""
    result = otherwise
    for verdict in verdicts:
        if verdict is deciding:
            return deciding
        if verdict is Verdict.UNKNOWN:
            result = verdict
    return result
