"""Connections to the database: SQLite or PostgreSQL, and what each needs so that a commit is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from cds_service.codec import dumps, loads
from cds_service.store.errors import Refused, StoreError

_BUSY_SECONDS = 10
#: PostgreSQL: no statement of a request may take longer, and a server that vanished is noticed (milliseconds).
_STATEMENT = 5_000
_POSTGRESQL = {
    "connect_timeout": 3,
    "options": f"-c statement_timeout={_STATEMENT} -c lock_timeout=3000 -c timezone=UTC",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "oncohooks",
}
#: So that two services that start at once do not migrate at once.
_MIGRATION_LOCK = 7_316_241


def database_url(url: str) -> URL:
    """The URL with the driver that is installed. Raises :class:`StoreError` for one that is none."""
    try:
        parsed = make_url(url)
    except SQLAlchemyError:
        raise StoreError("the setting store is not a database URL") from None
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreError("the setting store must begin with sqlite:/// or postgresql://")
    return parsed


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file of SQLite."""
    return url.drivername == "sqlite"


def make_engine(url: URL, *, hasty: bool = False) -> Engine:
    """An engine for one process. The commits of a ``hasty`` one do not wait for the disk."""
    by_codec: dict[str, Any] = {"json_serializer": lambda value: dumps(value).decode(), "json_deserializer": loads}
    if is_sqlite(url):
        engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, **by_codec)
        event.listen(engine, "connect", lambda connection, _: _prepare_sqlite(connection, hasty=hasty))
        return engine
    given = {name: value for name, value in _POSTGRESQL.items() if name not in url.query}
    return create_engine(
        url, connect_args=given, pool_pre_ping=True, pool_size=5, max_overflow=5, pool_timeout=3, **by_codec
    )


def _prepare_sqlite(connection: Any, *, hasty: bool) -> None:
    """Write-ahead log, so that readers never wait; unless hasty, every commit is on disk before it is acknowledged."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"synchronous={'NORMAL' if hasty else 'FULL'}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def take_all_the_time(connection: Connection) -> None:
    """Lift the limit of time for this transaction: migrations, purges and exports may be long."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))


def migrate_alone(connection: Connection) -> None:
    """Wait until no other service migrates this database; ends with the transaction."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


@contextmanager
def explained() -> Iterator[None]:
    """Errors of the database as :class:`StoreError`, without the values that a statement held."""
    try:
        yield
    except (DataError, IntegrityError) as error:
        raise Refused(f"the store refuses a record ({type(error).__name__})") from None
    except CommandError:
        raise StoreError("the store has a form that this version does not know; a newer one made it") from None
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the store cannot be used ({type(error).__name__})") from None
