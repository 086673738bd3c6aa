"""Records as rows of the tables, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from cds_service.store.records import Decision, DecisionCard, FeedbackItem, StatementOutcome
from cds_service.store.tables import cards, decisions


def feedback_row(item: FeedbackItem) -> dict[str, Any]:
    """The row of a feedback; its patient is looked up while it is inserted."""
    return {
        "client": item.client,
        "service": item.service,
        "card": item.card,
        "patient": select(decisions.c.patient).join(cards).where(cards.c.uuid == item.card).scalar_subquery(),
        "outcome": item.outcome,
        "said_at": item.said_at,
        "suggestions": list(item.suggestions),
        "reason_system": item.reason_system,
        "reason_code": item.reason_code,
        "commented": item.commented,
    }


def decision_row(decision: Decision) -> dict[str, Any]:
    """The row of a decision."""
    return {
        "id": decision.id,
        "made_at": decision.made_at,
        "client": decision.client,
        "service": decision.service,
        "patient": decision.patient,
        "input_digest": decision.input_digest,
        "facts_digest": decision.facts_digest,
        "release": decision.release,
        "version": decision.version,
        "duration": decision.duration,
        "unread": decision.unread,
        "outcomes": {item.statement: item.outcome for item in decision.outcomes},
        "fetched": list(decision.fetched),
        "not_fetched": list(decision.not_fetched),
    }


def card_row(card: DecisionCard, decision: str) -> dict[str, Any]:
    """The row of a card that was shown in the decision with this id."""
    return {
        "uuid": card.uuid,
        "decision": decision,
        "topic": card.topic,
        "indicator": card.indicator,
        "statements": list(card.statements),
    }


def card_of(row: Row[Any]) -> DecisionCard:
    """The card of a row."""
    return DecisionCard(row.uuid, row.topic, row.indicator, tuple(row.statements))


def decision_of(row: Row[Any], shown: tuple[DecisionCard, ...]) -> Decision:
    """The decision of a row, with the cards that were shown."""
    return Decision(
        id=row.id,
        made_at=in_utc(row.made_at) or row.made_at,
        client=row.client,
        service=row.service,
        patient=row.patient,
        input_digest=row.input_digest,
        facts_digest=row.facts_digest,
        release=row.release,
        version=row.version,
        duration=row.duration,
        unread=row.unread,
        outcomes=tuple(StatementOutcome(name, outcome) for name, outcome in row.outcomes.items()),
        cards=shown,
        fetched=tuple(row.fetched or ()),
        not_fetched=tuple(row.not_fetched or ()),
    )


def in_utc(moment: datetime | None) -> datetime | None:
    """SQLite keeps no zone."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
