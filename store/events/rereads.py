"""Orders whose parcels, or which alone, are read again until eBay's answers agree, else set aside; see `domain/changes/rereads.py`.

The same rows keep what eBay fails for: see `unreadable.py`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, text

from domain.changes import rereads
from domain.changes.model import Kind
from domain.changes.rereads import Doubt
from domain.changes.sales import NO_ONE
from domain.waits import Waits
from store.events import aside
from store.events.aside import Refusal

MOST_FOUND = 500  # by one sweep, a call each


class What(StrEnum):
    """How a record is read."""

    PARCELS = "parcels"  # of an order
    SINGLE = "single"  # an order alone
    LISTED = "listed"  # an order by its id, among others
    SKU = "sku"  # by its id, among others
    LISTING = "listing"  # alone
    OFFERS = "offers"  # of a SKU


KINDS = {
    What.PARCELS: Kind.FULFILLMENT,
    What.SINGLE: Kind.ORDER,
    What.LISTED: Kind.ORDER,
    What.SKU: Kind.INVENTORY,
    What.LISTING: Kind.INVENTORY,
    What.OFFERS: Kind.OFFER,
}
Key = Callable[[str], str]


def _as(what: What) -> Key:
    return lambda record: f"{record}/?{what}"


def _itself(record: str) -> str:
    return record


KEYS: dict[What, tuple[Key, ...]] = {
    What.PARCELS: (_as(What.PARCELS),),
    What.SINGLE: (_as(What.SINGLE),),
    What.LISTED: (_itself,),
    What.SKU: (_as(What.SKU), _itself),
    What.LISTING: (_itself,),
    What.OFFERS: (_as(What.OFFERS),),
}
"""Under which keys a record may be set aside, the usual one first. One that is kept by its own id leaves when any list shows it. A SKU that
scans show, and eBay refuses by its id, is none of these: until a scan lacks it, nothing of it is unknown."""

TAKE_REREAD = text("""
    DELETE FROM sellerbeat.rereads WHERE seller_id = :seller_id AND order_id = :order_id AND what = :what RETURNING tries, said_at, source
""")
# Without a conflict: TAKE_REREAD has deleted the row in this transaction.
PUT_REREAD = text("""
    INSERT INTO sellerbeat.rereads (seller_id, order_id, what, tries, due_at, said_at, source)
    VALUES (:seller_id, :order_id, :what, :tries, :due_at, :said_at, :source)
""")
IS_RECORD_SET_ASIDE = text("SELECT EXISTS (SELECT FROM sellerbeat.set_aside WHERE seller_id = :seller_id AND kind = :kind AND key = :key)")
# What the database itself contradicts: an order that names more parcels than are stored, a cancellation without its requests.
REREAD_MISSING_PARCELS = text("""
    INSERT INTO sellerbeat.rereads (seller_id, order_id, what, due_at, source)
    SELECT o.seller_id, o.entity_id, 'parcels', :now, 'sweep' FROM sellerbeat.orders o
    WHERE o.seller_id = :seller_id AND NOT o.parcels_due
        AND CASE WHEN jsonb_typeof(o.data -> 'fulfillmentHrefs') = 'array' THEN jsonb_array_length(o.data -> 'fulfillmentHrefs') ELSE 0 END
            > (SELECT count(*) FROM sellerbeat.fulfillments f WHERE f.seller_id = o.seller_id AND f.order_id = o.entity_id
                AND f.removed_at IS NULL)
        AND NOT EXISTS (
            SELECT FROM sellerbeat.set_aside a
            WHERE a.seller_id = o.seller_id AND a.kind = 'fulfillment' AND starts_with(a.key, o.entity_id || '/')
        )
    ORDER BY o.modified_at DESC NULLS LAST LIMIT :limit
    ON CONFLICT DO NOTHING RETURNING order_id
""")
REREAD_INCOMPLETE_CANCELLATIONS = text("""
    INSERT INTO sellerbeat.rereads (seller_id, order_id, what, due_at, source)
    SELECT o.seller_id, o.entity_id, 'single', :now, 'sweep' FROM sellerbeat.orders o
    WHERE o.seller_id = :seller_id AND NOT o.single_due AND o.created_at >= :enrolled_at
        AND o.data #>> '{cancelStatus,cancelState}' <> :no_one
        AND coalesce(o.data #> '{cancelStatus,cancelRequests}', '[]') IN ('[]', 'null')
        AND NOT EXISTS (SELECT FROM sellerbeat.set_aside a WHERE a.seller_id = o.seller_id AND a.kind = 'order'
            AND a.key = o.entity_id || '/?single')
    ORDER BY o.modified_at DESC NULLS LAST LIMIT :limit
    ON CONFLICT DO NOTHING RETURNING order_id
""")


class RereadState(NamedTuple):
    """What is known of a reading that has to be made again."""

    tries: int = 0
    said_at: datetime | None = None  # when eBay itself refused it first
    source: str | None = None  # of what it tells; None: that of who reads it


def take(connection: Connection, seller_id: str, order_id: str, what: What) -> RereadState:
    """It was read: no longer due, unless `again` says so."""
    row = connection.execute(TAKE_REREAD, {"seller_id": seller_id, "order_id": order_id, "what": what.value}).one_or_none()
    return RereadState(*row) if row else RereadState()


def again(
    connection: Connection, seller_id: str, order_id: str, what: What, doubt: Doubt, before: RereadState, now: datetime, waits: Waits
) -> tuple[datetime | None, Refusal | None]:
    """What becomes of an order whose answer cannot be the last word: when it is read again, or what is to be set aside.

    One that is set aside already is tried by whoever tries that again; nothing is due then.
    """
    own = key(order_id, what)
    said_at = (before.said_at or now) if doubt is Doubt.REFUSED else None
    wait = rereads.wait(doubt, before.tries + 1, before.said_at, now, waits)
    if connection.execute(IS_RECORD_SET_ASIDE, {"seller_id": seller_id, "kind": KINDS[what].value, "key": own}).scalar():
        return None, None
    if wait is None:
        return None, None if doubt is Doubt.OTHERS else Refusal(None, str(doubt), own)
    values = {"tries": before.tries + 1, "due_at": now + wait, "said_at": said_at, "source": before.source or "poll"}
    connection.execute(PUT_REREAD, {"seller_id": seller_id, "order_id": order_id, "what": what.value, **values})
    return now + wait, None


def put_aside(connection: Connection, seller_id: str, what: What, refusal: Refusal, read_at: datetime, now: datetime) -> None:
    """Set the record aside; `what` says how it is read again. `read_at`: eBay's clock; `now`: ours."""
    aside.put(connection, seller_id, KINDS[what], refusal, read_at, now, what.value)


def find_lost(connection: Connection, seller_id: str, enrolled_at: datetime, now: datetime) -> Sequence[str]:
    """Orders that the database itself contradicts and that nobody is to read again: due from now on, told with the source sweep."""
    values = {"seller_id": seller_id, "now": now, "limit": MOST_FOUND}
    parcels = connection.execute(REREAD_MISSING_PARCELS, values).scalars().all()
    return [
        *parcels,
        *connection.execute(REREAD_INCOMPLETE_CANCELLATIONS, {**values, "enrolled_at": enrolled_at, "no_one": NO_ONE}).scalars(),
    ]


def key(order_id: str, what: What) -> str:
    """Of the set-aside row."""
    return f"{order_id}/?{what}"
