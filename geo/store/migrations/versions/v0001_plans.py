"""People, plans with their history, published versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY, TIME, HASH = sa.String(32), sa.String(32), sa.String(64)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "jjj_person",
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("shown", KEY),
        sa.Column("beside", KEY),
    )
    op.create_table(
        "jjj_body",
        sa.Column("hash", HASH, primary_key=True),
        sa.Column("packed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "jjj_plan",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("owner", sa.String(255), sa.ForeignKey("jjj_person.id"), nullable=False, index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("baseline", HASH, nullable=False),
        sa.Column("origin", KEY),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("deleted", TIME),
    )
    op.create_table(
        "jjj_step",
        sa.Column("plan", KEY, sa.ForeignKey("jjj_plan.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("parent", sa.Integer),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", HASH, sa.ForeignKey("jjj_body.hash"), nullable=False),
        sa.Column("made", TIME, nullable=False),
    )
    _publications()


def _publications() -> None:
    op.create_table(
        "jjj_publication",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("plan", KEY, sa.ForeignKey("jjj_plan.id"), nullable=False, index=True),
        sa.Column("owner", sa.String(255), sa.ForeignKey("jjj_person.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("body", HASH, sa.ForeignKey("jjj_body.hash"), nullable=False),
        sa.Column("baseline", HASH, nullable=False),
        sa.Column("answers", KEY, index=True),
        sa.Column("made", TIME, nullable=False),
        sa.Column("withdrawn", TIME),
        sa.UniqueConstraint("plan", "number", name="jjj_publication_number"),
    )
