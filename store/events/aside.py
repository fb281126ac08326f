"""What is set aside: documents without an id, or that Postgres refuses, and records that eBay cannot show. Everything behind them goes on.

When it is tried again, by whom, and how often a day: `due` and `tried`, for every kind.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from domain.changes import unreadable

LONGEST_ID = 500  # characters; an index takes 2,700 bytes
DOCUMENT = "document"  # it was read and could not be kept: tried again without a call, as it came

WHAT = """coalesce(what, CASE WHEN kind = 'fulfillment' THEN 'parcels' WHEN kind = 'order' AND key LIKE '%/?single' THEN 'single'
        ELSE 'document' END)"""
"""How a row is read again; versions before 0013 did not say it, and a parcel that could not be kept comes with its order."""
LABEL = """CASE WHEN kind = 'inventory' AND starts_with(key, 'listing:') THEN 'listing'
        WHEN kind IN ('window', 'page') THEN kind || ':' || split_part(key, ':', 1) ELSE kind END"""
"""The kind, as people tell them apart: a listing is no SKU."""
COUNTS = f"""
    SELECT jsonb_object_agg(label, n) FROM (
        SELECT label, count(*) AS n FROM (
            SELECT {LABEL} AS label FROM sellerbeat.set_aside WHERE seller_id = :seller_id LIMIT {unreadable.MANY + 1}
        ) AS seen GROUP BY label
    ) AS counted
"""
"""How many are set aside, by label; null where none is. Of many not all are counted."""
COUNT_SET_ASIDE = text(COUNTS)
FIRST_SET_ASIDE = text(f"""
    SELECT {LABEL} AS label, CASE WHEN starts_with(key, 'sha256:') AND entity_id IS NULL THEN ''
        ELSE regexp_replace(key, '/\\?[a-z0-9]+$', '') END AS name
    FROM sellerbeat.set_aside WHERE seller_id = :seller_id ORDER BY id LIMIT :limit
""")
# One that is set aside already keeps the time at which it is tried again.
SET_ASIDE_RECORD = text("""
    INSERT INTO sellerbeat.set_aside AS a (seller_id, kind, key, entity_id, raw, reason, read_at, at, what, retry_at)
    VALUES (:seller_id, :kind, :key, :entity_id, :raw, :reason, :read_at, clock_timestamp(), :what, :retry_at)
    ON CONFLICT (seller_id, kind, key) DO UPDATE SET raw = excluded.raw, reason = excluded.reason, read_at = excluded.read_at,
        at = excluded.at, attempts = a.attempts + 1, what = excluded.what
""")
DUE_SET_ASIDE = text(f"""
    SELECT id, kind, key, {WHAT} AS what, regexp_replace(key, '/\\?[a-z0-9]+$', '') AS name, asked FROM sellerbeat.set_aside
    WHERE seller_id = :seller_id AND retry_at <= :now AND {WHAT} = ANY(CAST(:whats AS text[])) ORDER BY retry_at, id LIMIT :limit
""")
# Tries of the seller's day, and when that began.
RETRIES_OF_SELLER = text("SELECT retries, retries_from FROM sellerbeat.sellers WHERE seller_id = :seller_id")
ATTEMPTS_OF_SET_ASIDE = text("SELECT attempts, reason FROM sellerbeat.set_aside WHERE id = :id AND seller_id = :seller_id")
NOTE_ATTEMPT_OF_SET_ASIDE = text("""
    UPDATE sellerbeat.set_aside SET attempts = attempts + :spent, tried_at = :now, retry_at = :retry_at, asked = false
    WHERE id = :id AND seller_id = :seller_id
""")
# A day begins with the first try after the last one is over.
SPEND_RETRY_OF_SELLER = text("""
    UPDATE sellerbeat.sellers SET retries = CASE WHEN retries_from > :since THEN retries + 1 ELSE 1 END,
        retries_from = CASE WHEN retries_from > :since THEN retries_from ELSE :now END
    WHERE seller_id = :seller_id
""")
# By hand: the next poll of whoever reads it tries it, however many were tried today.
ASK_RETRY_OF_SET_ASIDE = text(
    "UPDATE sellerbeat.set_aside SET asked = true, retry_at = '1970-01-01T00:00:00Z' WHERE id = :id RETURNING seller_id"
)
# Parcels of an order are compared all together, so they leave together.
CLEAR_SET_ASIDE = text("""
    DELETE FROM sellerbeat.set_aside WHERE seller_id = :seller_id AND kind = :kind
        AND (key = ANY (CAST(:keys AS text[])) OR (:order_id <> '' AND starts_with(key, :order_id || '/')))
""")
ID_OF_SET_ASIDE = text("""
    SELECT id FROM sellerbeat.set_aside WHERE seller_id = :seller_id AND kind = :kind AND key = ANY(CAST(:keys AS text[])) LIMIT 1
""")
KEYS_SET_ASIDE = text(
    "SELECT key FROM sellerbeat.set_aside WHERE seller_id = :seller_id AND kind = :kind AND key = ANY(CAST(:keys AS text[]))"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that cannot be kept, and why: words without values."""

    document: Any
    reason: str
    entity_id: str | None = None  # where there is one that can be kept


