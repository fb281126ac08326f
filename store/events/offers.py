"""Offers: whose turn it is to be read, what is stored of a SKU, and where two stocks of one SKU differ."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from domain.changes.model import Stored
from store.schema.errors import translated
from store.schema.times import iso

# A SKU that is gone is asked for once more while it has offers, so that these are told to be gone too.
SKUS = """
    SELECT entity_id AS sku FROM sellerbeat.inventory
    WHERE seller_id = :seller_id AND removed_at IS NULL AND NOT starts_with(entity_id, 'listing:') AND entity_id > :after
    UNION SELECT sku FROM sellerbeat.offers WHERE seller_id = :seller_id AND removed_at IS NULL AND sku > :after
"""
NEXT_SKUS_OF_ROUND = text(f"{SKUS} ORDER BY sku LIMIT :limit")
COUNT_SKUS_OF_ROUND = text(f"SELECT count(*) FROM ({SKUS}) AS skus")
# By id too: an offer may be stored under another SKU.
STORED_OFFERS = text("""
    SELECT entity_id, version, data, NULL AS modified_at, removed_at IS NOT NULL AS removed, sku = :sku AS own
    FROM sellerbeat.offers WHERE seller_id = :seller_id AND (sku = :sku OR entity_id = ANY(CAST(:ids AS text[])))
""")
MARK_OFFERS_VERIFIED = text("""
    UPDATE sellerbeat.offers SET as_of = greatest(as_of, :read_at), sku = :sku
    WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[]))
""")
# eBay sells the lesser of an item's quantity and its offer's (eBay docs: availableQuantity): an offer may have less than the item, but
# not more, and the offer's listing has that lesser one.
DIFFERENCES_OF_STOCK = text("""
    WITH items AS (
        SELECT entity_id AS sku, read_from,
            greatest(as_of, (SELECT scanned_at FROM sellerbeat.streams WHERE seller_id = :seller_id AND stream = 'inventory')) AS as_of,
            CASE WHEN jsonb_typeof(data #> '{availability,shipToLocationAvailability,quantity}') = 'number'
                THEN (data #> '{availability,shipToLocationAvailability,quantity}')::numeric END AS quantity
        FROM sellerbeat.inventory WHERE seller_id = :seller_id AND removed_at IS NULL AND NOT starts_with(entity_id, 'listing:')
    ), offered AS (
        SELECT sku, entity_id, as_of, read_from, data #>> '{listing,listingId}' AS item_id,
            CASE WHEN jsonb_typeof(data -> 'availableQuantity') = 'number' THEN (data -> 'availableQuantity')::numeric END AS quantity
        FROM sellerbeat.offers WHERE seller_id = :seller_id AND removed_at IS NULL
    ), listings AS (
        SELECT entity_id, as_of, read_from, data, data ->> 'itemId' AS item_id,
            CASE WHEN jsonb_typeof(data -> 'variations') = 'array' AND data -> 'variations' <> '[]' THEN data -> 'variations'
                ELSE jsonb_build_array(data) END AS rows
        FROM sellerbeat.inventory WHERE seller_id = :seller_id AND removed_at IS NULL AND starts_with(entity_id, 'listing:')
    ), listed AS (
        SELECT one ->> 'sku' AS sku, entity_id, as_of, read_from, item_id,
            CASE WHEN jsonb_typeof(one -> 'available') = 'number' THEN (one -> 'available')::numeric END AS quantity
        FROM listings CROSS JOIN LATERAL jsonb_array_elements(rows) AS one
    )
    SELECT i.sku, i.quantity AS item_quantity, i.as_of AS item_as_of, i.read_from AS item_read_from, o.entity_id, o.quantity, o.as_of,
        o.read_from
    FROM items i JOIN offered o USING (sku) WHERE o.quantity > i.quantity
    UNION ALL
    SELECT i.sku, i.quantity, i.as_of, i.read_from, l.entity_id, l.quantity, l.as_of, l.read_from
    FROM items i JOIN listed l USING (sku) LEFT JOIN offered o ON o.sku = i.sku AND o.item_id = l.item_id
    WHERE l.quantity <> least(i.quantity, o.quantity)
    ORDER BY 1, 5
""")


class Offers:
    """Questions of the round through the offers, and of people. Locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def skus(self, seller_id: str, after: str, limit: int) -> list[str]:
        """SKUs behind this one, in the order of the round."""
        with translated(), self._single.connect() as connection:
            return list(connection.execute(NEXT_SKUS_OF_ROUND, {"seller_id": seller_id, "after": after, "limit": limit}).scalars())

    def count(self, seller_id: str) -> int:
        """How many SKUs a round has."""
        with translated(), self._single.connect() as connection:
            count: int = connection.execute(COUNT_SKUS_OF_ROUND, {"seller_id": seller_id, "after": ""}).scalar_one()
            return count

    def differences(self, seller_id: str) -> list[dict[str, Any]]:
        """Where a SKU's quantity and an offer's or a listing's contradict each other: both figures, each with its source and its time."""
        with translated(), self._single.connect() as connection:
            rows = [dict(row) for row in connection.execute(DIFFERENCES_OF_STOCK, {"seller_id": seller_id}).mappings()]
        return [{**row, "item_as_of": iso(row["item_as_of"]), "as_of": iso(row["as_of"])} for row in rows]


def stored(connection: Connection, seller_id: str, sku: str, ids: Sequence[str]) -> tuple[dict[str, Stored], set[str]]:
    """What is stored under these ids and of this SKU, and which of it is the SKU's."""
    rows = connection.execute(STORED_OFFERS, {"seller_id": seller_id, "sku": sku, "ids": list(ids)}).all()
    return {row.entity_id: Stored(*row[:5]) for row in rows}, {row.entity_id for row in rows if row.own}


def mark_verified(connection: Connection, seller_id: str, sku: str, ids: Sequence[str], read_at: datetime) -> None:
    """These offers of the SKU came as they are stored."""
    if ids:
        connection.execute(MARK_OFFERS_VERIFIED, {"seller_id": seller_id, "sku": sku, "ids": list(ids), "read_at": read_at})
