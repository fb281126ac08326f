"""Offers: prices and quantities by marketplace, of the sellers who asked for them.

Safe while polling runs: the table is new, and the new rows of `streams` are used by new workers only.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "offers",
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("entity_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("as_of", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("read_from", sa.Text, nullable=False),
        sa.Column("removed_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("sku", sa.Text, nullable=False),
    )
    op.create_index("offers_by_sku", "offers", ["seller_id", "sku"])
    op.execute("INSERT INTO streams (seller_id, stream) SELECT seller_id, 'offers' FROM sellers ON CONFLICT DO NOTHING")
