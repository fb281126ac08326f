"""Rows of simulated days, and rounds of retention, for the tests of partitions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from domain.partitions import AHEAD
from domain.retention import Retention
from store import Store
from store.schema.partitions import partitions
from tests.store.documents import SELLER

DAY = timedelta(days=1)
KEEP = Retention(events=20 * DAY, polls=12 * DAY, deliveries=40 * DAY)


def run(store: Store, statement: str, **values: object) -> Any:
    with store.engine.begin() as connection:
        found = connection.execute(text(statement), values)
        return found.all() if found.returns_rows else found.rowcount


def made_on(store: Store) -> datetime:
    """Noon of the day when the tables were made: midnight may lie between that and the test."""
    with store.engine.begin() as connection:
        edge = partitions(connection, "poll_runs")[0].range.upper
    assert isinstance(edge, datetime)
    return edge - AHEAD - DAY / 2


def names(store: Store, parent: str) -> list[str]:
    with store.engine.begin() as connection:
        return [one.name for one in partitions(connection, parent)]


def forget(store: Store, now: datetime, keep: Retention = KEEP, rounds: int = 50) -> None:
    for _ in range(rounds):
        if not store.retention.forget(keep, now):
            return
    raise AssertionError("it does not end")


def alerts(store: Store) -> list[str]:
    return [one["text"] for one in store.alerts() if one["kind"] == "partition_missing"]


LIVE = (
    """
    WITH drawn AS (SELECT n, nextval('sellerbeat.positions') AS p FROM generate_series(1, :count) n)
    INSERT INTO sellerbeat.change_events
        (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
    SELECT p, gen_random_uuid()::text, :seller, p, 'order.updated', 'o', 1, :now, :now, 'poll', '[]', '{}', '{}' FROM drawn
    """,
    """
    INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at)
    SELECT :seller, extract(epoch FROM CAST(:now AS timestamptz)) + n, 'orders', 'poll',
        CAST(:now AS timestamptz) - n * interval '1 second', :now FROM generate_series(1, :count) n
    """,
    """
    INSERT INTO sellerbeat.deliveries (at, endpoint_id, event_id, position, type, attempt, replayed, outcome, took_ms)
    SELECT :now, 'e', 'i', n, 't', 1, false, 'delivered', 1 FROM generate_series(1, :count) n
    """,
)


def live(store: Store, now: datetime, count: int = 20) -> None:
    for statement in LIVE:
        run(store, statement, now=now, count=count, seller=SELLER)
