"""eBay's notifications as they came in: what to read, and whether it was read. Why: kept before eBay gets its 2xx, so none is lost.

Safe while polling runs: a new table alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    time = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "notifications",
        sa.Column("notification_id", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("seller_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("order_ids", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("listing_ids", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("received_at", time, nullable=False),
        sa.Column("happened_at", time),
        sa.Column("published_at", time),
        sa.Column("copies", sa.Integer, nullable=False, server_default="1"),
        sa.Column("asks", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", time),
        sa.Column("woken_at", time),
        sa.Column("wakes", sa.Integer, nullable=False, server_default="0"),
        sa.Column("ended_at", time),
        sa.Column("person", sa.LargeBinary),
    )
    pending = sa.text("state = 'pending'")
    op.create_index("notifications_pending", "notifications", ["seller_id"], postgresql_where=pending)
    op.create_index("notifications_by_seller", "notifications", ["seller_id", "received_at"])
    op.create_index("notifications_by_time", "notifications", ["received_at"])
