"""Which parts of eBay are down for everybody, since when a stream fails, and what processes leave for later ones.

Safe while polling runs: the tables are new and the column may be null. Workers of before poll on, which the breaker does not see.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0014"
down_revision = "0013"

TIMES = ("doubted_at", "good_at", "since", "opened_at", "closed_at", "probe_at")


def upgrade() -> None:
    op.create_table(
        "breakers",
        sa.Column("resource", sa.Text, primary_key=True),
        *(sa.Column(name, TIMESTAMP(timezone=True)) for name in TIMES),
        sa.Column("every_s", sa.Integer, nullable=False, server_default="30"),
        sa.Column("sellers", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text),
    )
    op.create_table("marks", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
    op.add_column("streams", sa.Column("failing_since", TIMESTAMP(timezone=True)))
