"""Stock of listings made elsewhere, stock that follows sales, and orders to be read alone.

Safe while polling runs: columns without or with a constant default rewrite no row, and only new workers use what is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("inventory", sa.Column("sold_at", sa.TIMESTAMP(timezone=True)))
    listings = sa.text("removed_at IS NULL AND starts_with(entity_id, 'listing:')")
    op.create_index("inventory_listings", "inventory", ["seller_id"], postgresql_where=listings)
    op.create_index("inventory_derived", "inventory", ["seller_id"], postgresql_where=sa.text("read_from = 'derived'"))
    op.add_column("orders", sa.Column("single_due", sa.Boolean, nullable=False, server_default="false"))
    op.create_index("orders_single_due", "orders", ["seller_id"], postgresql_where=sa.text("single_due"))
    op.create_table(
        "stock_due",
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("entity_id", sa.Text, primary_key=True),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
    )
    op.execute("""
        INSERT INTO streams (seller_id, stream)
        SELECT seller_id, stream FROM sellers CROSS JOIN unnest(ARRAY['listings', 'report']) AS new (stream) ON CONFLICT DO NOTHING
    """)
