"""Stock that is to be read, and what became of it: due marks, readings and their times, sales that the last reading need not hold.

Every statement here is for stock that orders moved or that was read: a quiet poll runs none of them but `LISTINGS_DUE`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from domain.changes.expected import Counts, Sale, counted, expected
from domain.changes.model import Document
from domain.changes.readings import LastReading
from domain.changes.sales import pairs
from domain.waits import EBAYS, Waits

SCAN_OF_SELLER = text("SELECT scanned_at FROM sellerbeat.streams WHERE seller_id = :seller_id AND stream = 'inventory'")
# Of two marks the earlier time to read and the later move stand.
MARK_STOCK_DUE = text("""
    INSERT INTO sellerbeat.stock_due AS t (seller_id, entity_id, due_at, moved_at, held_at)
    SELECT :seller_id, * FROM unnest(
        CAST(:ids AS text[]), CAST(:due AS timestamptz[]), CAST(:moved AS timestamptz[]), CAST(:held AS timestamptz[])
    )
    ON CONFLICT (seller_id, entity_id) DO UPDATE SET due_at = least(t.due_at, excluded.due_at),
        moved_at = greatest(t.moved_at, excluded.moved_at), held_at = coalesce(t.held_at, excluded.held_at)
    RETURNING entity_id, asked_at IS NOT NULL AS asked
""")
# A reading that may not show the latest move yet is followed by another one.
SETTLE_STOCK_READ = text("""
    WITH shown AS (
        DELETE FROM sellerbeat.stock_due WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[]))
            AND (NOT starts_with(entity_id, 'listing:') OR moved_at IS NULL OR moved_at + :lag <= :read_at)
        RETURNING entity_id
    )
    UPDATE sellerbeat.stock_due SET due_at = greatest(moved_at + :share, :read_at), held_at = NULL, asked_at = NULL
    WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[])) AND entity_id NOT IN (SELECT entity_id FROM shown)
""")
CLEAR_STOCK_DUE = text("DELETE FROM sellerbeat.stock_due WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[]))")
LEAVE_LISTING_TO_REPORT = text("""
    INSERT INTO sellerbeat.stock_due (seller_id, entity_id, due_at, asked_at) VALUES (:seller_id, :entity_id, :at, :at)
    ON CONFLICT (seller_id, entity_id) DO UPDATE SET asked_at = excluded.asked_at
""")
FORGET_LISTINGS_ASKED_FOR = text("DELETE FROM sellerbeat.stock_due WHERE seller_id = :seller_id AND asked_at IS NOT NULL")
NEXT_LISTING_DUE_AT = text("""
    SELECT min(due_at) FROM sellerbeat.stock_due WHERE seller_id = :seller_id AND starts_with(entity_id, 'listing:') AND asked_at IS NULL
""")
SKUS_DUE = text("""
    SELECT entity_id FROM sellerbeat.stock_due WHERE seller_id = :seller_id AND NOT starts_with(entity_id, 'listing:')
    ORDER BY due_at, entity_id LIMIT :limit
""")
# What a reading found is as old as that reading, changed or not.
NOTE_STOCK_READING = text("""
    UPDATE sellerbeat.inventory i SET as_of = greatest(i.as_of, :read_at), read_from = :read_from, counts = coalesce(given.counts, i.counts)
    FROM unnest(CAST(:ids AS text[]), CAST(:counts AS jsonb[])) AS given (entity_id, counts)
    WHERE i.seller_id = :seller_id AND i.entity_id = given.entity_id AND i.removed_at IS NULL
""")
# Of rows that a version before 0011 derived from a sale: a report from before that sale tells nothing of it.
MARK_DERIVED_LISTINGS_VERIFIED = text("""
    UPDATE sellerbeat.inventory SET as_of = greatest(as_of, :read_at), read_from = 'report'
    WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[]))
        AND read_from = 'derived' AND coalesce(sold_at, as_of) + :lag <= :read_at
    RETURNING entity_id
""")
LAST_READINGS_OF_LISTINGS = text("""
    SELECT i.entity_id, i.as_of, i.read_from = 'item' AS alone, i.data -> 'quantitySold' AS sold, d.held_at,
        (SELECT max(sold_at) FROM sellerbeat.sold_lines l WHERE l.seller_id = i.seller_id AND l.item_id = substr(i.entity_id, 9)) AS sold_at
    FROM sellerbeat.inventory i LEFT JOIN sellerbeat.stock_due d ON d.seller_id = i.seller_id AND d.entity_id = i.entity_id
    WHERE i.seller_id = :seller_id AND i.entity_id = ANY(CAST(:ids AS text[]))
