"""What was read from one patient's resources, and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from knowledge.facts import Fact


@dataclass(frozen=True, slots=True)
class Unread:
    """A result that looked relevant and was not understood. Reported, never dropped."""

    reference: str
    code: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """The entry as the command line prints it."""
        return {"reference": self.reference, "code": self.code, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """The facts of one patient with everything that could not be read.

    ``patient`` is the reference of the patient whose facts these are; ``None`` where nothing names one.
    ``incomplete`` says that a further page or an error stood where more data would be.
    """

    patient: str | None
    facts: tuple[Fact, ...]
    unread: tuple[Unread, ...]
    warnings: tuple[str, ...]
    incomplete: bool = False

    def to_json(self) -> dict[str, Any]:
        """Facts, unread results and warnings as JSON."""
        return {
            "facts": [fact.to_json() for fact in self.facts],
            "unread": [entry.to_json() for entry in self.unread],
            "warnings": list(self.warnings),
        }
