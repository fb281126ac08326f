"""How each endpoint does: what waits, its next try and last answer, and of the last 24 hours how many attempts went well and how fast.

Attempts are summed by quarters of an hour once these are over, as counting a million of them takes a second; those since are counted as
they stand. `fold` sums what is not yet summed, whoever calls it; where nobody does, the figures are the same and take longer.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from domain.delivery.latency import UNANSWERED, WIDTH
from store.delivery.deliveries import WAITING_CHANGES_OF_ENDPOINT, Waiting
from store.schema.errors import translated
from store.schema.times import iso

MARK = "delivery_sums"  # until when attempts are summed
_SLOT = "date_bin(interval '15 minutes', {}, TIMESTAMPTZ '2000-01-01 00:00:00Z')"
_SINCE = _SLOT.format("clock_timestamp() - interval '24 hours'")
_BUCKET = f"""CASE WHEN status IS NULL THEN {UNANSWERED}
    ELSE CAST(floor(ln(CAST(greatest(took_ms, 1) AS double precision)) / ln(CAST({WIDTH} AS double precision))) AS integer) END"""
_COUNTS = "count(*) FILTER (WHERE outcome = 'delivered') AS delivered, count(*) FILTER (WHERE outcome <> 'delivered') AS failed"

ENDPOINTS_WITH_FIGURES = text(f"""
    WITH clock AS (
        SELECT clock_timestamp() AS now, {_SINCE} AS since,
            coalesce((SELECT CAST(value AS timestamptz) FROM sellerbeat.marks WHERE name = '{MARK}'), '-infinity') AS summed_until
    ), attempts AS (
        SELECT endpoint_id, bucket, delivered, failed FROM sellerbeat.delivery_sums
        WHERE slot >= (SELECT since FROM clock) AND (CAST(:endpoint AS text) IS NULL OR endpoint_id = :endpoint)
        UNION ALL
        SELECT endpoint_id, {_BUCKET} AS bucket, {_COUNTS} FROM sellerbeat.deliveries
        WHERE at >= (SELECT greatest(since, summed_until) FROM clock) AND (CAST(:endpoint AS text) IS NULL OR endpoint_id = :endpoint)
        GROUP BY 1, 2
    ), by_bucket AS (
        SELECT endpoint_id, bucket, sum(delivered) AS delivered, sum(failed) AS failed FROM attempts GROUP BY endpoint_id, bucket
    ), lately AS (
        SELECT endpoint_id, CAST(sum(delivered) AS bigint) AS delivered, CAST(sum(failed) AS bigint) AS failed,
            jsonb_object_agg(bucket, delivered + failed) AS times FROM by_bucket GROUP BY endpoint_id
    ), retries AS (
        SELECT endpoint_id, min(retry_at) AS next_try_at FROM sellerbeat.delivery_lanes WHERE retry_at IS NOT NULL GROUP BY endpoint_id
    )
    SELECT each.id, clock.now, clock.since AS counted_since, waits.changes, waits.since AS oldest_at, waits.again,
        CASE WHEN each.off_at IS NULL THEN retries.next_try_at END AS next_try_at, coalesce(lately.delivered, 0) AS delivered,
        coalesce(lately.failed, 0) AS failed, coalesce(lately.times, '{{}}') AS times, last.at, last.outcome, last.status, last.kind,
        last.took_ms
    FROM sellerbeat.endpoints each CROSS JOIN clock
    LEFT JOIN lately ON lately.endpoint_id = each.id
    LEFT JOIN retries ON retries.endpoint_id = each.id
    LEFT JOIN LATERAL (
        SELECT at, outcome, status, kind, took_ms FROM sellerbeat.deliveries WHERE endpoint_id = each.id ORDER BY id DESC LIMIT 1
    ) AS last ON true
    CROSS JOIN LATERAL ({WAITING_CHANGES_OF_ENDPOINT.format(endpoint="each.id")}) AS waits
    WHERE CAST(:endpoint AS text) IS NULL OR each.id = :endpoint
