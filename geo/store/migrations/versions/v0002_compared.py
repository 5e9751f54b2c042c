"""What a person compares as B, beside what is compared as A; deleted plans are not shown to others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_WITHDRAW = """
UPDATE jjj_publication
SET withdrawn = (SELECT deleted FROM jjj_plan WHERE jjj_plan.id = jjj_publication.plan)
WHERE withdrawn IS NULL AND plan IN (SELECT id FROM jjj_plan WHERE deleted IS NOT NULL)
"""


def upgrade() -> None:
    """Add the column, and withdraw what nobody could withdraw any more."""
    op.add_column("jjj_person", sa.Column("against", sa.String(32)))
    op.execute(_WITHDRAW)
