"""Alerts of many sellers at a time: when thousands of polls are late, opening each alone would take longer than there is for a look."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Engine, Row, TextClause, text

from store.events.events import LOCK_POSITIONS, SOUND, event_id
from store.schema.errors import RestoredDatabaseError, translated
from store.schema.kinds import runbook
from store.schema.times import iso

CHUNK = 500  # alerts of one transaction, which holds their sellers' rows for some tens of milliseconds

# In one order, and nobody is waited for: a seller whose step commits just now has their turn at the next look.
LOCK_IDLE_SELLERS = text("""
    SELECT seller_id, enrollment FROM sellerbeat.sellers WHERE seller_id = ANY(CAST(:sellers AS text[]))
    ORDER BY seller_id FOR NO KEY UPDATE SKIP LOCKED
""")
_GIVEN = "unnest(CAST(:sellers AS text[]), CAST(:kinds AS text[]), CAST(:texts AS text[])) AS g (seller_id, kind, text)"
OPEN_MANY_ALERTS = text(f"""
    INSERT INTO sellerbeat.alerts (seller_id, kind, version, text, opened_at)
    SELECT g.seller_id, g.kind, 1 + coalesce((SELECT max(a.version) FROM sellerbeat.alerts a WHERE a.seller_id = g.seller_id
        AND a.kind = g.kind), 0),
        g.text, clock_timestamp()
    FROM {_GIVEN}
    ON CONFLICT DO NOTHING
    RETURNING seller_id, kind, version, text, opened_at, closed_at
""")
CLOSE_MANY_ALERTS = text(f"""
    UPDATE sellerbeat.alerts a SET closed_at = clock_timestamp() FROM {_GIVEN}
    WHERE a.seller_id = g.seller_id AND a.kind = g.kind AND a.closed_at IS NULL
    RETURNING a.seller_id, a.kind, a.version, a.text, a.opened_at, a.closed_at
""")
# As events.py does it for one seller.
EMIT_EVENTS_OF_MANY = text(f"""
    {LOCK_POSITIONS};
    WITH given AS (
        SELECT *, row_number() OVER (PARTITION BY seller_id ORDER BY n) AS k, count(*) OVER (PARTITION BY seller_id) AS many
        FROM unnest(
            CAST(:sellers AS text[]), CAST(:ids AS text[]), CAST(:entity_ids AS text[]), CAST(:versions AS bigint[]),
            CAST(:occurred AS timestamptz[]), CAST(:data AS jsonb[])
        ) WITH ORDINALITY AS g (seller_id, id, entity_id, version, occurred_at, data, n)
    ), mine AS (
        UPDATE sellerbeat.sellers s SET sequence = s.sequence + c.many, detected_at = greatest(clock_timestamp(), s.detected_at)
        FROM (SELECT DISTINCT seller_id, many FROM given) AS c WHERE s.seller_id = c.seller_id AND {SOUND}
        RETURNING s.seller_id, s.sequence, s.detected_at
    )
    INSERT INTO sellerbeat.change_events
        (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
    SELECT nextval('sellerbeat.positions'), e.id, e.seller_id, e.sequence, :type, e.entity_id, e.version, e.occurred_at, e.detected_at,
        'poll', '[]', '{{}}', e.data
    FROM (SELECT given.*, mine.sequence - many + k AS sequence, mine.detected_at FROM given JOIN mine USING (seller_id) ORDER BY n) AS e
""")


class SellersAlert(NamedTuple):
    """An alert to be opened or closed; closing needs no text."""

    seller_id: str
    kind: str  # as it is kept: `late:orders`
    text: str = ""


class ManyAlerts:
    """Opens and closes 500 at a time. Sellers whose row is locked just now are left out: they have their turn at the next look."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, alerts: Iterable[SellersAlert]) -> int:
        """Those that are not open already, of sellers who have a row. Returns how many were opened."""
        return self._all(OPEN_MANY_ALERTS, "alert.opened", alerts)

    def close(self, alerts: Iterable[SellersAlert]) -> int:
        """Those that are open. Returns how many were closed."""
        return self._all(CLOSE_MANY_ALERTS, "alert.closed", alerts)

    def _all(self, statement: TextClause, type_: str, alerts: Iterable[SellersAlert]) -> int:
        left, done = iter(sorted(alerts)), 0
        while some := list(islice(left, CHUNK)):
            done += self._some(statement, type_, some)
        return done

    def _some(self, statement: TextClause, type_: str, alerts: Sequence[SellersAlert]) -> int:
        with translated(), self._engine.begin() as connection:
            enrollments = dict(
                tuple(row) for row in connection.execute(LOCK_IDLE_SELLERS, {"sellers": sorted({one.seller_id for one in alerts})})
            )
            there = [one for one in alerts if one.seller_id in enrollments]
            sellers, kinds, texts = map(list, zip(*there, strict=True)) if there else ([], [], [])
            rows = connection.execute(statement, {"sellers": sellers, "kinds": kinds, "texts": texts}).all()
            if rows and not connection.execute(EMIT_EVENTS_OF_MANY, {**_events(type_, rows, enrollments), "type": type_}).rowcount:
                raise RestoredDatabaseError
            return len(rows)


def _events(type_: str, rows: Sequence[Row[Any]], enrollments: dict[str, Any]) -> dict[str, list[Any]]:
    rows = sorted(rows, key=lambda row: (row.seller_id, row.kind))
    return {
        "sellers": [row.seller_id for row in rows],
        "ids": [event_id(enrollments[row.seller_id], f"alert:{row.kind}", row.version, type_) for row in rows],
        "entity_ids": [f"alert:{row.kind}" for row in rows],
        "versions": [row.version for row in rows],
        "occurred": [row.closed_at or row.opened_at for row in rows],
        "data": [_document(row) for row in rows],
    }


def _document(row: Row[Any]) -> str:
    times = {"opened_at": iso(row.opened_at), "closed_at": iso(row.closed_at)}
    return json.dumps({"kind": row.kind, "text": row.text, "runbook": runbook(row.kind), **times}, ensure_ascii=False)
