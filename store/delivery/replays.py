"""Sending again what was delivered.

A replay looks through the feed some thousand changes at a time, so that any size of it fits, and a crash loses nothing: whoever goes on
begins where the last transaction ended. What it finds stands in `redeliveries`, in the order of the feed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from store.delivery.cursors import MATCHES
from store.events.newest import MARGIN, before_time
from store.schema.errors import translated
from store.schema.tables import LARGEST_ID
from store.schema.times import iso

CHUNK = 5000  # changes looked through in one transaction

_CHOSEN = f"""
    c.position > :after AND c.position <= :edge
        AND (CAST(:endpoint AS text) IS NULL OR e.id = :endpoint)
        AND (CAST(:ids AS text[]) IS NULL OR c.id = ANY(CAST(:ids AS text[])))
        AND (CAST(:seller AS text) IS NULL OR c.seller_id = :seller)
        AND (CAST(:types AS text[]) IS NULL OR {MATCHES.format(type="c.type", types="CAST(:types AS text[])")})
        AND (CAST(:since AS timestamptz) IS NULL OR c.detected_at >= :since)
        AND (CAST(:until AS timestamptz) IS NULL OR c.detected_at < :until)
        AND (e.seller_id IS NULL OR e.seller_id = c.seller_id) AND {MATCHES.format(type="c.type", types="e.types")}
"""
# What is not delivered yet comes anyway, and what was delivered since it was asked for just came.
_DELIVERED = f"""
    since_then AS MATERIALIZED (
        SELECT endpoint_id, position FROM sellerbeat.deliveries
        WHERE id > :log AND position > :after AND position <= :edge AND NOT replayed AND outcome = 'delivered'
    ), found AS (
        SELECT e.id AS endpoint, coalesce(c.seller_id, '') AS seller, c.position
        FROM sellerbeat.change_events c JOIN sellerbeat.endpoints e ON {_CHOSEN}
        LEFT JOIN sellerbeat.delivery_lanes l ON l.endpoint_id = e.id AND l.seller_id = coalesce(c.seller_id, '')
        LEFT JOIN since_then s ON s.endpoint_id = e.id AND s.position = c.position
        WHERE coalesce(c.sequence, c.position) <= coalesce(l.sequence, 0) AND s.position IS NULL
    )
"""
# Those too that are tried on: when they are taken their row here goes with them (cursors.py), so none is sent twice for it.
_FAILED = f"""
    last_attempts AS (
        SELECT DISTINCT ON (endpoint_id, position) endpoint_id, position, outcome FROM sellerbeat.deliveries
        WHERE position > :after AND position <= :edge
        ORDER BY endpoint_id, position, id DESC
    ), found AS (
        SELECT e.id AS endpoint, coalesce(c.seller_id, '') AS seller, c.position
        FROM last_attempts a JOIN sellerbeat.endpoints e ON e.id = a.endpoint_id
        JOIN sellerbeat.change_events c ON c.position = a.position AND {_CHOSEN}
        WHERE a.outcome <> 'delivered'
    )
"""
COUNT_DELIVERED_MESSAGES = text(f"WITH {_DELIVERED} SELECT count(*) FROM found")
COUNT_FAILED_MESSAGES = text(f"WITH {_FAILED} SELECT count(*) FROM found")
DELIVERED_MESSAGES = text(f"WITH {_DELIVERED} SELECT endpoint, seller, position FROM found")
FAILED_MESSAGES = text(f"WITH {_FAILED} SELECT endpoint, seller, position FROM found")
BOUNDS_OF_REPLAY = text("""
    SELECT (SELECT coalesce(max(position), 0) FROM sellerbeat.change_events) AS last,
        (SELECT coalesce(max(id), 0) FROM sellerbeat.deliveries) AS log
""")
BOUNDS_OF_EVENT_IDS = text("""
    SELECT coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS last FROM sellerbeat.change_events
    WHERE id = ANY (CAST(:ids AS text[]))
""")
ADD_REPLAY = text("""
    INSERT INTO sellerbeat.replays (asked_at, author, endpoint_id, seller_id, chosen, first, last, position, log_id, messages, queued)
    VALUES (clock_timestamp(), :author, :endpoint, :seller, CAST(:chosen AS jsonb), :first, :last, :first - 1, :log, :messages, 0)
    RETURNING id
