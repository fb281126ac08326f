"""Records that eBay fails for: how often, and when they are read again or set aside; see `domain/changes/unreadable.py`."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from domain.changes import unreadable
from domain.changes.model import Kind
from store.events import aside
from store.events.aside import Refusal
from store.events.rereads import KEYS, KINDS, What

# What fails again before it was due counts once.
COUNT_FAILURE_OF_RECORD = text("""
    INSERT INTO sellerbeat.rereads AS r (seller_id, order_id, what, due_at, failures, failed_at)
    VALUES (:seller_id, :key, :what, :due_at, :counted, :now)
    ON CONFLICT (seller_id, order_id, what) DO UPDATE SET failed_at = coalesce(r.failed_at, excluded.failed_at),
        failures = r.failures + CASE WHEN r.due_at <= :now THEN :counted ELSE 0 END,
        due_at = CASE WHEN r.due_at <= :now THEN excluded.due_at ELSE r.due_at END
    RETURNING failures, failed_at, due_at
""")
POSTPONE_REREAD = text("UPDATE sellerbeat.rereads SET due_at = :due_at WHERE seller_id = :seller_id AND order_id = :key AND what = :what")
# Rows without a failure stay: these are read again for another reason.
FORGET_FAILURES_OF_RECORDS = text("""
    DELETE FROM sellerbeat.rereads WHERE seller_id = :seller_id AND what = :what AND order_id = ANY(CAST(:keys AS text[]))
        AND failed_at IS NOT NULL
""")
DUE_REREADS = text("""
    SELECT order_id FROM sellerbeat.rereads WHERE seller_id = :seller_id AND what = :what AND due_at <= :now ORDER BY due_at LIMIT :limit
""")
FORGET_REREAD = text("DELETE FROM sellerbeat.rereads WHERE seller_id = :seller_id AND order_id = :key AND what = :what")
_NOT_FAILING = """NOT EXISTS (SELECT FROM sellerbeat.rereads r WHERE r.seller_id = e.seller_id AND r.order_id = {id} AND r.what = '{what}')
    AND NOT EXISTS (SELECT FROM sellerbeat.set_aside a WHERE a.seller_id = e.seller_id AND a.kind = '{kind}'
        AND starts_with(a.key, {id}))"""
_SHOWN = {  # that any of these was read before says that eBay can show it; alone, no listing: there a list of listings tells as well
    What.PARCELS: ("fulfillments", "e.order_id", "true"),
    What.SINGLE: ("orders", "e.entity_id", "true"),
    What.LISTED: ("orders", "e.entity_id", "true"),
    What.SKU: ("inventory", "e.entity_id", "NOT starts_with(e.entity_id, 'listing:')"),
    What.OFFERS: ("offers", "e.sku", "true"),
}
_SOME = """
    (SELECT {id} AS id FROM sellerbeat.{table} e WHERE e.seller_id = :seller_id AND e.removed_at IS NULL AND {more} AND {well}
        ORDER BY e.entity_id {way} LIMIT 1)
"""
# From both ends: neighbours may fail for the same reason.
RECORDS_READ_BEFORE = {
    what: text(
        " UNION ".join(
            _SOME.format(id=id_, table=table, more=more, way=way, well=_NOT_FAILING.format(id=id_, what=what.value, kind=KINDS[what].value))
            for way in ("ASC", "DESC")
        )
    )
    for what, (table, id_, more) in _SHOWN.items()
}
LAST_GOOD_POLL_OF_STREAMS = text("""
    SELECT max(last_good_at) FROM sellerbeat.streams WHERE seller_id = :seller_id AND stream = ANY(CAST(:streams AS text[]))
""")


class Failed(NamedTuple):
    """What becomes of a record that eBay failed for."""

    failed_at: datetime  # the first time in a row
    due_at: datetime | None = None  # our clock; None: it is set aside
    new: bool = False  # it was not before


def failed(connection: Connection, seller_id: str, what: What, key: str, reason: str, now: datetime, counted: bool, beside: int) -> Failed:
    """eBay failed for this record.

    Args:
        reason: constant words.
        now: our clock.
        counted: it counts against the record; else it is noted, and due at once.
        beside: of its kind set aside already.
    """
    kind, keys = KINDS[what], KEYS[what]
    values = {"seller_id": seller_id, "what": what.value, "key": key}
    found = connection.execute(
        aside.ID_OF_SET_ASIDE, {"seller_id": seller_id, "kind": kind.value, "keys": [one(key) for one in keys]}
    ).scalar()
    if found is not None:
        connection.execute(FORGET_REREAD, values)
        return Failed(now)
    row = connection.execute(
        COUNT_FAILURE_OF_RECORD, {**values, "now": now, "due_at": now - unreadable.AGAIN, "counted": int(counted)}
    ).one()
    if not counted or row.due_at > now:
        return Failed(row.failed_at, max(row.due_at, now))
    wait = unreadable.after(row.failures, beside)
    if wait is not None:
        connection.execute(POSTPONE_REREAD, {**values, "due_at": now + wait})
        return Failed(row.failed_at, now + wait)
    connection.execute(FORGET_REREAD, values)
    own = keys[0](key)
    put_aside(connection, seller_id, kind, what, own, reason, now)
    return Failed(row.failed_at, None, new=True)


def put_aside(connection: Connection, seller_id: str, kind: Kind, what: What, own_key: str, reason: str, now: datetime) -> None:
    """Set a record aside, without a document. `own_key`: one of `KEYS`; `reason`: constant words; `now`: our clock."""
    aside.put(connection, seller_id, kind, Refusal(None, reason, own_key), now, now, what.value)


def read(connection: Connection, seller_id: str, what: What, keys: Sequence[str]) -> None:
    """These could be read: no failure of theirs is in a row any more."""
    connection.execute(FORGET_FAILURES_OF_RECORDS, {"seller_id": seller_id, "what": what.value, "keys": list(keys)})


def well_at(connection: Connection, seller_id: str, streams: Sequence[str]) -> datetime | None:
    """When one of these streams was polled well last."""
    found: datetime | None = connection.execute(LAST_GOOD_POLL_OF_STREAMS, {"seller_id": seller_id, "streams": list(streams)}).scalar()
    return found
