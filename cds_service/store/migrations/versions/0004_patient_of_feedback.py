"""Whose card a feedback is about, to find what was set aside for a patient however often the chart was opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("feedback", sa.Column("patient", sa.String(64)))
    op.execute(
        "UPDATE feedback SET patient = (SELECT decisions.patient FROM decisions JOIN cards"
        " ON cards.decision = decisions.id WHERE cards.uuid = feedback.card)"
    )
    op.create_index("ix_feedback_patient", "feedback", ["patient", "said_at"])
    op.drop_index("ix_decisions_patient", "decisions")


def downgrade() -> None:
    op.create_index("ix_decisions_patient", "decisions", ["patient", "facts_digest"])
    op.drop_index("ix_feedback_patient", "feedback")
    op.drop_column("feedback", "patient")
