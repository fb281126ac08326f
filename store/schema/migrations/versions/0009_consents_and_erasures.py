"""Sellers' consents by a link, whose account is whose, and the erasure of users who left eBay.

Safe while polling runs: the tables are new. The indexes that erasures need are made by `store/schema/indexes.py`, without a lock.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("known_at", sa.TIMESTAMP(timezone=True), nullable=False),
    )
    op.create_index("accounts_user", "accounts", ["user_id"], unique=True)
    op.create_table(
        "consents",
        sa.Column("nonce", sa.Text, primary_key=True),
        sa.Column("seller_id", sa.Text, nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("code", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary),
    )
    op.create_index("consents_by_seller", "consents", ["seller_id"])
    op.create_table("secrets", sa.Column("name", sa.Text, primary_key=True), sa.Column("sealed", sa.LargeBinary, nullable=False))
    op.create_table(
        "deletions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("person", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("look_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("looks", sa.Integer, nullable=False, server_default="0"),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("counts", JSONB, nullable=False),
    )
    op.create_index("deletions_name", "deletions", ["name"])
    op.create_index("deletions_due", "deletions", ["look_at"], postgresql_where=sa.text("look_at IS NOT NULL"))
    op.create_index("deletions_asked", "deletions", ["asked_at"])
    op.create_table(
        "erased_orders",
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("entity_id", sa.Text, primary_key=True),
    )
