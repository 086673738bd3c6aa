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


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """False if any is false, else unknown if any is unknown, else true (an empty one is true)."""
    result = Verdict.TRUE
    for verdict in verdicts:
        if verdict is Verdict.FALSE:
            return Verdict.FALSE
        if verdict is Verdict.UNKNOWN:
            result = Verdict.UNKNOWN
    return result


def disjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """True if any is true, else unknown if any is unknown, else false (an empty one is false)."""
    result = Verdict.FALSE
    for verdict in verdicts:
        if verdict is Verdict.TRUE:
            return Verdict.TRUE
        if verdict is Verdict.UNKNOWN:
            result = Verdict.UNKNOWN
    return result
