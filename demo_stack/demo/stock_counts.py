"""How much each seller has in stock: counted by Postgres, and no more often than it can bear.

Pieces are counted twice: as they were last read, and as they are expected to be by now.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import text

from demo_stack.demo.picture import Counts
from domain.changes.model import Kind
from store import Store
from store.reading.snapshots import SNAPSHOT_OF_SELLER, expected_of

SHARE = 0.05  # of the time may go into counting
COUNTS = text("""
    SELECT s.seller_id, stock.*,
        (SELECT count(*) FROM sellerbeat.orders o WHERE o.seller_id = s.seller_id AND o.is_open) AS open_orders,
        (SELECT count(*) FROM sellerbeat.fulfillments f WHERE f.seller_id = s.seller_id AND f.removed_at IS NULL) AS parcels
    FROM sellerbeat.sellers s CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE NOT listed) AS skus, count(*) FILTER (WHERE listed) AS listings,
            coalesce(sum(greatest(available, 0)), 0) AS on_sale, count(*) FILTER (WHERE available <= 0) AS sold_out
        FROM (
            SELECT listed, CASE WHEN jsonb_typeof(count) = 'number' THEN CAST(count AS numeric) END AS available
            FROM (
                SELECT starts_with(entity_id, 'listing:') AS listed,
                    coalesce(data -> 'available', data #> '{availability,shipToLocationAvailability,quantity}') AS count
                FROM sellerbeat.inventory i WHERE i.seller_id = s.seller_id AND i.removed_at IS NULL
            ) AS read
        ) AS counted
    ) AS stock
    WHERE s.removed_at IS NULL ORDER BY s.seller_id
""")
STOCK_OF_DUE_SELLER = SNAPSHOT_OF_SELLER[Kind.INVENTORY][0].text.replace(":seller_id", "d.seller_id")
# Of what orders moved and no reading has shown since, what a snapshot says.
MOVED = text(f"""
    SELECT d.seller_id, stock.* FROM sellerbeat.stock_due d CROSS JOIN LATERAL (
        SELECT * FROM ({STOCK_OF_DUE_SELLER}) AS rows WHERE entity_id = d.entity_id
    ) AS stock
""")


@dataclass(frozen=True)
class Stock(Counts):
    """What a seller has, and what should be left of it."""

    sold_since: int = 0  # pieces that orders took since they were last read

    @property
    def expected(self) -> int:
        return max(self.on_sale - self.sold_since, 0)


class StockCounter:
    def __init__(self, store: Store) -> None:
        self._single = store.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.counts: dict[str, Counts] = {}
        self._again = 0.0

    def read(self) -> dict[str, Counts]:
        """By seller. Raises SQLAlchemy's errors."""
        began = time.monotonic()
        if began >= self._again:
            with self._single.connect() as connection:
                rows = connection.execute(COUNTS).all()
                moved = connection.execute(MOVED).all()
            sold = Counter[str]()
            for row in moved:
                sold[row.seller_id] += sum(sale["quantity"] for sale in (expected_of(row) or {"sales": []})["sales"])
            self.counts = {
                row.seller_id: Stock(
                    row.skus, row.listings, int(row.on_sale), row.sold_out, row.open_orders, row.parcels, sold[row.seller_id]
                )
                for row in rows
            }
            self._again = time.monotonic() + (time.monotonic() - began) / SHARE
        return self.counts
