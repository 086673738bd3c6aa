"""What is wrong with the knowledge files: one problem, and the error that stops loading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class KnowledgeError(ValueError):
    """Knowledge that cannot be used; the message names the file and the place in it."""


class Severity(StrEnum):
    """An ``error`` has to be mended before a release; a ``gap`` is known to be missing, and said."""

    ERROR = "error"
    GAP = "gap"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem: in which file and where in it, which check found it, and what to change, in words."""

    file: str
    place: str
    check: str
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.file, self.place, self.message)))

    def to_json(self) -> dict[str, Any]:
        """The problem as the command line prints it."""
        return {
            "severity": self.severity.value,
            "check": self.check,
            "file": self.file,
            "place": self.place,
            "message": self.message,
        }
