"""The ledger of calls to eBay, and what each seller's polls have shown of their orders.

Safe while polling runs: a column without a default rewrites no row, and only new workers use what is new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "permits",
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("limit", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("caused", sa.Double, nullable=False, server_default="0"),
        sa.Column("day_start", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reset_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("told", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("assumed", sa.Boolean, nullable=False, server_default="false"),
    )
    op.create_table(
        "levels",
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("plan", JSONB, nullable=False),
        sa.Column("planned_at", sa.TIMESTAMP(timezone=True), nullable=False),
    )
    op.add_column("streams", sa.Column("pace", JSONB))
