"""Listings that the Inventory API does not see: what is stored of them, and which of them it sees after all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, TextClause, text

from domain.changes.backing import backed, skus, skus_of
from domain.changes.listings import entity_id
from domain.changes.model import Document
from domain.pacing import Stream
from store.schema.errors import translated
from store.steps import scans

PREFIX = "listing:"  # of an entity's id; the rest is eBay's item id
LISTING = f"removed_at IS NULL AND starts_with(entity_id, '{PREFIX}')"
SKU = f"removed_at IS NULL AND NOT starts_with(entity_id, '{PREFIX}')"

STORED_SKUS_AMONG_IDS = text(
    f"SELECT entity_id FROM sellerbeat.inventory WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[])) AND {SKU}"
)
STORED_LISTINGS_AMONG_IDS = text("""
    SELECT entity_id, data, read_from FROM sellerbeat.inventory
    WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[])) AND removed_at IS NULL
""")
HAS_LISTINGS = text(f"SELECT EXISTS (SELECT FROM sellerbeat.inventory WHERE seller_id = :seller_id AND {LISTING})")
HAS_SKUS = text(f"SELECT EXISTS (SELECT FROM sellerbeat.inventory WHERE seller_id = :seller_id AND {SKU})")
# Listings all of whose SKUs the scan of the Inventory API has by now.
LISTINGS_BACKED_BY_SKUS = text(f"""
    SELECT l.entity_id FROM sellerbeat.inventory l
    CROSS JOIN LATERAL (
        SELECT CASE WHEN jsonb_typeof(l.data -> 'variations') = 'array' AND l.data -> 'variations' <> '[]'
            THEN l.data -> 'variations' ELSE jsonb_build_array(l.data) END AS rows
    ) AS made_of
    WHERE l.seller_id = :seller_id AND l.removed_at IS NULL AND starts_with(l.entity_id, '{PREFIX}') AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(made_of.rows) AS row (it) WHERE NOT EXISTS (
            SELECT FROM sellerbeat.inventory WHERE seller_id = :seller_id AND entity_id = row.it ->> 'sku' AND {SKU}
        )
    )
    ORDER BY l.entity_id LIMIT :limit
""")
NEIGHBOURS_OF_LISTINGS_STREAM = text("""
    SELECT own.last_good_at, own.cursor, inventory.last_change_at, inventory.scanned_at, report.reading IS NOT NULL AS reported,
        coalesce(inventory.last_error, '') LIKE 'AccessDeniedError%' AS denied,
        inventory.next_poll_at AS inventory_at
    FROM sellerbeat.streams own
    JOIN sellerbeat.streams inventory ON inventory.seller_id = own.seller_id AND inventory.stream = 'inventory'
    JOIN sellerbeat.streams report ON report.seller_id = own.seller_id AND report.stream = 'report'
    WHERE own.seller_id = :seller_id AND own.stream = 'listings'
""")


@dataclass(frozen=True, slots=True)
class StoredListing:
    """A stored listing that is not removed."""

    data: Document
    derived: bool  # an earlier version told it from a sale, and no reading has shown it since


@dataclass(frozen=True, slots=True)
class Neighbours:
    """How the streams stand that a listing depends on."""

    cursor: datetime | None  # of the listings: read up to here
    scanned: bool  # a scan of the Inventory API was complete once
    denied: bool  # the consent does not cover it
    reported: bool  # a report is being read
    inventory_at: datetime | None  # when the Inventory API is looked at next
    stock_moved: bool  # the Inventory API told of changes since the listings were last polled


class Listings:
    """Questions without a fence: what is done about the answers is."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def unasked(self, seller_id: str, documents: Sequence[Document]) -> list[list[str]]:
        """SKUs of listings that are new or changed and may belong to the Inventory API: for each listing those that no scan has seen."""
        own = [(id_, one) for one in documents if (id_ := entity_id(one)) and skus(one)]
        if not own:
            return []
        with translated(), self._single.connect() as connection:
            stored = _stored(connection, seller_id, [id_ for id_, _ in own])
            news = [one for id_, one in own if id_ not in stored or stored[id_].data != one]
            known = inventory_skus(connection, seller_id, skus_of(news))
        return [missing for one in news if (missing := [sku for sku in skus(one) or () if sku not in known])]

    def stored(self, seller_id: str, ids: Sequence[str]) -> dict[str, StoredListing]:
        """What is stored of these listings, by id; removed ones are not."""
        with translated(), self._single.connect() as connection:
            return _stored(connection, seller_id, ids)

    def not_backed(self, seller_id: str, documents: Sequence[Document]) -> list[Document]:
        """Those of these listings that the Inventory API does not see."""
        with translated(), self._single.connect() as connection:
            known = inventory_skus(connection, seller_id, skus_of(documents))
        return [one for one in documents if not backed(one, known)]

    def any(self, seller_id: str) -> bool:
        """Whether the seller has listings outside of the Inventory API."""
        return self._one(HAS_LISTINGS, seller_id)

    def any_sku(self, seller_id: str) -> bool:
        """Whether the seller has SKUs in the Inventory API."""
        return self._one(HAS_SKUS, seller_id)

    def backed(self, seller_id: str, limit: int) -> list[str]:
        """Stored listings that the Inventory API sees by now."""
        with translated(), self._single.connect() as connection:
            return list(connection.execute(LISTINGS_BACKED_BY_SKUS, {"seller_id": seller_id, "limit": limit}).scalars())

    def unlisted(self, seller_id: str, scan: int, limit: int) -> list[str]:
        """Stored listings that were on no page of a scan of the report stream."""
        with translated(), self._single.connect() as connection:
            return scans.unlisted(connection, seller_id, Stream.REPORT, scan, limit)

    def neighbours(self, seller_id: str) -> Neighbours:
        """For a seller who is enrolled: their streams have rows. `cursor` is eBay's clock, `inventory_at` ours."""
        with translated(), self._single.connect() as connection:
            row = connection.execute(NEIGHBOURS_OF_LISTINGS_STREAM, {"seller_id": seller_id}).one()
        moved = row.last_change_at is not None and (row.last_good_at is None or row.last_change_at > row.last_good_at)
        return Neighbours(row.cursor, row.scanned_at is not None, row.denied, row.reported, row.inventory_at, moved)

    def _one(self, statement: TextClause, seller_id: str) -> bool:
        with translated(), self._single.connect() as connection:
            return bool(connection.execute(statement, {"seller_id": seller_id}).scalar())


def inventory_skus(connection: Connection, seller_id: str, ids: Sequence[str]) -> set[str]:
    """Those of these SKUs that the Inventory API has, as far as it was read."""
    return set(connection.execute(STORED_SKUS_AMONG_IDS, {"seller_id": seller_id, "ids": list(ids)}).scalars()) if ids else set()


def _stored(connection: Connection, seller_id: str, ids: Sequence[str]) -> dict[str, StoredListing]:
    found = connection.execute(STORED_LISTINGS_AMONG_IDS, {"seller_id": seller_id, "ids": list(ids)})
    return {row.entity_id: StoredListing(row.data, row.read_from == "derived") for row in found}
