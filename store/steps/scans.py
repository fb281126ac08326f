"""Scans: pages of a full list, each committed with its ids, so that a retry goes on where it stopped and absence can be told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from domain.pacing import Stream
from store.steps.step import StepLease

PUT_PAGE_OF_SCAN = text("""
    INSERT INTO sellerbeat.scan_pages (seller_id, stream, scan, page, ids, read_at)
    VALUES (:seller_id, :stream, :scan, :page, CAST(:ids AS text[]), :read_at)
    ON CONFLICT (seller_id, stream, scan, page) DO UPDATE SET ids = excluded.ids, read_at = excluded.read_at
""")
_SEEN = """
    WITH seen AS MATERIALIZED (
        SELECT DISTINCT unnest(ids) AS id FROM sellerbeat.scan_pages WHERE seller_id = :seller_id AND stream = :stream AND scan = :scan
    )
"""
# Listings (`listing:ITEMID`) are no SKUs of the Inventory API: no scan of it can see them.
_UNLISTED = {
    Stream.INVENTORY: """
        FROM sellerbeat.inventory e WHERE e.seller_id = :seller_id AND e.removed_at IS NULL AND e.entity_id NOT LIKE 'listing:%'
    """,
    Stream.REPORT: """
        FROM sellerbeat.inventory e WHERE e.seller_id = :seller_id AND e.removed_at IS NULL AND starts_with(e.entity_id, 'listing:')
    """,
    Stream.FULFILLMENT: "FROM sellerbeat.orders e WHERE e.seller_id = :seller_id AND e.is_open AND e.created_at >= :since",
}
ENTITIES_NOT_SEEN_BY_SCAN = {
    stream: text(f"""
        {_SEEN} SELECT e.entity_id {rows} AND NOT EXISTS (SELECT FROM seen WHERE seen.id = e.entity_id) ORDER BY e.entity_id LIMIT :limit
    """)
    for stream, rows in _UNLISTED.items()
}
COUNT_ENTITIES_SEEN_BY_SCAN = text(f"{_SEEN} SELECT count(*) FROM seen")
# Pages of scans that were given up go with it.
END_SCAN = text("""
    WITH pages AS (
        DELETE FROM sellerbeat.scan_pages WHERE seller_id = :seller_id AND stream = :stream AND scan <= :scan RETURNING scan, read_at
    )
    SELECT min(read_at) FROM pages WHERE scan = :scan
""")


def put_page(connection: Connection, step: StepLease, scan: int, page: int, ids: Sequence[str], read_at: datetime) -> None:
    """Store the ids of a page; one that is there already is replaced. `ids`: such as Postgres takes; `read_at`: eBay's clock."""
    values = {"seller_id": step.seller_id, "stream": step.stream.value, "scan": scan, "page": page}
    connection.execute(PUT_PAGE_OF_SCAN, {**values, "ids": list(ids), "read_at": read_at})


def unlisted(connection: Connection, seller_id: str, stream: Stream, scan: int, limit: int, since: datetime | None = None) -> list[str]:
    """What is stored and was on no page of a scan: SKUs for the inventory stream; for the fulfillment stream open orders created since."""
    values = {"seller_id": seller_id, "stream": stream.value, "scan": scan, "limit": limit, "since": since}
    return list(connection.execute(ENTITIES_NOT_SEEN_BY_SCAN[stream], values).scalars())


def seen(connection: Connection, step: StepLease, scan: int) -> int:
    """How many distinct entities are on the pages of a scan."""
    values = {"seller_id": step.seller_id, "stream": step.stream.value, "scan": scan}
    count: int = connection.execute(COUNT_ENTITIES_SEEN_BY_SCAN, values).scalar_one()
    return count


def end(connection: Connection, step: StepLease, scan: int) -> datetime:
    """Returns the time of the scan's first page; without pages that of the step's beginning."""
    first: datetime | None = connection.execute(END_SCAN, {"seller_id": step.seller_id, "stream": step.stream.value, "scan": scan}).scalar()
    return first or step.now
