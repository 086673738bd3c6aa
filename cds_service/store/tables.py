"""The tables of the store. Their history is in ``migrations``."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

decisions = Table(
    "decisions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("made_at", DateTime(timezone=True), nullable=False, index=True),
    Column("client", String(100), nullable=False),
    Column("service", String(100), nullable=False),
    Column("patient", String(64), nullable=False),
    Column("input_digest", String(64), nullable=False),
    Column("facts_digest", String(64), nullable=False),
    Column("release", String(100), nullable=False),
    Column("version", String(50), nullable=False),
    Column("duration", Float, nullable=False),
    Column("unread", Integer, nullable=False),
    Column("outcomes", JSON, nullable=False),
    Column("fetched", JSON),
    Column("not_fetched", JSON),
)

cards = Table(
    "cards",
    metadata,
    Column("uuid", String(64), primary_key=True),
    Column("decision", String(64), ForeignKey("decisions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("topic", String(100), nullable=False),
    Column("indicator", String(20), nullable=False),
    Column("statements", JSON, nullable=False),
)

#: The card of a feedback may be unknown here: it can be older than what is kept, or from before a restart. ``patient``
#: is that of the card's decision, so that what was set aside for a patient is found without reading all decisions.
feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("client", String(100), nullable=False),
    Column("service", String(100), nullable=False),
    Column("card", String(200), nullable=False, index=True),
    Column("patient", String(64)),
    Column("outcome", String(20), nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False, index=True),
    Column("suggestions", JSON, nullable=False),
    Column("reason_system", String(300)),
    Column("reason_code", String(100)),
    Column("commented", Boolean, nullable=False),
    UniqueConstraint("client", "card", "outcome", "said_at", name="uq_feedback_once"),
    Index("ix_feedback_patient", "patient", "said_at"),
)

#: Tokens that were used, by the hash of their issuer and ``jti``, until they would not be accepted any more anyway.
jti = Table(
    "jti",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("until", DateTime(timezone=True), nullable=False, index=True),
)
