"""Sales: each line of an order is told once, and the stock that it moved is due to be read. All of it only where orders changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from domain.changes.expected import UNSURE
from domain.changes.model import Change
from domain.changes.sales import SOLD, SoldLine, entity_of_sale, fact, lines, may_sell, moved, names
from domain.waits import Waits
from store.events.events import Events
from store.events.stock import mark
from store.schema.times import iso

VERSIONS_OF_STOCK = text("""
    SELECT entity_id, version, as_of FROM sellerbeat.inventory
    WHERE seller_id = :seller_id AND entity_id = ANY(CAST(:ids AS text[])) AND removed_at IS NULL
""")
# A line that stands in two orders is the later one's. `xmax` is 0 in a row that was not there before.
PUT_SOLD_LINES = text("""
    INSERT INTO sellerbeat.sold_lines AS t (seller_id, line_item_id, order_id, sku, item_id, aspects, quantity, sold_at)
    SELECT :seller_id, * FROM unnest(
        CAST(:lines AS text[]), CAST(:orders AS text[]), CAST(:skus AS text[]), CAST(:items AS text[]), CAST(:aspects AS jsonb[]),
        CAST(:quantities AS integer[]), CAST(:sold AS timestamptz[])
    )
    ON CONFLICT (seller_id, line_item_id) DO UPDATE SET quantity = excluded.quantity,
        order_id = CASE WHEN excluded.sold_at >= t.sold_at THEN excluded.order_id ELSE t.order_id END
    RETURNING line_item_id, xmax = 0 AS is_new
""")
STATE_OF_LISTINGS_STREAM = text("""
    SELECT cursor, last_poll_at, replaced_at FROM sellerbeat.streams WHERE seller_id = :seller_id AND stream = 'listings'
""")


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """A changed order, and when it was placed: eBay's clock; None: there is no telling."""

    change: Change
    placed_at: datetime | None
    source: str  # of its events


@dataclass(frozen=True, slots=True)
class ListingsDue:
    """Listings that orders moved: when they are to be read, and how their stream stands. eBay's clock."""

    at: datetime
    polled_at: datetime | None  # the stream's last poll
    replaced_at: datetime | None  # none is brought forward before then where calls are short

    def sooner(self, other: "ListingsDue | None") -> "ListingsDue":
        """The one that is due first."""
        return self if other is None or self.at <= other.at else other


class Followed(NamedTuple):
    """What changed orders amount to."""

    skus: int = 0  # whose stock is to be read at once
    listings: ListingsDue | None = None


def follow(
    connection: Connection,
    seller_id: str,
    orders: Sequence[ChangedOrder],
    enrolled_at: datetime,
    read_at: datetime,
    events: Events,
    listings: bool,
    waits: Waits,
) -> Followed:
    """Tell the sales in these orders that are new, and mark the stock that they moved.

    An order placed before the enrolment tells no sale, and says nothing of the stock, which was read later, unless it gives stock back.

    Args:
        listings: whether listings are read for this seller.
    """
    since = [one for one in orders if (one.placed_at or read_at) >= enrolled_at]
    sold = [(one, line) for one in since if may_sell(one.change) for line in lines(one.change.data)]
    moves = [(one, line) for one in orders if one in since or one.change.types[0] != "order.created" for line in moved(one.change)]
    if not (named_ids := names([line for _, line in [*sold, *moves]])):
        return Followed()
    rows = {row.entity_id: row for row in connection.execute(VERSIONS_OF_STOCK, {"seller_id": seller_id, "ids": named_ids})}
    _emit_sales(connection, seller_id, sold, rows, read_at, events)
    return _mark_moved(connection, seller_id, moves, rows, read_at, listings, waits)


def _emit_sales(
    connection: Connection,
    seller_id: str,
    sold: Sequence[tuple[ChangedOrder, SoldLine]],
    rows: Mapping[str, Row[Any]],
    read_at: datetime,
    events: Events,
) -> None:
    by_line = {line.line_item_id: (order, line) for order, line in sold if line.line_item_id and entity_of_sale(line, rows)}
    if not by_line:
        return
    placed = {one: order.placed_at or read_at for one, (order, _) in by_line.items()}
    found = connection.execute(
        PUT_SOLD_LINES,
        {
            "seller_id": seller_id,
            "lines": list(by_line),
            "orders": [order.change.entity_id for order, _ in by_line.values()],
            "skus": [line.sku for _, line in by_line.values()],
            "items": [line.item_id for _, line in by_line.values()],
            "aspects": [json.dumps(line.aspects, ensure_ascii=False) for _, line in by_line.values()],
            "quantities": [line.quantity for _, line in by_line.values()],
            "sold": list(placed.values()),
        },
    )
    new = {row.line_item_id for row in found if row.is_new}
    for number, (order, line) in by_line.items():
        if number in new and (own := entity_of_sale(line, rows)):
            data = json.dumps(fact(order.change.entity_id, line, iso(placed[number])), ensure_ascii=False)
            version = rows[own].version if own in rows else 0
            events.add(SOLD, own, version, placed[number], order.source, data, key=number)


def _mark_moved(
    connection: Connection,
    seller_id: str,
    moves: Sequence[tuple[ChangedOrder, SoldLine]],
    rows: Mapping[str, Row[Any]],
    read_at: datetime,
    listings: bool,
    waits: Waits,
) -> Followed:
    skus: dict[str, datetime] = {}
    items: dict[str, datetime] = {}
    given_back: set[str] = set()  # maybe: when is not known, as such a change need not move the order's date
    for order, line in moves:
        own = entity_of_sale(line, rows)
        is_listing = own is not None and own != line.sku
        if own is None or (is_listing and not listings) or (not is_listing and own not in rows):
            continue  # an SKU that no scan has seen yet is the next scan's
        is_new = order.change.types[0] == "order.created"
        at = min((order.placed_at if is_new else order.change.occurred_at) or read_at, read_at)
        if not is_new:
            given_back.add(own)
        marks = items if is_listing else skus
        marks[own] = max(at, marks.get(own, at))
    stream = connection.execute(STATE_OF_LISTINGS_STREAM, {"seller_id": seller_id}).one_or_none() if items else None
    due = {
        one: at + waits.shared if one in rows else read_at
        for one, at in items.items()
        if one not in rows or one in given_back or not _holds(rows[one].as_of, stream.cursor if stream else None, at, waits)
    }
    moved_at = {one: items[one] for one in due} | skus
    asked = mark(connection, seller_id, {**due, **dict.fromkeys(skus, read_at)}, moved_at)
    news = [at for one, at in due.items() if one not in asked]
    if not news or stream is None:
        return Followed(len(skus))
    return Followed(len(skus), ListingsDue(min(news), stream.last_poll_at, stream.replaced_at))


def _holds(as_of: datetime, cursor: datetime | None, moved_at: datetime, waits: Waits) -> bool:
    """Whether the last reading shows what moved then: it came late enough, or polling has passed it. The cursor lags behind a poll."""
    return max(as_of, cursor + waits.listing_lag if cursor else as_of) - waits.index_lag > moved_at + UNSURE
