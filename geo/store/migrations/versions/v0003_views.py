"""How presenters look at their plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY, TIME = sa.String(32), sa.String(32)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "jjj_view",
        sa.Column("plan", KEY, sa.ForeignKey("jjj_plan.id"), primary_key=True),
        sa.Column("look", sa.Text, nullable=False),
        sa.Column("made", TIME, nullable=False),
    )
