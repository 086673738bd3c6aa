"""The store: decision records and feedback in SQLite or PostgreSQL (SQLAlchemy, migrations by Alembic)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Row, create_engine, delete, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from cds_service.store.records import Decision, DecisionCard, FeedbackItem, StatementOutcome
from cds_service.store.tables import cards, decisions, feedback

MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 10


class StoreError(Exception):
    """The store cannot be reached or used."""


class Store:
    """One database. Connections are made on first use in each process, so that it may be handed through a fork."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._process = -1

    def upgrade(self) -> None:
        """Bring the tables to the current form. Raises :class:`StoreError`."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        if (database := make_url(self._url).database) and self._url.startswith("sqlite"):
            Path(database).parent.mkdir(parents=True, exist_ok=True)
        with _explained(), self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        if self._engine is None or self._process != os.getpid():
            self._engine, self._process = _engine(self._url), os.getpid()
        return self._engine

    def is_reachable(self) -> bool:
        """Whether the store answers."""
        try:
            with self.engine.connect() as connection:
                connection.execute(select(decisions.c.id).limit(1))
        except SQLAlchemyError:
            return False
        return True

    def add_decisions(self, made: Sequence[Decision]) -> None:
        """Keep decision records, all or none. Raises :class:`StoreError`."""
        with _explained(), self.engine.begin() as connection:
            connection.execute(insert(decisions), [_decision_row(decision) for decision in made])
            rows = [_card_row(card, decision.id) for decision in made for card in decision.cards]
            if rows:
                connection.execute(insert(cards), rows)

    def add_feedback(self, items: Iterable[FeedbackItem]) -> int:
        """Keep feedback; what was said before is kept once. Returns how many are new. Raises :class:`StoreError`.

        When this returns, the feedback is on disk.
        """
        new = 0
        with _explained(), self.engine.begin() as connection:
            for item in items:
                new += _added(connection, item)
        return new

    def decision_of_card(self, uuid: str) -> Decision | None:
        """The decision in which a card was shown. Raises :class:`StoreError`."""
        with _explained(), self.engine.connect() as connection:
            row = connection.execute(select(decisions).join(cards).where(cards.c.uuid == uuid)).one_or_none()
            return None if row is None else _decision(row, _cards_of(connection, row.id))

    def overridden_topics(self, patient: str, release: str, since: datetime) -> list[tuple[str, str]]:
        """Topics set aside for a patient under a release since a time, each with the digest of the facts it was about.

        Raises :class:`StoreError`.
        """
        query = (
            select(cards.c.topic, decisions.c.facts_digest)
            .join(decisions)
            .join(feedback, feedback.c.card == cards.c.uuid)
            .where(
                decisions.c.patient == patient,
                decisions.c.release == release,
                feedback.c.outcome == "overridden",
                feedback.c.said_at >= since,
            )
        )
        with _explained(), self.engine.connect() as connection:
            return [(row.topic, row.facts_digest) for row in connection.execute(query)]

    def feedback_with_cards(self, since: datetime | None = None) -> list[dict[str, Any]]:
        """Every feedback with the topic and statements of its card, oldest first. Raises :class:`StoreError`."""
        query = select(feedback, cards.c.topic, cards.c.indicator, cards.c.statements).outerjoin(
            cards, feedback.c.card == cards.c.uuid
        )
        if since is not None:
            query = query.where(feedback.c.said_at >= since)
        with _explained(), self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query.order_by(feedback.c.said_at))]

    def shown_cards(self, since: datetime | None = None) -> list[dict[str, Any]]:
        """Every card that was shown, with its client and service. Raises :class:`StoreError`."""
        query = select(cards, decisions.c.client, decisions.c.service, decisions.c.made_at).join(decisions)
        if since is not None:
            query = query.where(decisions.c.made_at >= since)
        with _explained(), self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def purge(self, before: datetime) -> tuple[int, int]:
        """Delete decisions and feedback older than a time; how many of each. Raises :class:`StoreError`."""
        with _explained(), self.engine.begin() as connection:
            old = select(decisions.c.id).where(decisions.c.made_at < before)
            connection.execute(delete(cards).where(cards.c.decision.in_(old)))
            gone = connection.execute(delete(decisions).where(decisions.c.made_at < before)).rowcount
            said = connection.execute(delete(feedback).where(feedback.c.said_at < before)).rowcount
            return gone, said

    def close(self) -> None:
        """Close the connections of this process."""
        if self._engine is not None and self._process == os.getpid():
            self._engine.dispose()
        self._engine = None


def _engine(url: str) -> Engine:
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(
        url, pool_pre_ping=not is_sqlite, connect_args={"timeout": _BUSY_SECONDS} if is_sqlite else {}
    )
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    """Write-ahead log, so that readers never wait; every commit is on disk before it is acknowledged."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _explained() -> Iterator[None]:
    """Errors of the database as :class:`StoreError`, without the values that a statement held."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"the store cannot be used ({type(error).__name__})") from None
    except CommandError:
        raise StoreError("the store has a form that this version does not know; a newer one made it") from None


def _added(connection: Connection, item: FeedbackItem) -> bool:
    """Add one feedback, unless it is there already."""
    row = {
        "client": item.client,
        "service": item.service,
        "card": item.card,
        "outcome": item.outcome,
        "said_at": item.said_at,
        "suggestions": list(item.suggestions),
        "reason_system": item.reason_system,
        "reason_code": item.reason_code,
        "commented": item.commented,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(feedback).values(row))
    except IntegrityError:
        return False
    return True


def _decision_row(decision: Decision) -> dict[str, Any]:
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


def _card_row(card: DecisionCard, decision: str) -> dict[str, Any]:
    return {
        "uuid": card.uuid,
        "decision": decision,
        "topic": card.topic,
        "indicator": card.indicator,
        "statements": list(card.statements),
    }


def _cards_of(connection: Connection, decision: str) -> tuple[DecisionCard, ...]:
    rows = connection.execute(select(cards).where(cards.c.decision == decision))
    return tuple(DecisionCard(row.uuid, row.topic, row.indicator, tuple(row.statements)) for row in rows)


def _decision(row: Row[Any], shown: tuple[DecisionCard, ...]) -> Decision:
    made_at = row.made_at if row.made_at.tzinfo else row.made_at.replace(tzinfo=UTC)  # SQLite keeps no zone
    return Decision(
        id=row.id,
        made_at=made_at,
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
