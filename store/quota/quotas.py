"""eBay's own count of the calls left today, by resource, and what our polls used."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from domain.pacing import Stream
from domain.streams import RESOURCES
from store.schema.errors import translated
from store.schema.hours import A_DAY_AGO, POLL_HOURS
from store.schema.times import iso

# Never back to an older reading: several processes read.
PUT_QUOTA = text("""
    INSERT INTO sellerbeat.quotas AS q (resource, "limit", remaining, reset_at, read_at)
    VALUES (:resource, :limit, :remaining, :reset_at, coalesce(:read_at, clock_timestamp()))
    ON CONFLICT (resource) DO UPDATE SET
        "limit" = excluded."limit", remaining = excluded.remaining, reset_at = excluded.reset_at, read_at = excluded.read_at
        WHERE q.read_at <= excluded.read_at
""")
RESET_OF_SPENT_QUOTA = text("""
    SELECT reset_at FROM sellerbeat.quotas WHERE resource = :resource AND remaining <= 0 AND reset_at > clock_timestamp()
""")
# A row for one caller in `every`, of all processes; nothing for the others.
CLAIM_TURN = text("""
    INSERT INTO sellerbeat.claims AS c (name, at) VALUES (:name, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE c.at <= excluded.at - CAST(:every AS interval)
    RETURNING 1
""")
ALL_QUOTAS = text('SELECT resource, "limit", remaining, reset_at, read_at FROM sellerbeat.quotas ORDER BY resource')
CALLS_BY_STREAM_SINCE = text(f"""
    SELECT stream, sum(api_calls) AS calls FROM {POLL_HOURS.format(since=f"coalesce(:since, {A_DAY_AGO})")} AS h GROUP BY stream
""")


@dataclass(frozen=True, slots=True)
class Quota:
    """What eBay said last of a resource. Times UTC."""

    resource: str  # "orders", "inventory", "trading" or "feed"
    limit: int | None  # calls a day, by eBay's count
    remaining: int | None
    reset_at: datetime | None
    read_at: datetime


class Quotas:
    """eBay's counts, known to all processes together. Its clock is the database's."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def put(
        self, resource: str, *, limit: int | None, remaining: int | None, reset_at: datetime | None, read_at: datetime | None = None
    ) -> None:
        """Keep what eBay counts; an older reading changes nothing. `read_at`: else now."""
        values = {"resource": resource, "limit": limit, "remaining": remaining, "reset_at": reset_at, "read_at": read_at}
        with translated(), self._single.connect() as connection:
            connection.execute(PUT_QUOTA, values)

    def until(self, resource: str) -> datetime | None:
        """When a spent resource is there again; None: it is not spent."""
        with translated(), self._single.connect() as connection:
            moment: datetime | None = connection.execute(RESET_OF_SPENT_QUOTA, {"resource": resource}).scalar()
            return moment

    def may_read(self, every: timedelta) -> bool:
        """Whether it is this caller's turn to ask eBay for its count: True once in `every`, for all processes together."""
        with translated(), self._single.connect() as connection:
            return connection.execute(CLAIM_TURN, {"name": "rate_limit", "every": every}).scalar() is not None

    def all(self) -> list[Quota]:
        """Every known count, sorted by resource; one of which eBay never said anything is missing."""
        with translated(), self._single.connect() as connection:
            return [Quota(*row) for row in connection.execute(ALL_QUOTAS)]

    def used(self, since: datetime | None = None) -> dict[str, int]:
        """Calls that our polls made since then (None: in 24 hours), by resource; every resource is there."""
        with translated(), self._single.connect() as connection:
            rows = connection.execute(CALLS_BY_STREAM_SINCE, {"since": since}).all()
        counted = dict.fromkeys(sorted(set(RESOURCES.values())), 0)
        for row in rows:
            counted[RESOURCES[Stream(row.stream)]] += int(row.calls)
        return counted

    def today(self) -> list[dict[str, Any]]:
        """For `starter.py quota`: by resource what eBay says, beside what we used since its last reset (or in 24 hours)."""
        known = {quota.resource: quota for quota in self.all()}
        rows: list[dict[str, Any]] = []
        for resource in sorted(set(RESOURCES.values()) | known.keys()):
            quota = known.get(resource)
            since = quota.reset_at - timedelta(days=1) if quota and quota.reset_at else None
            used = self.used(since).get(resource, 0)
            rows.append(
                {
                    "resource": resource,
                    "used": used,
                    "limit": quota.limit if quota else None,
                    "remaining": quota.remaining if quota else None,
                    "reset_at": iso(quota.reset_at) if quota else None,
                    "read_at": iso(quota.read_at) if quota else None,
                }
            )
        return rows
