"""Endpoints, how far each is told of each seller, what is to be sent again, and the log of the attempts.

Safe while polling runs: new tables alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0006"
TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "endpoints",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("types", ARRAY(sa.Text), nullable=False),
        sa.Column("seller_id", sa.Text),
        sa.Column("thin", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("off_at", TIME),
        sa.Column("off_reason", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failing_since", TIME),
        sa.Column("probed_at", TIME),
    )
    op.create_table(
        "endpoint_secrets",
        sa.Column("endpoint_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "delivery_lanes",
        sa.Column("endpoint_id", sa.Text, primary_key=True),
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failing_since", TIME),
        sa.Column("retry_at", TIME),
        sa.Column("tell_at", TIME),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("delivery_lanes_by_seller", "delivery_lanes", ["seller_id"])
    op.create_table(
        "redeliveries",
        sa.Column("endpoint_id", sa.Text, primary_key=True),
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    op.create_index("redeliveries_by_seller", "redeliveries", ["seller_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("endpoint_id", sa.Text, nullable=False),
        sa.Column("seller_id", sa.Text),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("replayed", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("kind", sa.Text),
        sa.Column("took_ms", sa.Integer, nullable=False),
    )
    op.create_index("deliveries_by_endpoint", "deliveries", ["endpoint_id", "id"])
    op.create_index("deliveries_by_seller", "deliveries", ["seller_id", "id"])
    op.create_index("deliveries_by_time", "deliveries", ["at"], postgresql_using="brin")
