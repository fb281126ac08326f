"""Sellers' consents by a link, whose account is whose, and the erasure of users who left eBay.

Safe while polling runs: the tables are new. The indexes that erasures need are made by `store/indexes.py`, without a lock.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"


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