""")
# Which known sales the last reading of a row `e` need not hold; `as_of`: an expression for its time; `lag`: those from so long before, too.
NO_LAG = "'0 s'"
SALES = """
    SELECT jsonb_agg(jsonb_build_array(order_id, line_item_id, sku, aspects, quantity, sold_at, EXISTS (
        SELECT FROM sellerbeat.orders o
        WHERE o.seller_id = e.seller_id AND o.entity_id = order_id AND o.data #>> '{{cancelStatus,cancelState}}' = 'CANCELED'
    ))) AS sales
    FROM (
        SELECT * FROM sellerbeat.sold_lines l WHERE starts_with(e.entity_id, 'listing:') AND l.seller_id = e.seller_id
            AND l.item_id = substr(e.entity_id, 9) AND l.sold_at > coalesce(
                (SELECT min(CAST(one ->> 'at' AS timestamptz)) FROM jsonb_each(e.counts) AS c (key, one)), {as_of}
            ) - CAST({lag} AS interval)
        UNION ALL
        SELECT * FROM sellerbeat.sold_lines l WHERE NOT starts_with(e.entity_id, 'listing:') AND l.seller_id = e.seller_id
            AND l.sku = e.entity_id AND l.sold_at > {as_of}
    ) AS known WHERE quantity IS NOT NULL
"""
COUNTS_AND_SALES_OF_LISTINGS = text(f"""
    SELECT e.entity_id, e.counts, s.sales FROM sellerbeat.inventory e
    LEFT JOIN LATERAL ({SALES.format(as_of=":read_at", lag=":lag")}) AS s ON true
    WHERE e.seller_id = :seller_id AND e.entity_id = ANY(CAST(:ids AS text[]))
""")
# Not those that eBay was asked for already: they are left to the daily report.
LISTINGS_DUE = text(f"""
    SELECT d.entity_id, d.held_at IS NOT NULL AS held, e.entity_id IS NOT NULL AS known, coalesce(e.read_from, '') = 'derived' AS derived,
        e.data, e.counts, greatest(e.as_of, :read_to) AS as_of, s.sales
    FROM sellerbeat.stock_due d
    LEFT JOIN sellerbeat.inventory e ON e.seller_id = d.seller_id AND e.entity_id = d.entity_id AND e.removed_at IS NULL
    LEFT JOIN LATERAL ({SALES.format(as_of="greatest(e.as_of, :read_to)", lag=NO_LAG)}) AS s ON true
    WHERE d.seller_id = :seller_id AND starts_with(d.entity_id, 'listing:') AND d.asked_at IS NULL AND d.due_at <= :now
    ORDER BY d.due_at, d.entity_id LIMIT :limit
