"""Documents set aside: what has no id, or what Postgres refuses. Everything behind them goes on."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

from changes.model import Kind

ALERT_TEXT = "documents of this seller could not be read or kept and are set aside: see starter.py set-aside"
LONGEST_ID = 500  # characters; an index takes 2,700 bytes

PUT = text("""
    INSERT INTO set_aside AS a (seller_id, kind, key, entity_id, raw, reason, read_at, at)
    VALUES (:seller_id, :kind, :key, :entity_id, :raw, :reason, :read_at, clock_timestamp())
    ON CONFLICT (seller_id, kind, key) DO UPDATE SET
        raw = excluded.raw, reason = excluded.reason, read_at = excluded.read_at, at = excluded.at, attempts = a.attempts + 1
""")
# Parcels of an order are compared all together, so they leave together.
CLEAR = text("""
    DELETE FROM set_aside WHERE seller_id = :seller_id AND kind = :kind
        AND (key = ANY (CAST(:keys AS text[])) OR (:order_id <> '' AND starts_with(key, :order_id || '/')))
""")
ANY_LEFT = text("SELECT EXISTS (SELECT FROM set_aside WHERE seller_id = :seller_id)")


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


def put(connection: Connection, seller_id: str, kind: Kind, refusal: Refusal, read_at: datetime) -> None:
    connection.execute(
        PUT,
        {
            "seller_id": seller_id,
            "kind": kind.value,
            "key": key(refusal),
            "entity_id": refusal.entity_id,
            "raw": raw(refusal.document),
            "reason": refusal.reason,
            "read_at": read_at,
        },
    )


def clear(connection: Connection, seller_id: str, kind: Kind, keys: list[str], order_id: str = "") -> bool:
    """These documents could be kept after all. Returns whether the seller has none left aside because of that."""
    gone = connection.execute(CLEAR, {"seller_id": seller_id, "kind": kind.value, "keys": keys, "order_id": order_id}).rowcount
    return bool(gone) and not connection.execute(ANY_LEFT, {"seller_id": seller_id}).scalar()