""")
NEXT_OPEN_REPLAY = text("""
    SELECT * FROM sellerbeat.replays WHERE queued_at IS NULL AND (CAST(:id AS bigint) IS NULL OR id = :id)
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
LAST_POSITION_OF_CHUNK = text("""
    SELECT max(position) AS edge, count(*) AS changes FROM (
        SELECT position FROM sellerbeat.change_events WHERE position > :after AND position <= :last ORDER BY position LIMIT :chunk
    ) AS chunk
""")
LAST_POSITION_OF_CHUNK_OF_SELLER = text("""
    SELECT max(position) AS edge, count(*) AS changes FROM (
        SELECT position FROM sellerbeat.change_events WHERE seller_id = :seller AND position > :after AND position <= :last
        ORDER BY position LIMIT :chunk
    ) AS chunk
""")
# The order of locks: see cursors.py. Against their removal alone.
LOCK_ENDPOINTS_OF_REPLAY = text("SELECT id FROM sellerbeat.endpoints WHERE id = ANY (CAST(:endpoints AS text[])) ORDER BY id FOR KEY SHARE")
# Of what failed the waits are over: somebody acts. The tries are counted on, as in retrying.py: an alert of what was not delivered closes
# with the delivery that ends them.
WAKE_CURSORS_OF_REPLAY = text("""
    INSERT INTO sellerbeat.delivery_lanes AS l (endpoint_id, seller_id, sequence, tell_at)
    SELECT endpoint, seller, 0, statement_timestamp()
    FROM unnest(CAST(:endpoints AS text[]), CAST(:sellers AS text[])) AS given (endpoint, seller) ORDER BY endpoint, seller
    ON CONFLICT (endpoint_id, seller_id) DO UPDATE SET tell_at = excluded.tell_at,
        schedule_from = CASE WHEN :failed THEN l.tries ELSE l.schedule_from END, retry_at = CASE WHEN :failed THEN NULL ELSE l.retry_at END
    WHERE :failed OR l.retry_at IS NULL
""")
QUEUE_REDELIVERIES = text("""
    INSERT INTO sellerbeat.redeliveries AS r (endpoint_id, seller_id, position, replays)
    SELECT endpoint, seller, position, ARRAY[CAST(:id AS bigint)]
    FROM unnest(CAST(:endpoints AS text[]), CAST(:sellers AS text[]), CAST(:positions AS bigint[])) AS given (endpoint, seller, position)
    ORDER BY endpoint, seller, position
    ON CONFLICT (endpoint_id, seller_id, position) DO UPDATE SET replays = r.replays || excluded.replays
""")
RECORD_PROGRESS_OF_REPLAY = text("""
    UPDATE sellerbeat.replays SET position = :edge, queued = queued + :found,
        messages = CASE WHEN :edge >= last THEN queued + :found ELSE greatest(messages, queued + :found) END,
        queued_at = CASE WHEN :edge >= last THEN clock_timestamp() END
    WHERE id = :id
""")
REPLAYS_NEWEST_FIRST = text("""
    SELECT r.*, coalesce(w.messages, 0) AS left FROM sellerbeat.replays r LEFT JOIN (
        SELECT id, count(*) AS messages FROM (SELECT unnest(replays) AS id FROM sellerbeat.redeliveries) AS each GROUP BY id
    ) AS w ON w.id = r.id
    WHERE r.id < :before AND (CAST(:id AS bigint) IS NULL OR r.id = :id) ORDER BY r.id DESC LIMIT :limit
""")
LIFT_TIMEOUT_OF_REPLAY = text("SELECT set_config('statement_timeout', '0', true)")


@dataclass(frozen=True, slots=True)
class ReplayFilter:
    """Which changes are to be sent again; what is None or empty limits nothing."""

    endpoint: str | None = None  # None: every endpoint that wants them
    seller: str | None = None
    ids: tuple[str, ...] = ()  # of changes
    first: int | None = None  # positions, both included
    last: int | None = None
    types: tuple[str, ...] = ()  # such as order.*
    since: datetime | None = None  # recorded from then on, UTC
    until: datetime | None = None  # and before then
    failed: bool = False  # only those whose last attempt was not taken

    def chosen(self) -> dict[str, Any]:
        """What was asked for beside endpoint, seller and positions, as JSON has it."""
        times = {"since": iso(self.since), "until": iso(self.until)}
        return {"ids": list(self.ids) or None, "types": list(self.types) or None, **times, "failed": self.failed}


@dataclass(frozen=True, slots=True)
class BegunReplay:
    """`id`: None where there is nothing to send, or nothing was to be sent."""

    id: int | None
    messages: int


