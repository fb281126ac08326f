"""One message: the change that it tells, who it is for, how far it got there, and every attempt that is still in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from store.delivery.cursors import MATCHES
from store.events.feed import as_event
from store.schema.errors import translated
from store.schema.times import iso

MANY = 1000  # more messages before it, and attempts of it, are not counted

EVENT_BY_ID = text("SELECT * FROM sellerbeat.change_events WHERE id = :id")
ATTEMPTS_OF_EVENT = text(f"""
    SELECT * FROM sellerbeat.deliveries WHERE position = :position AND event_id = :id ORDER BY id DESC LIMIT {MANY}
""")
# Those that want it, and those that were sent it. `before`: what its endpoint is to take first.
ENDPOINTS_OF_EVENT = text(f"""
    SELECT e.id, e.off_at IS NOT NULL AS off, e.thin, l.retry_at, coalesce(l.sequence, 0) >= :sequence AS passed,
        r.position IS NOT NULL AS again, (SELECT count(*) FROM (
            SELECT FROM sellerbeat.change_events c WHERE c.seller_id = :seller AND c.sequence > coalesce(l.sequence, 0)
                AND c.sequence < :sequence AND {MATCHES.format(type="c.type", types="e.types")}
            UNION ALL
            SELECT FROM sellerbeat.change_events c WHERE :seller = '' AND c.seller_id IS NULL AND c.position > coalesce(l.sequence, 0)
                AND c.position < :sequence AND {MATCHES.format(type="c.type", types="e.types")}
            LIMIT {MANY}
        ) AS earlier) AS before
    FROM sellerbeat.endpoints e
    LEFT JOIN sellerbeat.delivery_lanes l ON l.endpoint_id = e.id AND l.seller_id = :seller
    LEFT JOIN sellerbeat.redeliveries r ON r.endpoint_id = e.id AND r.seller_id = :seller AND r.position = :position
    WHERE ((e.seller_id IS NULL OR e.seller_id = :seller) AND {MATCHES.format(type=":type", types="e.types")})
        OR e.id = ANY (CAST(:attempted AS text[]))
    ORDER BY e.created_at, e.id
""")


@dataclass(frozen=True, slots=True)
class MessageWay:
    """How far a message got to one endpoint."""

    endpoint: str
    off: bool
    thin: bool  # large changes go without their documents
    passed: bool  # the cursor stands at it or behind it
    again: bool  # it is to be sent again
    before: int  # messages that are to be taken first; MANY stands for that and more
    retry_at: datetime | None  # of the endpoint's cursor of this seller; None: it waits for nothing


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """`event`: as the feed has it; `attempts`: the newest first, as the log has them."""

    event: dict[str, Any]
    ways: tuple[MessageWay, ...]
    attempts: tuple[dict[str, Any], ...]


class Messages:
    """Reads alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, event_id: str) -> StoredMessage | None:
        """By the change's id, which is the message's. None: there is none, or it was erased or cut off."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(EVENT_BY_ID, {"id": event_id}).first()
            if row is None:
                return None
            values = {"id": event_id, "position": row.position, "type": row.type, "seller": row.seller_id or ""}
            attempts = connection.execute(ATTEMPTS_OF_EVENT, values).mappings().all()
            values["sequence"] = row.position if row.seller_id is None else row.sequence
            values["attempted"] = sorted({one["endpoint_id"] for one in attempts})
            ways = connection.execute(ENDPOINTS_OF_EVENT, values).all()
        return StoredMessage(
            as_event(row),
            tuple(MessageWay(way.id, way.off, way.thin, way.passed, way.again, way.before, way.retry_at) for way in ways),
            tuple({**one, "at": iso(one["at"])} for one in attempts),
        )
