"""The store: decision records and feedback in SQLite or PostgreSQL (SQLAlchemy, migrations by Alembic)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Row, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from cds_service.store.database import (
    database_url,
    explained,
    is_sqlite,
    make_engine,
    migrate_alone,
    take_all_the_time,
)
from cds_service.store.errors import StoreError
from cds_service.store.records import Decision, DecisionCard, FeedbackItem
from cds_service.store.rows import card_of, card_row, decision_of, decision_row, feedback_row, in_utc
from cds_service.store.tables import cards, decisions, feedback, jti

MIGRATIONS = Path(__file__).parent / "migrations"
_TOKENS_CLEARED_EVERY = timedelta(minutes=1)
_ROWS_AT_ONCE = 1000
#: Built once, because every request asks it: building it takes longer than the answer.
_OVERRIDDEN = (
    select(cards.c.topic, decisions.c.facts_digest)
    .join(decisions)
    .join(feedback, feedback.c.card == cards.c.uuid)
    .where(
        feedback.c.patient == bindparam("asked_patient"),
        decisions.c.release == bindparam("asked_release"),
        feedback.c.outcome == "overridden",
        feedback.c.said_at >= bindparam("asked_since"),
    )
)
#: For feedback that came before the record of its decision was written.
_SAID_BEFORE = (
    update(feedback)
    .where(feedback.c.card == bindparam("shown"), feedback.c.patient.is_(None))
    .values(patient=bindparam("shown_for"))
)
#: Alembic keeps what it works on in one place for the whole process.
_ALEMBIC = threading.Lock()


@dataclass(frozen=True, slots=True)
class StoreState:
    """What a store holds: its form against the current one, rows of each table, the oldest decision."""

    url: str
    form: str | None
    current_form: str
    rows: Mapping[str, int]
    oldest: datetime | None


class Store:
    """One database. Connections are made on first use in each process, so that it may be handed through a fork.

    A store that is down when the service starts is brought up to date at its first use after that.
    """

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self._engine: Engine | None = None
        self._hasty_engine: Engine | None = None
        self._process = -1
        self._tokens_cleared_at = datetime.min.replace(tzinfo=UTC)
        self._is_current = False

    @property
    def may_hang(self) -> bool:
        """Whether a network lies between: a call may then take as long as the network likes."""
        return not is_sqlite(self.url)

    def upgrade(self) -> None:
        """Bring the tables to the current form. Raises :class:`StoreError`."""
        config = _migrations()
        with _ALEMBIC, explained():
            if is_sqlite(self.url) and (database := self.url.database):
                Path(database).parent.mkdir(parents=True, exist_ok=True)
            with self.engine.begin() as connection:
                take_all_the_time(connection)
                migrate_alone(connection)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        self._is_current = True

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        return self._engines()[0]

    def _engines(self) -> tuple[Engine, Engine]:
        """The engine of this process, and the one whose commits do not wait for the disk."""
        if self._engine is None or self._hasty_engine is None or self._process != os.getpid():
            self._engine, self._hasty_engine = make_engine(self.url), make_engine(self.url, hasty=True)
            self._process = os.getpid()
        return self._engine, self._hasty_engine

    def is_reachable(self) -> bool:
        """Whether the store answers and has its tables."""
        try:
            with self._reading() as connection:
                connection.execute(select(decisions.c.id).limit(1))
        except StoreError:
            return False
        return True

    def state(self) -> StoreState:
        """What it holds, without changing it. Raises :class:`StoreError`."""
        with explained(), self.engine.connect() as connection:
            form = MigrationContext.configure(connection).get_current_revision()
            rows, oldest = {}, None
            if form is not None:
                rows = {str(table.name): _count(connection, table) for table in (decisions, cards, feedback)}
                oldest = connection.execute(select(func.min(decisions.c.made_at))).scalar_one()
        head = ScriptDirectory.from_config(_migrations()).get_current_head()
        return StoreState(self.url.render_as_string(hide_password=True), form, str(head), rows, in_utc(oldest))

    def add_decisions(self, made: Sequence[Decision]) -> None:
        """Keep decision records, all or none. Raises :class:`StoreError`, :class:`Refused` if one cannot be kept."""
        with self._writing() as connection:
            connection.execute(insert(decisions), [decision_row(decision) for decision in made])
            rows = [card_row(card, decision.id) for decision in made for card in decision.cards]
            if rows:
                connection.execute(insert(cards), rows)
                shown = [{"shown": card.uuid, "shown_for": one.patient} for one in made for card in one.cards]
                connection.execute(_SAID_BEFORE, shown)

    def add_feedback(self, items: Iterable[FeedbackItem]) -> int:
        """Keep feedback; what was said before is kept once. Returns how many are new. Raises :class:`StoreError`.

        When this returns, the feedback is on disk.
        """
        new = 0
        with self._writing() as connection:
            for item in items:
                new += _added(connection, item)
        return new

    def use_token(self, digest: str, until: datetime, now: datetime) -> bool:
        """Remember a token until a time; ``False`` if it was used before, by any process. Raises :class:`StoreError`.

        Clients wait for this, so an embedded database does not wait for the disk: what a power failure forgets are
        tokens of its last moments.
        """
        self._bring_up_to_date()
        _, engine = self._engines()
        with explained():
            try:
                with engine.begin() as connection:
                    if now - self._tokens_cleared_at >= _TOKENS_CLEARED_EVERY:
                        self._tokens_cleared_at = now
                        connection.execute(delete(jti).where(jti.c.until < now))
                    connection.execute(insert(jti).values(digest=digest, until=until))
            except IntegrityError:
                return False
        return True

    def decision_of_card(self, uuid: str) -> Decision | None:
        """The decision in which a card was shown. Raises :class:`StoreError`."""
        with self._reading() as connection:
            row = connection.execute(select(decisions).join(cards).where(cards.c.uuid == uuid)).one_or_none()
            return None if row is None else decision_of(row, _cards_of(connection, row.id))

    def overridden_topics(self, patient: str, release: str, since: datetime) -> list[tuple[str, str]]:
        """Topics set aside for a patient under a release since a time, each with the digest of the facts it was about.

        Raises :class:`StoreError`.
        """
        asked = {"asked_patient": patient, "asked_release": release, "asked_since": since}
        with self._reading() as connection:
            return [(row.topic, row.facts_digest) for row in connection.execute(_OVERRIDDEN, asked)]

    def feedback_with_cards(self, since: datetime | None = None) -> list[dict[str, Any]]:
        """Every feedback with the topic and statements of its card, oldest first. Raises :class:`StoreError`."""
        query = select(feedback, cards.c.topic, cards.c.indicator, cards.c.statements).outerjoin(
            cards, feedback.c.card == cards.c.uuid
        )
        if since is not None:
            query = query.where(feedback.c.said_at >= since)
        with self._reading() as connection:
            return [dict(row._mapping) for row in connection.execute(query.order_by(feedback.c.said_at))]

    def shown_cards(self, since: datetime | None = None) -> list[dict[str, Any]]:
        """Every card that was shown, with its client and service. Raises :class:`StoreError`."""
        query = select(cards, decisions.c.client, decisions.c.service, decisions.c.made_at).join(decisions)
        if since is not None:
            query = query.where(decisions.c.made_at >= since)
        with self._reading() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def purge(self, before: datetime) -> tuple[int, int]:
        """Delete decisions and feedback older than a time; how many of each. Raises :class:`StoreError`."""
        with self._writing() as connection:
            take_all_the_time(connection)
            old = select(decisions.c.id).where(decisions.c.made_at < before)
            connection.execute(delete(cards).where(cards.c.decision.in_(old)))
            gone = connection.execute(delete(decisions).where(decisions.c.made_at < before)).rowcount
            said = connection.execute(delete(feedback).where(feedback.c.said_at < before)).rowcount
            return gone, said

    def rows(self, table: Table) -> Iterator[Row[Any]]:
        """Every row of a table in the order of its key, a part at a time. Raises :class:`StoreError`."""
        query = select(table).order_by(*table.primary_key.columns)
        with self._reading() as connection:
            take_all_the_time(connection)
            yield from connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)

    def close(self) -> None:
        """Close the connections of this process."""
        for engine in (self._engine, self._hasty_engine):
            if engine is not None and self._process == os.getpid():
                engine.dispose()
        self._engine = self._hasty_engine = None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._bring_up_to_date()
        with explained(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._bring_up_to_date()
        with explained(), self.engine.begin() as connection:
            yield connection

    def _bring_up_to_date(self) -> None:
        if not self._is_current:
            self.upgrade()


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _added(connection: Connection, item: FeedbackItem) -> bool:
    """Add one feedback, unless it is there already."""
    try:
        with connection.begin_nested():
            connection.execute(insert(feedback).values(feedback_row(item)))
    except IntegrityError:
        return False
    return True


def _cards_of(connection: Connection, decision: str) -> tuple[DecisionCard, ...]:
    rows = connection.execute(select(cards).where(cards.c.decision == decision))
    return tuple(map(card_of, rows))
