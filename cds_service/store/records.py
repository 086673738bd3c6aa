"""What is kept of an answer and of what a clinician said to it. Nothing here tells who the patient is or has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from knowledge.making import quick_to_make


@dataclass(frozen=True, slots=True)
class DecisionCard:
    """One card of an answer: its identifier, topic, urgency, and the statements behind it."""

    uuid: str
    topic: str
    indicator: str
    statements: tuple[str, ...]


@quick_to_make
@dataclass(frozen=True, slots=True)
class StatementOutcome:
    """What one statement came to."""

    statement: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer, so that it can be explained and reproduced.

    ``patient``, ``input_digest`` and ``facts_digest`` are keyed hashes: they tell whether two are the same and nothing
    else. ``duration`` is in milliseconds. ``fetched`` and ``not_fetched`` are the prefetch keys that were fetched from
    the FHIR server or could not be.
    """

    id: str
    made_at: datetime
    client: str
    service: str
    patient: str
    input_digest: str
    facts_digest: str
    release: str
    version: str
    duration: float
    unread: int
    outcomes: tuple[StatementOutcome, ...]
    cards: tuple[DecisionCard, ...]
    fetched: tuple[str, ...] = ()
    not_fetched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """What a clinician did with a card (CDS Hooks 2.0, Feedback).

    ``reason_system`` and ``reason_code`` name the override reason. A comment is free text that may hold anything, so
    only its presence is kept. ``suggestions`` are the identifiers of those accepted.
    """

    client: str
    service: str
    card: str
    outcome: str
    said_at: datetime
    suggestions: tuple[str, ...] = ()
    reason_system: str | None = None
    reason_code: str | None = None
    commented: bool = False
