"""Decisions, their cards, and feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client", sa.String(100), nullable=False),
        sa.Column("service", sa.String(100), nullable=False),
        sa.Column("patient", sa.String(64), nullable=False),
        sa.Column("input_digest", sa.String(64), nullable=False),
        sa.Column("facts_digest", sa.String(64), nullable=False),
        sa.Column("release", sa.String(100), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("duration", sa.Float, nullable=False),
        sa.Column("unread", sa.Integer, nullable=False),
        sa.Column("outcomes", sa.JSON, nullable=False),
    )
    op.create_index("ix_decisions_made_at", "decisions", ["made_at"])
    op.create_index("ix_decisions_patient", "decisions", ["patient", "facts_digest"])
    op.create_table(
        "cards",
        sa.Column("uuid", sa.String(64), primary_key=True),
        sa.Column("decision", sa.String(64), sa.ForeignKey("decisions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("topic", sa.String(100), nullable=False),
        sa.Column("indicator", sa.String(20), nullable=False),
        sa.Column("statements", sa.JSON, nullable=False),
    )
    op.create_index("ix_cards_decision", "cards", ["decision"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("client", sa.String(100), nullable=False),
        sa.Column("service", sa.String(100), nullable=False),
        sa.Column("card", sa.String(200), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("suggestions", sa.JSON, nullable=False),
        sa.Column("reason_system", sa.String(300)),
        sa.Column("reason_code", sa.String(100)),
        sa.Column("commented", sa.Boolean, nullable=False),
        sa.UniqueConstraint("client", "card", "outcome", "said_at", name="uq_feedback_once"),
    )
    op.create_index("ix_feedback_card", "feedback", ["card"])
    op.create_index("ix_feedback_said_at", "feedback", ["said_at"])


def downgrade() -> None:
    for table in ("feedback", "cards", "decisions"):
        op.drop_table(table)
