"""What the planner needs of the fleet, and what it said last: one level a resource for everybody."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine, text

from store.schema.errors import translated
from store.schema.hours import A_DAY_AGO, POLL_HOURS

# Without sellers whose tokens are dead or whose account is refused: nobody polls them.
POLLED_STREAMS_OF_FLEET = text("""
    SELECT s.seller_id, s.enrolled_at, s.options, s.wishes AS overrides, t.stream,
        t.pace, t.last_change_at, t.sales_30d,
        CASE WHEN m.mode = 'webhooks' THEN m.polls_first ELSE 0 END AS polls_first,
        CASE WHEN m.mode = 'webhooks' THEN m.orders ELSE 0 END AS orders
    FROM sellerbeat.streams t JOIN sellerbeat.sellers s USING (seller_id) LEFT JOIN sellerbeat.tokens k USING (seller_id) LEFT
        JOIN sellerbeat.modes m USING (seller_id)
    WHERE s.removed_at IS NULL AND k.dead_at IS NULL
        AND NOT EXISTS (SELECT FROM sellerbeat.accounts a WHERE a.seller_id = s.seller_id AND a.refused = k.generation)
        AND t.stream = ANY(CAST(:streams AS text[]))
""")
PUT_PLAN = text("""
    INSERT INTO sellerbeat.levels AS l (resource, plan, planned_at) VALUES (:resource, CAST(:plan AS jsonb), clock_timestamp())
    ON CONFLICT (resource) DO UPDATE SET plan = excluded.plan, planned_at = excluded.planned_at
""")
COUNT_ENROLLED_SELLERS = text("SELECT count(*) FROM sellerbeat.sellers WHERE removed_at IS NULL")
DATABASE_CLOCK = text("SELECT clock_timestamp()")
ALL_PLANS = text("SELECT resource, plan, planned_at FROM sellerbeat.levels")
# Null where nothing was planned yet.
ARE_PLANS_LATE = text("SELECT max(planned_at) < clock_timestamp() - CAST(:than AS interval) FROM sellerbeat.levels")
COUNT_CALLS_CAUSED_BY_ORDERS = text(f"""
    SELECT coalesce(sum(api_calls), 0) FROM {POLL_HOURS.format(since=A_DAY_AGO)} AS h WHERE stream IN ('fulfillment', 'sweep')
""")
DELETE_OLD_POLL_HOURS = text(f"DELETE FROM sellerbeat.poll_hours WHERE hour < {A_DAY_AGO} - interval '1 day'")
COUNT_ORDERS_BY_HOUR = text("""
    SELECT CAST(extract(hour FROM created_at AT TIME ZONE 'UTC') AS integer) AS hour, count(*) AS orders
    FROM sellerbeat.orders WHERE created_at > (SELECT clock_timestamp() - CAST(:days AS interval)) GROUP BY 1
""")


class Polled(NamedTuple):
    """One stream of one seller, as the planner sees it. Times UTC."""

    seller_id: str
    enrolled_at: datetime
    options: dict[str, Any]
    overrides: dict[str, Any]
    stream: str
    pace: list[float] | None  # domain/pacing/state.py
    last_change_at: datetime | None
    sales_30d: int
    polls_first: int = 0  # of `orders`, where notifications are relied on: those that none of them announced
    orders: int = 0


class Said(NamedTuple):
    """What the planner said last of a resource. `plan`: as `activities/fleet/planning.py` writes it; `planned_at`: the database's clock."""

    plan: dict[str, Any]
    planned_at: datetime


class Levels:
    """For the planner: what it reads of all sellers, and its plans."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def fleet(self, streams: list[str]) -> list[Polled]:
        """All sellers that are polled, a row for each of these streams."""
        with translated(), self._single.connect() as connection:
            return [Polled(*row) for row in connection.execute(POLLED_STREAMS_OF_FLEET, {"streams": streams})]

    def sellers(self) -> int:
        """How many are enrolled."""
        with translated(), self._single.connect() as connection:
            return int(connection.execute(COUNT_ENROLLED_SELLERS).scalar_one())

    def put(self, resource: str, plan: Mapping[str, Any]) -> None:
        """The plan takes the place of the resource's earlier one. `plan`: JSON values."""
        with translated(), self._single.connect() as connection:
            connection.execute(PUT_PLAN, {"resource": resource, "plan": json.dumps(dict(plan))})

    def all(self) -> dict[str, Said]:
        """The plans, by resource; one that was never planned is missing."""
        with translated(), self._single.connect() as connection:
            return {row.resource: Said(row.plan, row.planned_at) for row in connection.execute(ALL_PLANS)}

    def late(self, than: timedelta) -> bool:
        """Whether a plan stands that is older than this."""
        with translated(), self._single.connect() as connection:
            return bool(connection.execute(ARE_PLANS_LATE, {"than": than}).scalar())

    def forget_hours(self) -> int:
        """Delete the sums of hours that nobody reads any more, older than two days; returns how many there were."""
        with translated(), self._single.connect() as connection:
            return connection.execute(DELETE_OLD_POLL_HOURS).rowcount

    def clock(self) -> datetime:
        """The database's clock, by which the quota's day goes."""
        with translated(), self._single.connect() as connection:
            now: datetime = connection.execute(DATABASE_CLOCK).scalar_one()
            return now

    def hours(self, days: timedelta) -> list[int]:
        """Orders of the whole fleet by the hour (UTC) in which they were placed, 24 numbers. Reads every order of these days."""
        counts = [0] * 24
        with translated(), self._single.connect() as connection:
            for row in connection.execute(COUNT_ORDERS_BY_HOUR, {"days": days}):
                counts[row.hour] = row.orders
        return counts

    def caused(self) -> int:
        """Calls of the last day that orders caused, however often they are polled: parcels, single reads, rounds and sweeps."""
        with translated(), self._single.connect() as connection:
            calls: int = connection.execute(COUNT_CALLS_CAUSED_BY_ORDERS).scalar_one()
            return int(calls)
