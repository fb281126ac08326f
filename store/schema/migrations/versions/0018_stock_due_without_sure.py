"""A column of `stock_due` that nothing read. Migration 0011 made it at first, and for a while it did not: from here on all are the same.

Safe while polling runs: no version writes it.
"""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("ALTER TABLE stock_due DROP COLUMN IF EXISTS sure")
