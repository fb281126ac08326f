"""Who saw a change, and when; how each seller is watched. Why: `reconcile` compares polling with notifications before one relies on them.

Safe while polling runs: both tables are new, and a seller without a row in `modes` is polled as before.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "0010"
down_revision = "0009"


def _time(name: str, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "modes",
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("mode", sa.Text, nullable=False),
        _time("since", nullable=False),
        _time("watched_since", nullable=False),
        _time("notified_at"),
        _time("compared_at"),
        sa.Column("comparison", JSONB),
        sa.Column("orders", sa.Integer, nullable=False, server_default="0"),
        sa.Column("polls_first", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "sightings",
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("entity_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("types", ARRAY(sa.Text), nullable=False),
        _time("occurred_at", nullable=False),
        sa.Column("topic", sa.Text),
        sa.Column("first_by", sa.Text, nullable=False),
        _time("first_at", nullable=False),
        _time("first_told_at"),
        _time("other_at"),
        _time("other_told_at"),
        sa.Column("other_version", sa.BigInteger),
    )
    op.create_index(
        "sightings_open", "sightings", ["seller_id", "first_by", "kind", "entity_id"], postgresql_where=sa.text("other_at IS NULL")
    )
    op.create_index("sightings_by_time", "sightings", ["seller_id", "first_at"])
