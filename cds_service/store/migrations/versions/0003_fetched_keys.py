"""Which prefetch keys were fetched from the FHIR server, and which could not be. Earlier records do not tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("decisions", sa.Column("fetched", sa.JSON))
    op.add_column("decisions", sa.Column("not_fetched", sa.JSON))


def downgrade() -> None:
    for column in ("fetched", "not_fetched"):
        op.drop_column("decisions", column)