""")
# What is at most five minutes old may still be committed. None: another process is at it.
LOCK_MARK_OF_DELIVERY_SUMS = text(f"""
    SELECT CAST(value AS timestamptz) AS lower, {_SLOT.format("clock_timestamp() - interval '5 minutes'")} AS upper
    FROM sellerbeat.marks WHERE name = '{MARK}' FOR UPDATE SKIP LOCKED
""")
BEGIN_MARK_OF_DELIVERY_SUMS = text(f"""
    INSERT INTO sellerbeat.marks (name, value) SELECT '{MARK}', CAST({_SINCE} AS text) ON CONFLICT (name) DO NOTHING
""")
SUM_DELIVERIES = text(f"""
    INSERT INTO sellerbeat.delivery_sums (endpoint_id, slot, bucket, delivered, failed)
    SELECT endpoint_id, {_SLOT.format("at")} AS slot, {_BUCKET} AS bucket, {_COUNTS} FROM sellerbeat.deliveries
    WHERE at >= greatest(:lower, (SELECT {_SINCE})) AND at < :upper GROUP BY 1, 2, 3 ON CONFLICT DO NOTHING
""")
DROP_OLD_SUMS_OF_DELIVERIES = text(f"DELETE FROM sellerbeat.delivery_sums WHERE slot < (SELECT {_SINCE})")
MOVE_MARK_OF_DELIVERY_SUMS = text(f"""
    UPDATE sellerbeat.marks SET value = CAST(CAST(:upper AS timestamptz) AS text) WHERE name = '{MARK}'
""")
LIFT_TIMEOUT_OF_DELIVERY_SUMS = text("SELECT set_config('statement_timeout', '60s', true)")


@dataclass(frozen=True, slots=True)
class EndpointFigures:
    """How one endpoint does. Times by the database's clock."""

    waiting: Waiting
    next_try_at: datetime | None  # of whatever failed; None: nothing did, or the endpoint is off
    last: dict[str, Any] | None  # `at` in ISO, `outcome`, `status`, `kind`, `took_ms`
    since: datetime  # from here on attempts are counted: 24 hours ago, to a quarter of an hour
    delivered: int
    failed: int
    times: dict[int, int] = field(repr=False)  # attempts by bucket of domain/delivery/latency.py


class DeliveryFigures:
    """For command line, page and API; and for workers, which sum."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, endpoint: str | None = None) -> dict[str, EndpointFigures]:
        """By endpoint; of one alone, where it is named. One statement."""
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(ENDPOINTS_WITH_FIGURES, {"endpoint": endpoint}).all()
        return {row.id: _figures(row) for row in rows}

    def fold(self) -> int:
        """Sum the attempts of quarters of an hour that are over. Returns how many sums were added; 0 where another process is at it."""
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_DELIVERY_SUMS)
            mark = connection.execute(LOCK_MARK_OF_DELIVERY_SUMS).one_or_none()
            if mark is None:
                connection.execute(BEGIN_MARK_OF_DELIVERY_SUMS)
                return 0
            if mark.upper <= mark.lower:
                return 0
            added = connection.execute(SUM_DELIVERIES, {"lower": mark.lower, "upper": mark.upper}).rowcount
            connection.execute(DROP_OLD_SUMS_OF_DELIVERIES)
            connection.execute(MOVE_MARK_OF_DELIVERY_SUMS, {"upper": mark.upper})
            return added


def _figures(row: Any) -> EndpointFigures:
    age_s = (row.now - row.oldest_at).total_seconds() if row.oldest_at else 0.0
    answer = {"at": iso(row.at), "outcome": row.outcome, "status": row.status, "kind": row.kind, "took_ms": row.took_ms}
    return EndpointFigures(
        waiting=Waiting(row.changes, row.again, row.oldest_at, age_s),
        next_try_at=row.next_try_at,
        last=answer if row.outcome else None,
        since=row.counted_since,
        delivered=row.delivered,
        failed=row.failed,
        times={int(bucket): int(count) for bucket, count in row.times.items()},
    )
