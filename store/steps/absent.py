"""Open orders that eBay does not show any more by their ids: since when. One that is absent hours apart is over.

An unpaid order that is paid together with others becomes an order of another id, and its own is never shown again. Kept as pages of a scan
of their own, by the time when they were first absent.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from store.steps.step import StepLease

FIRST_ABSENCE_OF_ORDERS = text("""
    SELECT id, min(p.read_at) AS at FROM sellerbeat.scan_pages p CROSS JOIN LATERAL unnest(p.ids) AS id
    WHERE p.seller_id = :seller_id AND p.stream = 'absent' AND id = ANY(CAST(:ids AS text[])) GROUP BY id
""")
NEWEST_CLOSED_ORDER_BESIDES = text("""
    SELECT entity_id FROM sellerbeat.orders WHERE seller_id = :seller_id AND NOT is_open AND entity_id <> ALL(CAST(:ids AS text[]))
    ORDER BY created_at DESC NULLS LAST LIMIT 1
""")
ADD_PAGE_OF_ABSENT_ORDERS = text("""
    INSERT INTO sellerbeat.scan_pages (seller_id, stream, scan, page, ids, read_at)
    SELECT :seller_id, 'absent', :scan, coalesce(max(page) + 1, 0), CAST(:ids AS text[]), :read_at
    FROM sellerbeat.scan_pages WHERE seller_id = :seller_id AND stream = 'absent' AND scan = :scan
""")
FORGET_ABSENCE_OF_ORDERS = text("""
    UPDATE sellerbeat.scan_pages SET ids = ARRAY (SELECT unnest(ids) EXCEPT SELECT unnest(CAST(:ids AS text[])))
    WHERE seller_id = :seller_id AND stream = 'absent' AND ids && CAST(:ids AS text[])
""")
DELETE_EMPTY_PAGES_OF_ABSENT_ORDERS = text(
    "DELETE FROM sellerbeat.scan_pages WHERE seller_id = :seller_id AND stream = 'absent' AND ids = '{}'"
)
CLOSE_ORDERS = text(
    "UPDATE sellerbeat.orders SET is_open = false WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[])) AND is_open"
)


def first_absent(connection: Connection, seller_id: str, ids: Sequence[str]) -> dict[str, datetime]:
    """Since when these are absent; those that were shown the last time are not in it."""
    return {row.id: row.at for row in connection.execute(FIRST_ABSENCE_OF_ORDERS, {"seller_id": seller_id, "ids": list(ids)})}


def witness(connection: Connection, seller_id: str, ids: Sequence[str]) -> str | None:
    """Another order, whose presence in an answer tells that it is no empty one."""
    found: str | None = connection.execute(NEWEST_CLOSED_ORDER_BESIDES, {"seller_id": seller_id, "ids": list(ids)}).scalar()
    return found


def note(connection: Connection, step: StepLease, ids: Collection[str], read_at: datetime) -> None:
    """These are absent from now on."""
    if ids:
        values = {"seller_id": step.seller_id, "scan": step.epoch, "ids": sorted(ids), "read_at": read_at}
        connection.execute(ADD_PAGE_OF_ABSENT_ORDERS, values)


def forget(connection: Connection, step: StepLease, ids: Collection[str], over: Collection[str]) -> None:
    """These are absent no more, or `over`: closed, as they are."""
    if over:
        connection.execute(CLOSE_ORDERS, {"seller_id": step.seller_id, "ids": sorted(over)})
    if gone := {*ids, *over}:
        connection.execute(FORGET_ABSENCE_OF_ORDERS, {"seller_id": step.seller_id, "ids": sorted(gone)})
        connection.execute(DELETE_EMPTY_PAGES_OF_ABSENT_ORDERS, {"seller_id": step.seller_id})
