"""Stock that follows sales: a listing's sale is told from its order at once, an SKU's stock is marked to be read at once.

A sale counts only where eBay's stock was read before it: a reading after it holds the sale already (both times are eBay's). Where they are
too close to tell, the sale is not told from its order, and the listing is read once more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from changes.model import Document, Stored
from changes.sales import Sale, listing_id, sold

LAG = timedelta(minutes=2)  # so long after a sale a listing may still be shown as before it (eBay's advice for GetSellerEvents)
UNSURE = timedelta(seconds=2)  # eBay dates answers to the second, and one of its machines need not agree with another

KNOWN = text("""
    SELECT entity_id, version, data, as_of FROM inventory
    WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[])) AND removed_at IS NULL
""")
MARK = text("""
    INSERT INTO stock_due (seller_id, entity_id, due_at)
    SELECT :seller_id, entity_id, :due_at FROM unnest(CAST(:ids AS text[])) AS given (entity_id)
    ON CONFLICT (seller_id, entity_id) DO UPDATE SET due_at = greatest(stock_due.due_at, excluded.due_at)
""")
# The row holds the sale, and still says when eBay's stock was read.
NOTE_SALES = text("""
    UPDATE inventory i SET sold_at = greatest(i.sold_at, given.sold_at), as_of = given.as_of
    FROM unnest(CAST(:ids AS text[]), CAST(:sold AS timestamptz[]), CAST(:as_of AS timestamptz[])) AS given (entity_id, sold_at, as_of)
    WHERE i.seller_id = :seller_id AND i.entity_id = given.entity_id
""")
# What a reading found as it had been derived is no longer derived.
CONFIRMED = text("""
    UPDATE inventory SET read_from = :read_from, as_of = :read_at
    WHERE seller_id = :seller_id AND read_from = 'derived' AND entity_id = ANY(CAST(:ids AS text[]))
""")
TOO_EARLY = text("""
    SELECT entity_id, sold_at FROM inventory
    WHERE seller_id = :seller_id AND read_from = 'derived' AND entity_id = ANY(CAST(:ids AS text[])) AND sold_at + :lag > :read_at
""")
READ = text("DELETE FROM stock_due WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[]))")
DUE = text("""
    SELECT entity_id FROM stock_due
    WHERE seller_id = :seller_id AND starts_with(entity_id, 'listing:') = :listings AND (due_at <= :now OR NOT :listings)
    ORDER BY due_at, entity_id LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Derived:
    """A listing as a sale left it."""

    stored: Stored
    document: Document
    as_of: datetime  # of the reading below it
    sold_at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    derived: list[Derived]
    skus: list[str]  # to be read at once
    unsure: dict[str, datetime]  # listings that were read at about the time of a sale, which was then


def moved(connection: Connection, seller_id: str, orders: Sequence[tuple[datetime | None, Sequence[Sale]]], read_at: datetime) -> Moved:
    """What these orders did to the stock. `orders`: when each was placed (eBay's clock; None: no telling), and its lines."""
    lines = [sale for _, sales in orders for sale in sales]
    wanted = {sale.sku for sale in lines if sale.sku} | {listing_id(sale.item_id) for sale in lines if sale.item_id}
    if not wanted:
        return Moved([], [], {})
    rows = {row.entity_id: row for row in connection.execute(KNOWN, {"seller_id": seller_id, "ids": sorted(wanted)})}
    skus: dict[str, None] = {}
    found: dict[str, Derived] = {}
    unsure: dict[str, datetime] = {}
    for placed_at, sales in orders:
        for sale in sales:
            listing = rows.get(listing_id(sale.item_id)) if sale.item_id else None
            if sale.sku and sale.sku in rows:  # one that no scan has seen yet is the next scan's
                skus[sale.sku] = None
            elif listing is None or not sale.quantity:
                continue
            elif placed_at is None or abs(placed_at - listing.as_of) <= UNSURE:
                latest = placed_at or read_at
                unsure[listing.entity_id] = max(latest, unsure.get(listing.entity_id, latest))
            elif placed_at > listing.as_of:
                before = found.get(listing.entity_id)
                document = sold(before.document if before else listing.data, sale)
                sold_at = max(placed_at, before.sold_at) if before else placed_at
                stored = Stored(listing.entity_id, listing.version, listing.data, None)
                found[listing.entity_id] = Derived(stored, document, listing.as_of, sold_at)
    return Moved(list(found.values()), list(skus), unsure)


def mark(connection: Connection, seller_id: str, ids: Iterable[str], due_at: datetime) -> None:
    """Stock that is to be read once eBay's clock is past `due_at`."""
    if listed := sorted(ids):
        connection.execute(MARK, {"seller_id": seller_id, "ids": listed, "due_at": due_at})


def note_sales(connection: Connection, seller_id: str, derived: Sequence[Derived]) -> None:
    columns = {
        "ids": [one.stored.entity_id for one in derived],
        "sold": [one.sold_at for one in derived],
        "as_of": [one.as_of for one in derived],
    }
    connection.execute(NOTE_SALES, {"seller_id": seller_id, **columns})


def too_early(connection: Connection, seller_id: str, ids: Sequence[str], read_at: datetime) -> dict[str, datetime]:
    """Listings that may be shown as they were before their latest sale, and when a reading will hold it."""
    found = connection.execute(TOO_EARLY, {"seller_id": seller_id, "ids": list(ids), "read_at": read_at, "lag": LAG})
    return {row.entity_id: row.sold_at + LAG for row in found}


def confirm(connection: Connection, seller_id: str, ids: Sequence[str], read_at: datetime, read_from: str) -> None:
    """These listings were read, so late after a sale that the reading holds it."""
    connection.execute(CONFIRMED, {"seller_id": seller_id, "ids": list(ids), "read_at": read_at, "read_from": read_from})
    read(connection, seller_id, ids)


def read(connection: Connection, seller_id: str, ids: Sequence[str]) -> None:
    """This stock was read, and is no longer due: the seller's steps come one after another, so that no sale came between."""
    connection.execute(READ, {"seller_id": seller_id, "ids": list(ids)})
