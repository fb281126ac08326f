"""Sales as facts, stock as read. Why: stock that was derived from orders told figures that eBay never showed.

`sold_lines` has every line once, so that `inventory.sold` is told once; lines of stored orders are marked as not to be told any more.
Listings whose figures were derived are due to be read. Safe while polling runs: columns without or with a constant default rewrite no row.
On large installations the lines of all orders since each enrolment are copied, some 20 s a million orders.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "sold_lines",
        sa.Column("seller_id", sa.Text, primary_key=True),
        sa.Column("line_item_id", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("sku", sa.Text),
        sa.Column("item_id", sa.Text),
        sa.Column("aspects", JSONB, nullable=False, server_default="[]"),
        sa.Column("quantity", sa.Integer),
        sa.Column("sold_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("told", sa.Boolean, nullable=False, server_default="true"),
    )
    op.create_index(
        "sold_lines_by_item", "sold_lines", ["seller_id", "item_id", "sold_at"], postgresql_where=sa.text("item_id IS NOT NULL")
    )
    op.create_index("sold_lines_by_sku", "sold_lines", ["seller_id", "sku", "sold_at"], postgresql_where=sa.text("sku IS NOT NULL"))
    op.add_column("inventory", sa.Column("counts", JSONB))
    op.add_column("streams", sa.Column("replaced_at", TIMESTAMP(timezone=True)))
    for name in ("moved_at", "held_at", "asked_at"):
        op.add_column("stock_due", sa.Column(name, TIMESTAMP(timezone=True)))
    op.add_column("stock_due", sa.Column("sure", sa.Boolean, nullable=False, server_default="true"))
    op.execute("""
        INSERT INTO sold_lines (seller_id, line_item_id, order_id, sku, item_id, aspects, quantity, sold_at, told)
        SELECT o.seller_id, line.id, o.entity_id,
            CASE WHEN length(it ->> 'sku') BETWEEN 1 AND 500 AND jsonb_typeof(it -> 'sku') = 'string' THEN it ->> 'sku' END,
            CASE WHEN length(it ->> 'legacyItemId') BETWEEN 1 AND 500 AND jsonb_typeof(it -> 'legacyItemId') = 'string'
                THEN it ->> 'legacyItemId' END,
            coalesce((
                SELECT jsonb_agg(jsonb_build_array(aspect -> 'name', aspect -> 'value'))
                FROM jsonb_array_elements(CASE WHEN jsonb_typeof(it -> 'variationAspects') = 'array'
                    THEN it -> 'variationAspects' ELSE '[]' END) AS one (aspect)
                WHERE jsonb_typeof(aspect) = 'object'
            ), '[]'),
            CASE WHEN jsonb_typeof(it -> 'quantity') = 'number' AND it ->> 'quantity' ~ '^[1-9][0-9]{0,8}$'
                THEN CAST(it ->> 'quantity' AS integer) END,
            coalesce(o.created_at, o.as_of), false
        FROM orders o
        JOIN sellers s ON s.seller_id = o.seller_id AND coalesce(o.created_at, o.as_of) >= s.enrolled_at
        CROSS JOIN LATERAL jsonb_array_elements(
            CASE WHEN jsonb_typeof(o.data -> 'lineItems') = 'array' THEN o.data -> 'lineItems' ELSE '[]' END
        ) AS row (it)
        CROSS JOIN LATERAL (SELECT it ->> 'lineItemId' AS id) AS line
        WHERE jsonb_typeof(it) = 'object' AND jsonb_typeof(it -> 'lineItemId') IN ('string', 'number') AND length(line.id) BETWEEN 1 AND 500
        ON CONFLICT DO NOTHING
    """)
    op.execute("""
        INSERT INTO stock_due (seller_id, entity_id, due_at, moved_at)
        SELECT seller_id, entity_id, coalesce(sold_at, as_of), coalesce(sold_at, as_of) FROM inventory
        WHERE read_from = 'derived' AND removed_at IS NULL
        ON CONFLICT DO NOTHING
    """)