class Replays:
    """Begins replays, goes on with them, and says how far they are. Its clock is the database's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, asked: ReplayFilter, author: str = "", dry_run: bool = False) -> BegunReplay:
        """Count what is to be sent again and write it down; `advance` queues it. `dry_run`: count alone."""
        first = max(asked.first or 1, 1 + before_time(self._engine, asked.since) if asked.since else 1)
        latest = before_time(self._engine, asked.until + 2 * MARGIN) if asked.until else LARGEST_ID
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_REPLAY)
            bounds = connection.execute(BOUNDS_OF_REPLAY).one()
            last = min(asked.last or LARGEST_ID, latest, bounds.last)
            if asked.ids:
                own = connection.execute(BOUNDS_OF_EVENT_IDS, {"ids": list(asked.ids)}).one()
                first, last = max(first, own.first), min(last, own.last)
            values = _values(asked.endpoint, asked.seller, asked.chosen()) | {"log": bounds.log}
            count = COUNT_FAILED_MESSAGES if asked.failed else COUNT_DELIVERED_MESSAGES
            messages: int = connection.execute(count, {**values, "after": first - 1, "edge": last}).scalar_one()
            if dry_run or not messages:
                return BegunReplay(None, messages)
            values |= {"author": author, "chosen": json.dumps(asked.chosen()), "first": first, "last": last, "messages": messages}
            return BegunReplay(connection.execute(ADD_REPLAY, values).scalar_one(), messages)

    def advance(self, replay_id: int | None = None) -> bool:
        """Queue the next part of a replay, or of the oldest that is not queued whole. False: there is none that nobody else has in hand."""
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_REPLAY)
            replay = connection.execute(NEXT_OPEN_REPLAY, {"id": replay_id}).one_or_none()
            if replay is None:
                return False
            edge = _edge(connection, replay)
            values = _values(replay.endpoint_id, replay.seller_id, replay.chosen) | {"log": replay.log_id}
            find = FAILED_MESSAGES if replay.chosen["failed"] else DELIVERED_MESSAGES
            rows = connection.execute(find, {**values, "after": replay.position, "edge": edge}).all()
            found = _queue(connection, replay, rows) if rows else 0
            connection.execute(RECORD_PROGRESS_OF_REPLAY, {"id": replay.id, "edge": edge, "found": found})
            return True

    def page(self, limit: int = 20, before: int = LARGEST_ID, replay_id: int | None = None) -> list[dict[str, Any]]:
        """Replays, the newest first, as `starter.py replays --json` prints them; those older than the replay `before`."""
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(REPLAYS_NEWEST_FIRST, {"limit": limit, "before": before, "id": replay_id}).all()
        return [_as_json(row) for row in rows]


def _edge(connection: Connection, replay: Row[Any]) -> int:
    """The last position of the next part; that of the whole where this is its end."""
    if replay.chosen["ids"]:  # found by their index, and few
        return int(replay.last)
    values = {"after": replay.position, "last": replay.last, "seller": replay.seller_id, "chunk": CHUNK}
    statement = LAST_POSITION_OF_CHUNK if replay.seller_id is None else LAST_POSITION_OF_CHUNK_OF_SELLER
    chunk = connection.execute(statement, values).one()
    return int(replay.last if chunk.changes < CHUNK else chunk.edge)


def _queue(connection: Connection, replay: Row[Any], rows: Sequence[Row[Any]]) -> int:
    """Returns how many; an endpoint may have been removed just now."""
    there = set(connection.execute(LOCK_ENDPOINTS_OF_REPLAY, {"endpoints": sorted({row.endpoint for row in rows})}).scalars())
    rows = [row for row in rows if row.endpoint in there]
    cursors = sorted({(row.endpoint, row.seller) for row in rows})
    pairs = {"endpoints": [one for one, _ in cursors], "sellers": [one for _, one in cursors]}
    connection.execute(WAKE_CURSORS_OF_REPLAY, {**pairs, "failed": replay.chosen["failed"]})
    columns = {"endpoints": [row.endpoint for row in rows], "sellers": [row.seller for row in rows]}
    connection.execute(QUEUE_REDELIVERIES, {**columns, "positions": [row.position for row in rows], "id": replay.id})
    return len(rows)


def _values(endpoint: str | None, seller: str | None, chosen: dict[str, Any]) -> dict[str, Any]:
    return {"endpoint": endpoint, "seller": seller, **{name: chosen[name] for name in ("ids", "types", "since", "until")}}


def _as_json(row: Row[Any]) -> dict[str, Any]:
    state = "done" if row.queued_at and not row.left else "sending" if row.queued_at else "queueing"
    chosen = {name: row.chosen[name] for name in ("types", "since", "until", "failed")}
    return {
        "id": row.id,
        "state": state,
        "messages": row.messages,
        "queued": row.queued,
        "sent": max(row.queued - row.left, 0),
        "asked_at": iso(row.asked_at),
        "author": row.author,
        "endpoint": row.endpoint_id,
        "seller": row.seller_id,
        "ids": len(row.chosen["ids"] or ()) or None,
        **chosen,
        "first": row.first,
        "last": row.last,
    }
