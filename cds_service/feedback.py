"""Feedback on cards (CDS Hooks 2.0, Feedback), also as Epic sends it. It is on disk before it is acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cds_service.outcomes import ServiceError
from cds_service.store import FeedbackItem
from fhir_mappings.elements import Json, member, objects, string

OUTCOMES = frozenset({"accepted", "overridden"})
#: Members under which Epic sends a reason that its user chose from a list of its own.
_EPIC_REASON = "com.epic.cdshooks.feedback.overrideReason"
_MOST_ITEMS = 1000


def read_feedback(body: object, client: str, service: str) -> list[FeedbackItem]:
    """The items of a feedback request. Raises :class:`ServiceError` with 400, naming the member and no value."""
    if not isinstance(body, dict) or not isinstance(body.get("feedback"), list):
        raise ServiceError(400, "Invalid feedback: feedback must be a list.")
    listed = body["feedback"]
    if not listed:
        raise ServiceError(400, "Invalid feedback: feedback is empty.")
    if len(listed) > _MOST_ITEMS:
        raise ServiceError(400, f"Invalid feedback: more than {_MOST_ITEMS} entries.")
    return [_item(entry, number, client, service) for number, entry in enumerate(listed)]


def _item(entry: object, number: int, client: str, service: str) -> FeedbackItem:
    place = f"feedback.{number}"
    if not isinstance(entry, dict):
        raise ServiceError(400, f"Invalid feedback: {place} must be an object.")
    card, outcome = string(entry.get("card")), string(entry.get("outcome"))
    if card is None or len(card) > 200 or not card.isprintable():
        raise ServiceError(400, f"Invalid feedback: {place}.card must be a printable text of at most 200 characters.")
    if outcome not in OUTCOMES:
        raise ServiceError(400, f"Invalid feedback: {place}.outcome must be accepted or overridden.")
    said_at = _time(entry.get("outcomeTimestamp"))
    if said_at is None:
        raise ServiceError(400, f"Invalid feedback: {place}.outcomeTimestamp must be a time (RFC 3339).")
    suggestions = tuple(_suggestions(entry))
    if outcome == "accepted" and not suggestions and not isinstance(entry.get("acceptedSuggestions"), list):
        raise ServiceError(400, f"Invalid feedback: {place}.acceptedSuggestions is required for accepted.")
    reason = _reason(entry)
    return FeedbackItem(
        client=client,
        service=service,
        card=card,
        outcome=str(outcome),
        said_at=said_at,
        suggestions=suggestions,
        reason_system=_cut(reason.get("system"), 300),
        reason_code=_cut(reason.get("code"), 100),
        commented=_has_comment(entry),
    )


def _suggestions(entry: Json) -> Iterator[str]:
    for suggestion in objects(entry.get("acceptedSuggestions")):
        if identifier := string(suggestion.get("id")):
            yield _printable(identifier)[:200]


def _override(entry: Json) -> Json:
    """``overrideReason``, which Epic's examples call ``overrideReasons``."""
    return member(entry, "overrideReason") or next(iter(objects(entry.get("overrideReasons"))), {})


def _reason(entry: Json) -> Json:
    """The Coding of the reason: the standard's, or the one in Epic's extension."""
    override = _override(entry)
    coding = member(override, "reason") or (override if string(override.get("code")) else {})
    if coding:
        return coding
    for holder in (entry, override):
        for name, value in member(holder, "extension").items():
            if name.startswith(_EPIC_REASON):
                found = value if isinstance(value, dict) else {}
                code = string(found.get("code")) or string(value)
                return {"system": string(found.get("system")) or name, "code": code}
    return {}


def _has_comment(entry: Json) -> bool:
    return string(_override(entry).get("userComment")) is not None


def _cut(value: object, length: int) -> str | None:
    text = string(value)
    return _printable(text)[:length] if text else None


def _printable(text: str) -> str:
    """Without characters that a database may refuse (NUL) or a terminal may obey."""
    return "".join(character for character in text if character.isprintable())


def _time(value: Any) -> datetime | None:
    text = string(value)
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None:
        return None
    return moment.astimezone(UTC)