def usable(entity_id: str | None) -> bool:
    """Whether Postgres can keep an entity's id."""
    if not entity_id or len(entity_id) > LONGEST_ID or "\0" in entity_id:
        return False
    try:
        entity_id.encode()
    except UnicodeEncodeError:
        return False
    return True


def key(refusal: Refusal) -> str:
    """The same document that comes again finds its row: by the entity's id, else by its text."""
    return refusal.entity_id or "sha256:" + sha256(raw(refusal.document).encode()).hexdigest()


def of_order(order_id: str, refusal: Refusal) -> Refusal:
    """A parcel without an id of its own: `order/?1a2b3c4d5e6f`, so that its order can be read again."""
    name = refusal.entity_id or "?" + sha256(raw(refusal.document).encode()).hexdigest()[:12]
    return Refusal(refusal.document, refusal.reason, f"{order_id}/{name}")


def raw(document: Any) -> str:
    """JSON in ASCII, which any column can hold, whatever is in the document."""
    try:
        return json.dumps(document, ensure_ascii=True, sort_keys=True, default=lambda value: f"<{type(value).__name__}>")
    except (ValueError, TypeError, RecursionError):
        return '"nested too deep, or a number too long, to be written down"'


def put(
    connection: Connection,
    seller_id: str,
    kind: str,
    refusal: Refusal,
    read_at: datetime,
    now: datetime,
    what: str | None = None,
    own_key: str | None = None,
) -> None:
    """Set it aside, to be tried again: what is unreadable at eBay soon, the rest in a day. One that is set aside keeps its time.

    Args:
        now: our clock.
        what: how it is read again; None: a document that could not be kept.
        own_key: where it is not to be found by its entity's id.
    """
    connection.execute(
        SET_ASIDE_RECORD,
        {
            "seller_id": seller_id,
            "kind": str(kind),
            "key": own_key or key(refusal),
            "entity_id": refusal.entity_id,
            "raw": raw(refusal.document),
            "reason": refusal.reason,
            "read_at": read_at,
            "what": what,
            "retry_at": now + (unreadable.retry_after(1) if unreadable.soon(refusal.reason) else unreadable.DAY),
        },
    )


def clear(connection: Connection, seller_id: str, kind: str, keys: Sequence[str], order_id: str = "") -> bool:
    """These could be read and kept after all. Returns whether any was set aside."""
    values = {"seller_id": seller_id, "kind": str(kind), "keys": list(keys), "order_id": order_id}
    return connection.execute(CLEAR_SET_ASIDE, values).rowcount > 0


def which(connection: Connection, seller_id: str, kind: str, keys: Sequence[str]) -> set[str]:
    """Those of these keys that are set aside."""
    return set(connection.execute(KEYS_SET_ASIDE, {"seller_id": seller_id, "kind": str(kind), "keys": list(keys)}).scalars())


def counts(connection: Connection, seller_id: str) -> dict[str, int]:
    """How many are set aside, by `LABEL`."""
    found: dict[str, int] | None = connection.execute(COUNT_SET_ASIDE, {"seller_id": seller_id}).scalar()
    return found or {}


def alert_text(connection: Connection, seller_id: str) -> str | None:
    """What the seller's alert is to say; None: nothing is set aside."""
    if not (aside := counts(connection, seller_id)):
        return None
    first = connection.execute(FIRST_SET_ASIDE, {"seller_id": seller_id, "limit": unreadable.NAMED})
    return unreadable.alert(aside, [(row.label, row.name) for row in first])


class SetAsideDue(NamedTuple):
    """Something set aside that is to be tried again now."""

    id: int
    kind: str
    key: str
    what: str
    name: str  # of the record: the key without how it is read
    asked: bool


def due(connection: Connection, seller_id: str, whats: Sequence[str], now: datetime, limit: int = unreadable.A_DAY) -> list[SetAsideDue]:
    """What is to be tried again by now, what waits longest first, as far as the seller's day has tries left; what was asked for always."""
    row = connection.execute(RETRIES_OF_SELLER, {"seller_id": seller_id}).one()
    left = unreadable.left_today(row.retries_from, row.retries, now)
    values = {"seller_id": seller_id, "now": now, "whats": list(whats), "limit": limit}
    rows = [SetAsideDue(*one) for one in connection.execute(DUE_SET_ASIDE, values)]
    asked = [one for one in rows if one.asked]
    return asked + [one for one in rows if not one.asked][:left]


def tried(connection: Connection, seller_id: str, aside_id: int, now: datetime, spent: bool = True) -> bool:
    """It was tried again. If it is still set aside, it waits, and the seller's day has a try less. Returns whether it is.

    `spent`: False where no call was made.
    """
    row = connection.execute(ATTEMPTS_OF_SET_ASIDE, {"seller_id": seller_id, "id": aside_id}).one_or_none()
    if row is None:
        return False
    wait = unreadable.retry_after(row.attempts + 1) if unreadable.soon(row.reason) else unreadable.DAY
    connection.execute(
        NOTE_ATTEMPT_OF_SET_ASIDE, {"seller_id": seller_id, "id": aside_id, "now": now, "retry_at": now + wait, "spent": int(spent)}
    )
    if spent:
        connection.execute(SPEND_RETRY_OF_SELLER, {"seller_id": seller_id, "now": now, "since": now - unreadable.DAY})
    return True