""")


class ListingDue(NamedTuple):
    """A listing that is due to be read."""

    entity_id: str
    known: bool  # it is stored
    unshown: bool  # no list can be expected to show it: it is unknown, or what is stored of it is not what eBay showed last


def scanned_at(connection: Connection, seller_id: str) -> datetime | None:
    """Start of the last complete scan of the SKUs; None: there was none."""
    at: datetime | None = connection.execute(SCAN_OF_SELLER, {"seller_id": seller_id}).scalar()
    return at


def mark(
    connection: Connection,
    seller_id: str,
    due: Mapping[str, datetime],
    moved_at: Mapping[str, datetime],
    held_at: datetime | None = None,
) -> set[str]:
    """Stock that is to be read once eBay's clock is past `due`, and when it moved, both by `entity_id`.

    Returns those that are left to the daily report, since eBay was asked for them already.
    """
    if not due:
        return set()
    columns = {"ids": list(due), "due": list(due.values()), "moved": [moved_at.get(one) for one in due], "held": [held_at] * len(due)}
    return {row.entity_id for row in connection.execute(MARK_STOCK_DUE, {"seller_id": seller_id, **columns}) if row.asked}


def read(connection: Connection, seller_id: str, ids: Sequence[str], read_at: datetime, waits: Waits) -> None:
    """This stock was read, and is no longer due, but for listings that may not show their latest sale yet."""
    values = {"seller_id": seller_id, "ids": list(ids), "read_at": read_at, "lag": waits.index_lag, "share": waits.shared}
    connection.execute(SETTLE_STOCK_READ, values)


def clear(connection: Connection, seller_id: str, ids: Sequence[str]) -> None:
    """This stock need not be read any more."""
    connection.execute(CLEAR_STOCK_DUE, {"seller_id": seller_id, "ids": list(ids)})


def leave(connection: Connection, seller_id: str, entity_id: str, at: datetime) -> None:
    """eBay was asked for this listing and does not show it: the daily report is to find it."""
    connection.execute(LEAVE_LISTING_TO_REPORT, {"seller_id": seller_id, "entity_id": entity_id, "at": at})


def ask_again(connection: Connection, seller_id: str) -> None:
    """A report was read whole: what it did not find may be asked for once more, when it is sold again."""
    connection.execute(FORGET_LISTINGS_ASKED_FOR, {"seller_id": seller_id})


def next_due(connection: Connection, seller_id: str) -> datetime | None:
    """When the next listing is to be read that an order moved."""
    found: datetime | None = connection.execute(NEXT_LISTING_DUE_AT, {"seller_id": seller_id}).scalar()
    return found


def last_readings(connection: Connection, seller_id: str, ids: Sequence[str]) -> dict[str, LastReading]:
    """The last reading of each of these listings that is stored, removed ones too, by id."""
    found = connection.execute(LAST_READINGS_OF_LISTINGS, {"seller_id": seller_id, "ids": list(ids)})
    return {row.entity_id: LastReading(row.as_of, row.alone, row.sold, row.sold_at, row.held_at) for row in found}


def read_skus(connection: Connection, seller_id: str, ids: Sequence[str], read_at: datetime, read_from: str) -> None:
    """These SKUs were read, as they are stored by now."""
    values = {"seller_id": seller_id, "ids": list(ids), "counts": [None] * len(ids), "read_at": read_at, "read_from": read_from}
    connection.execute(NOTE_STOCK_READING, values)


def mark_verified(connection: Connection, seller_id: str, ids: Sequence[str], read_at: datetime, waits: Waits) -> None:
    """A report says of these listings what an earlier version had derived from a sale."""
    verified = connection.execute(
        MARK_DERIVED_LISTINGS_VERIFIED, {"seller_id": seller_id, "ids": list(ids), "read_at": read_at, "lag": waits.listing_lag}
    )
    clear(connection, seller_id, list(verified.scalars()))


def read_listings(
    connection: Connection,
    seller_id: str,
    documents: Mapping[str, Document],
    created: Iterable[str],
    read_at: datetime,
    read_from: str,
    waits: Waits,
) -> None:
    """These listings were read, as they are stored by now: their time moves on, and so does what eBay counts as sold.

    Args:
        documents: what was read, by `entity_id`.
        created: those that were not there before, or not any more; their count begins here.
    """
    values = {"seller_id": seller_id, "ids": list(documents), "read_at": read_at}
    new = set(created)
    counts: dict[str, str | None] = dict.fromkeys(documents)
    for row in connection.execute(COUNTS_AND_SALES_OF_LISTINGS, {**values, "lag": waits.index_lag}):
        before: Counts | None = None if row.entity_id in new else row.counts
        sales = [_sale(one) for one in row.sales or ()]
        counts[row.entity_id] = json.dumps(counted(documents[row.entity_id], before, read_at, sales, waits.index_lag))
    connection.execute(NOTE_STOCK_READING, {**values, "counts": list(counts.values()), "read_from": read_from})
    read(connection, seller_id, list(documents), read_at, waits)


def listings_due(connection: Connection, seller_id: str, now: datetime, read_to: datetime, limit: int, waits: Waits) -> list[ListingDue]:
    """Listings that are due to be read.

    Args:
        now: eBay's clock.
        read_to: up to here all that was modified is read.
    """
    values = {"seller_id": seller_id, "now": now, "read_to": read_to, "limit": limit}
    return [
        ListingDue(row.entity_id, row.known, not row.known or row.held or row.derived or still_open(row, waits) is not None)
        for row in connection.execute(LISTINGS_DUE, values)
    ]


def still_open(row: Row[Any], waits: Waits = EBAYS) -> Document | None:
    """`expected` of a row with `data`, `as_of`, `counts` and what `SALES` gave."""
    if row.data is None or not row.sales:
        return None
    return expected(row.data, row.as_of, row.counts, [_sale(one) for one in row.sales], waits.index_lag)


def _sale(one: Sequence[Any]) -> Sale:
    order_id, line_item_id, sku, aspects, quantity, sold_at, cancelled = one
    given = [(pair[0], pair[1]) for pair in aspects if isinstance(pair, list) and len(pair) == 2]
    return Sale(order_id, line_item_id, sku, pairs(given), quantity, datetime.fromisoformat(sold_at), cancelled)
