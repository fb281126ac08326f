"""An order number, line item, item id or SKU, looked up across all sellers: by an index each (store/schema/indexes.py), a few rows of each.

A parcel's own id is its tracking number, which leads to a buyer's door: parcels are found by their order alone. What stands inside
documents is not searched.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, text

from store.schema.errors import translated

LISTING = "listing:"  # before the item id, in the entity's id
LAST_LETTER = "\U0010ffff"  # stands behind all that may follow
# By bytes, whatever the database's collation: the exact one comes first, and what begins with it follows.
_BEGINS = "{column} ~>=~ :{text} AND {column} ~<~ :{text}_end ORDER BY {column} USING ~<~"
_NUMBERS = f"""
    SELECT seller_id, entity_id, as_of, removed_at FROM sellerbeat.orders
    WHERE {_BEGINS.format(column="entity_id", text="text")} LIMIT :limit
"""
_ORDERS = (
    f"SELECT 'order' AS kind, 'order number' AS by, entity_id AS value, seller_id, entity_id, as_of, removed_at FROM ({_NUMBERS}) AS n"
)
_PARCELS = f"""
    SELECT 'fulfillment', 'order number', n.entity_id, n.seller_id, n.entity_id, max(f.as_of),
        CASE WHEN bool_and(f.removed_at IS NOT NULL) THEN max(f.removed_at) END
    FROM ({_NUMBERS}) AS n JOIN sellerbeat.fulfillments f ON f.seller_id = n.seller_id AND f.order_id = n.entity_id
    GROUP BY n.seller_id, n.entity_id
"""
# Several lines of one order are one; those that were sold last come first.
_SOLD = """
    SELECT DISTINCT 'order', '{by}', l.value, l.seller_id, l.order_id, o.as_of, o.removed_at
    FROM (SELECT seller_id, order_id, {column} AS value FROM sellerbeat.sold_lines WHERE {begins} LIMIT :limit) AS l
    JOIN sellerbeat.orders o ON o.seller_id = l.seller_id AND o.entity_id = l.order_id
"""
_STOCK = """
    SELECT CASE WHEN is_listing THEN 'listing' ELSE 'inventory' END, CASE WHEN is_listing THEN 'item id' ELSE 'SKU' END,
        CASE WHEN is_listing THEN substr(entity_id, 9) ELSE entity_id END, seller_id, entity_id, as_of, removed_at
    FROM (SELECT starts_with(entity_id, 'listing:') AS is_listing, seller_id, entity_id, as_of, removed_at
        FROM sellerbeat.inventory WHERE {begins} LIMIT :limit) AS s
"""
_OFFERS = f"""
    (SELECT 'offer', 'SKU', sku, seller_id, entity_id, as_of, removed_at FROM sellerbeat.offers
    WHERE {_BEGINS.format(column="sku", text="text")} LIMIT :limit)
"""


def _sold(by: str, column: str, order: str = "") -> str:
    return _SOLD.format(by=by, column=column, begins=_BEGINS.format(column=column, text="text") + order)


FIND_ENTITIES = text(
    " UNION ALL ".join(
        (
            _ORDERS,
            _PARCELS,
            _sold("line item", "line_item_id"),
            _sold("item id", "item_id", ", sold_at DESC"),
            _sold("SKU", "sku", ", sold_at DESC"),
            *(_STOCK.format(begins=_BEGINS.format(column="entity_id", text=name)) for name in ("text", "listing")),
            _OFFERS,
        )
    )
)


class FoundEntity(NamedTuple):
    """One of a seller's entities, and by what it was found. `entity_id`: of parcels their order's."""

    kind: str
    by: str
    value: str
    seller_id: str
    entity_id: str
    as_of: datetime
    removed_at: datetime | None


class EntityFinder:
    """One statement a search; locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def find(self, begins: str, limit: int) -> list[FoundEntity]:
        """What has this for an id, or begins with it: of each kind and id so many at most, in no order. Letters' case counts."""
        listing = LISTING + begins
        values = {"text": begins, "text_end": begins + LAST_LETTER, "listing": listing, "listing_end": listing + LAST_LETTER}
        with translated(), self._single.connect() as connection:
            rows = connection.execute(FIND_ENTITIES, {**values, "limit": limit})
            return list(dict.fromkeys(FoundEntity(*row) for row in rows))
