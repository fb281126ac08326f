"""What tables hold of a seller's last 24 hours, summed up by the bucket: a day of 10,000 polls and 100,000 changes is a thousand rows.

Changes are counted by the polls that recorded them: to count the changes themselves Postgres would have to fetch each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from domain.seller_day import ACTS, STEERS_PAUSES, DayFact, DayKind, SellerDay, ends_of_pauses, seller_day, window_of
from store.schema.errors import UnknownSellerError, translated
from store.schema.hours import POLL_HOURS

_SINCE = "CAST(:since AS timestamptz)"
_QUARTER = f"date_bin(interval '15 minutes', {{at}}, {_SINCE})"
_NEWEST = "(array_agg({what} ORDER BY {at} DESC) FILTER (WHERE {what} IS NOT NULL))[1]"

CLOCK_IF_SELLER_EXISTS = text("SELECT clock_timestamp() FROM sellerbeat.sellers WHERE seller_id = :seller_id")
HOURS_OF_SELLER_SINCE = text(f"""
    SELECT hour, stream, sum(polls) AS polls FROM {POLL_HOURS.format(since=_SINCE)} AS h
    WHERE seller_id = :seller_id GROUP BY hour, stream HAVING sum(polls) > 0
""")
QUARTERS_OF_POLL_RUNS_SINCE = text(f"""
    SELECT {_QUARTER.format(at="started_at")} AS quarter, stream, count(*) FILTER (WHERE changes > 0 OR error IS NOT NULL) AS loud,
        min(started_at) FILTER (WHERE changes > 0) AS first_change, max(started_at) FILTER (WHERE changes > 0) AS last_change,
        sum(changes) AS changes, count(error) AS failures,
        min(started_at) FILTER (WHERE error IS NOT NULL) AS first_failure, max(started_at) FILTER (WHERE error IS NOT NULL) AS last_failure,
        {_NEWEST.format(what="error", at="started_at")} AS error
    FROM sellerbeat.poll_runs WHERE seller_id = :seller_id AND started_at >= {_SINCE} GROUP BY 1, 2
""")
QUARTERS_OF_ALERTS_SINCE = text(f"""
    WITH moved AS (
        SELECT opened_at AS at, 'opened' AS what, kind, text FROM sellerbeat.alerts
        WHERE seller_id = :seller_id AND opened_at >= {_SINCE}
        UNION ALL
        SELECT closed_at, 'closed', kind, text FROM sellerbeat.alerts WHERE seller_id = :seller_id AND closed_at >= {_SINCE}
    )
    SELECT {_QUARTER.format(at="at")} AS quarter, what, kind, count(*) AS number, min(at) AS first, max(at) AS last,
        {_NEWEST.format(what="text", at="at")} AS text
    FROM moved GROUP BY 1, 2, 3
""")
# What is done for everybody is done to the seller too. Each end of a pause has a row: those that pass by themselves are told apart.
QUARTERS_OF_ACTS_SINCE = text(f"""
    WITH acts AS (
        SELECT at, id, action, author, after FROM sellerbeat.audit
        WHERE seller_id = :seller_id AND at >= {_SINCE} AND action = ANY (:actions) AND outcome IS DISTINCT FROM 'failed'
        UNION ALL
        SELECT at, id, action, author, after FROM sellerbeat.audit
        WHERE seller_id IS NULL AND subject = 'all' AND at >= {_SINCE} AND action = ANY (:actions) AND outcome IS DISTINCT FROM 'failed'
    )
    SELECT {_QUARTER.format(at="at")} AS quarter, action, after ->> 'until' AS until, count(*) AS number, min(at) AS first, max(at) AS last,
        {_NEWEST.format(what="author", at="id")} AS author, {_NEWEST.format(what="after ->> 'paused'", at="id")} AS reason
    FROM acts GROUP BY 1, 2, 3
""")
QUARTERS_OF_NOTIFICATIONS_SINCE = text(f"""
    SELECT {_QUARTER.format(at="received_at")} AS quarter, topic, count(*) AS number, min(received_at) AS first, max(received_at) AS last
    FROM sellerbeat.notifications WHERE seller_id = :seller_id AND received_at >= {_SINCE} GROUP BY 1, 2
""")


class SellerDayReader:
    """For page, API and command line. Locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    def read(self, seller_id: str) -> SellerDay:
        """The last 24 hours of a seller, by the database's clock. Raises UnknownSellerError: never enrolled."""
        with translated(), self._engine.connect() as connection:
            now = connection.execute(CLOCK_IF_SELLER_EXISTS, {"seller_id": seller_id}).scalar()
            if now is None:
                raise UnknownSellerError(seller_id, removed=False)
            return seller_day(list(_facts(connection, seller_id, now)), now)


def _facts(connection: Connection, seller_id: str, now: datetime) -> Iterator[DayFact]:
    values: dict[str, Any] = {"seller_id": seller_id, "since": window_of(now)}
    hours = connection.execute(HOURS_OF_SELLER_SINCE, values).all()
    runs = connection.execute(QUARTERS_OF_POLL_RUNS_SINCE, values).all()
    yield from _polls(hours, runs)
    for row in runs:
        if row.changes:
            yield DayFact(DayKind.CHANGES, row.first_change, int(row.changes), row.stream, row.last_change)
        if row.failures:
            yield DayFact(DayKind.FAILURES, row.first_failure, row.failures, f"poll of {row.stream} failed", row.last_failure, row.error)
    for row in connection.execute(QUARTERS_OF_ALERTS_SINCE, values):
        yield DayFact(DayKind.ALERTS, row.first, row.number, f"{row.kind} {row.what}", row.last, row.text if row.what == "opened" else "")
    pauses: dict[datetime, datetime | None] = {}
    for row in connection.execute(QUARTERS_OF_ACTS_SINCE, values | {"actions": list(ACTS)}):
        words = " ".join(part for part in (f"by {row.author}", f"({row.reason})" if row.reason else "") if part)
        yield DayFact(DayKind.ACTS, row.first, row.number, ACTS[row.action], row.last, words)
        if row.action in STEERS_PAUSES:
            pauses[row.last] = datetime.fromisoformat(row.until) if row.until else None
    yield from ends_of_pauses(pauses, window_of(now), now)
    for row in connection.execute(QUARTERS_OF_NOTIFICATIONS_SINCE, values):
        yield DayFact(DayKind.NOTIFICATIONS, row.first, row.number, row.topic, row.last)


def _polls(hours: Iterable[Row[Any]], runs: Iterable[Row[Any]]) -> Iterator[DayFact]:
    """By the hour; of them those are quiet that left no row of changes or of an error."""
    loud: dict[tuple[datetime, str], int] = {}
    for row in runs:
        key = row.quarter.replace(minute=0), row.stream
        loud[key] = loud.get(key, 0) + row.loud
    for row in hours:
        polls = int(row.polls)
        yield DayFact(DayKind.POLLS, row.hour, polls, row.stream, quiet=max(0, polls - loud.get((row.hour, row.stream), 0)))
