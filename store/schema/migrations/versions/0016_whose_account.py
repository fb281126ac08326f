"""Whose eBay account each seller's token is: names as keyed hashes, and which token was found to be the account's.

Sellers of before are taken to be who they are, and recognized by their next orders. Safe while polling runs: new columns have constant
defaults, the id may be unknown from now on, and the new rows say nothing that workers of before read.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.alter_column("accounts", "user_id", nullable=True)
    op.add_column("accounts", sa.Column("name", sa.LargeBinary))
    op.add_column("accounts", sa.Column("eias", sa.LargeBinary))
    op.add_column("accounts", sa.Column("generation", sa.Integer, nullable=False, server_default="0"))
    op.add_column("accounts", sa.Column("refused", sa.Integer, nullable=False, server_default="0"))
    op.add_column("accounts", sa.Column("before", sa.Boolean, nullable=False, server_default="false"))
    op.add_column("accounts", sa.Column("ask_at", TIMESTAMP(timezone=True)))
    op.create_index("accounts_name", "accounts", ["name"])
    op.create_index("accounts_eias", "accounts", ["eias"])
    op.execute("""
        INSERT INTO accounts AS a (seller_id, known_at, generation, before)
        SELECT s.seller_id, clock_timestamp(), coalesce(t.generation, 0), true FROM sellers s LEFT JOIN tokens t USING (seller_id)
        ON CONFLICT (seller_id) DO UPDATE SET generation = excluded.generation, before = true
    """)
