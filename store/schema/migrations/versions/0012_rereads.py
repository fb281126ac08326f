"""Orders whose parcels, or which alone, are to be read again, since eBay's answer cannot be the last word.

Safe while polling runs: the table is new, and workers of before read what is due as they did.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "rereads",
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("said_at", TIMESTAMP(timezone=True)),
        sa.Column("source", sa.Text, nullable=False, server_default="poll"),
    )
    op.create_index("rereads_due", "rereads", ["seller_id", "what", "due_at"])
