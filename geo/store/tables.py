"""The tables of the store; ``migrations/versions`` builds the same ones step by step."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["VERSION_TABLE", "bodies", "metadata", "people", "plans", "publications", "steps", "views"]

VERSION_TABLE = "jjj_version"  # other programs in the same database keep their own
metadata = sa.MetaData()

people = sa.Table(
    "jjj_person",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("created", sa.String(32), nullable=False),
    sa.Column("shown", sa.String(32)),
    sa.Column("beside", sa.String(32)),
    sa.Column("against", sa.String(32)),
)

# The text of a plan, kept once however many steps and publications show it. Never changed, never deleted.
bodies = sa.Table(
    "jjj_body",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("packed", sa.LargeBinary, nullable=False),
)

plans = sa.Table(
    "jjj_plan",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.ForeignKey("jjj_person.id"), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("baseline", sa.String(64), nullable=False),
    sa.Column("origin", sa.String(32)),
    sa.Column("created", sa.String(32), nullable=False),
    sa.Column("changed", sa.String(32), nullable=False),
    sa.Column("deleted", sa.String(32)),
)

# Append only: every version a plan ever had, each with the one it was made from.
steps = sa.Table(
    "jjj_step",
    metadata,
    sa.Column("plan", sa.ForeignKey("jjj_plan.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("parent", sa.Integer),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("body", sa.ForeignKey("jjj_body.hash"), nullable=False),
    sa.Column("made", sa.String(32), nullable=False),
)

# What others may see: a version, fixed when it was published.
publications = sa.Table(
    "jjj_publication",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("plan", sa.ForeignKey("jjj_plan.id"), nullable=False, index=True),
    sa.Column("owner", sa.ForeignKey("jjj_person.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("body", sa.ForeignKey("jjj_body.hash"), nullable=False),
    sa.Column("baseline", sa.String(64), nullable=False),
    sa.Column("answers", sa.String(32), index=True),
    sa.Column("made", sa.String(32), nullable=False),
    sa.Column("withdrawn", sa.String(32)),
    sa.UniqueConstraint("plan", "number", name="jjj_publication_number"),
)

# How the presenter of a plan looked at it last.
views = sa.Table(
    "jjj_view",
    metadata,
    sa.Column("plan", sa.ForeignKey("jjj_plan.id"), primary_key=True),
    sa.Column("look", sa.Text, nullable=False),
    sa.Column("made", sa.String(32), nullable=False),
)
