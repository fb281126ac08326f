"""The ledger of calls: no call to eBay without a permit, and never more permits a day than eBay gives calls. One row a resource.

A permit is never given back, so that whatever crashes the count is never too low. The quota day ends at midnight US Pacific, by
the calendar, or when eBay's `rate_limit` says; twice a year it has 23 or 25 hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from domain.pacing import PacingSettings
from domain.pacing.reserve import LAST
from domain.streams import Purpose
from store.schema.errors import translated

MIDNIGHT = "(date_trunc('day', clock_timestamp() AT TIME ZONE 'America/Los_Angeles') {plus}) AT TIME ZONE 'America/Los_Angeles'"
TODAY, TOMORROW = MIDNIGHT.format(plus=""), MIDNIGHT.format(plus="+ interval '1 day'")
OVER = "p.reset_at <= clock_timestamp()"
USED = f"CASE WHEN {OVER} THEN 0 ELSE p.used END"
# As `domain.pacing.reserve_calls`: freed as the day goes by. On a new day all of it is kept back.
RESERVE = f"""
    (CASE WHEN {OVER} THEN 1 ELSE least(1, extract(epoch FROM p.reset_at - clock_timestamp())
        / greatest(extract(epoch FROM p.reset_at - p.day_start), 1)) END
    * ((CAST(:kept AS double precision) + {PacingSettings().reserve}) * p."limit" + p.caused) + {LAST} * p."limit")
"""
# One statement takes permits, and begins the new day where the old one is over.
TAKE = f"""
    UPDATE sellerbeat.permits p SET
        used = {USED} + :permits,
        day_start = CASE WHEN {OVER} THEN {TODAY} ELSE p.day_start END,
        reset_at = CASE WHEN {OVER} THEN {TOMORROW} ELSE p.reset_at END
    WHERE p.resource = :resource AND :permits > 0
        AND {USED} + :permits <= p."limit" - CASE WHEN CAST(:kept AS double precision) IS NULL THEN 0 ELSE {RESERVE} END
    RETURNING p."limit" - p.used AS calls_left, p.reset_at
"""
TAKE_PERMITS = text(TAKE)
# The settings' limit gives way to eBay's own, once that was read.
ENSURE_PERMITS = text(f"""
    INSERT INTO sellerbeat.permits AS p (resource, "limit", used, day_start, reset_at)
    SELECT resource, "limit", 0, {TODAY}, {TOMORROW}
    FROM unnest(CAST(:resources AS text[]), CAST(:limits AS bigint[])) AS given (resource, "limit")
    ON CONFLICT (resource) DO UPDATE SET "limit" = excluded."limit" WHERE NOT p.told AND p."limit" <> excluded."limit"
""")
# Once a row. Not of shares: these count our own calls alone.
ASSUME_PERMITS_USED = text("""
    UPDATE sellerbeat.permits SET assumed = true, used = greatest(used, "limit" * least(1, extract(epoch FROM clock_timestamp() - day_start)
        / greatest(extract(epoch FROM reset_at - day_start), 1)))
    WHERE NOT told AND NOT assumed AND resource <> ALL(CAST(:shares AS text[]))
""")
# eBay's count above the ledger's wins: others call with the same keys. Below it the ledger's does, unless that only assumed.
OBSERVE_LIMIT = text("""
    UPDATE sellerbeat.permits p SET
        "limit" = :limit, told = true, assumed = false,
        used = CASE WHEN p.assumed OR abs(extract(epoch FROM p.reset_at - :reset_at)) > 3600 THEN :limit - :remaining
            ELSE greatest(p.used, :limit - :remaining) END,
        day_start = CASE WHEN abs(extract(epoch FROM p.reset_at - :reset_at)) > 3600 THEN :reset_at - interval '24 hours'
            ELSE p.day_start END,
        reset_at = :reset_at
    WHERE p.resource = :resource AND :reset_at > clock_timestamp()
""")
# A share follows what eBay says of the whole, but for what was used.
FOLLOW_LIMIT_OF_WHOLE = text("""
    UPDATE sellerbeat.permits p SET "limit" = greatest(1, floor(:limit * CAST(:share AS double precision))), told = true,
        used = CASE WHEN abs(extract(epoch FROM p.reset_at - w.reset_at)) > 3600 THEN 0 ELSE p.used END,
        day_start = w.day_start, reset_at = w.reset_at
    FROM sellerbeat.permits w WHERE p.resource = :part AND w.resource = :resource AND w.told
""")
ALL_PERMITS = text(
    'SELECT resource, "limit", used, day_start, reset_at, told AS observed, caused FROM sellerbeat.permits ORDER BY resource'
)
RESERVE_CALLS_CAUSED_BY_ORDERS = text("UPDATE sellerbeat.permits SET caused = :calls WHERE resource = :resource")

# Of the limit, by the share of the day that is left.
HELD_BACK = {
    Purpose.URGENT: None,
    Purpose.POLL: 0.0,
    Purpose.BACKFILL: 0.5,
    Purpose.SPREAD: 0.9,
}

OFFERS = "offers"
SHARES = {OFFERS: ("inventory", 0.2)}  # ledgers of our own, beside that of the resource whose calls they are a part of


@dataclass(frozen=True, slots=True)
class Lease:
    """Permits that were given: `permits` calls may be made until `reset_at`; `left` more are there for whoever is urgent."""

    permits: int
    left: int
    reset_at: datetime


@dataclass(frozen=True, slots=True)
class Ledger:
    """A resource's row, as it stands. Times UTC."""

    resource: str
    limit: int  # calls a day
    used: int  # permits given today
    day_start: datetime
    reset_at: datetime
    observed: bool  # eBay's own count was read
    caused: float  # calls a day that orders cause, however often one polls


class PermitLedger:
    """One ledger for all processes: each statement decides alone. Its clock is the database's."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._single = engine, engine.execution_options(isolation_level="AUTOCOMMIT")

    def ensure(self, limits: Mapping[str, int]) -> None:
        """A row for each resource, with the limit of the settings until eBay tells its own. Any number of processes may do it."""
        with translated(), self._single.connect() as connection:
            connection.execute(ENSURE_PERMITS, {"resources": list(limits), "limits": list(limits.values())})

    def assume(self) -> None:
        """Where eBay's count could not be read, as much of the limit is taken for used as of the day is over. Once."""
        with translated(), self._single.connect() as connection:
            connection.execute(ASSUME_PERMITS_USED, {"shares": list(SHARES)})

    def lease(self, resource: str, permits: int, purpose: Purpose = Purpose.POLL) -> Lease | None:
        """Take permits, all of them or none."""
        with translated(), self._single.connect() as connection:
            row = connection.execute(TAKE_PERMITS, {"resource": resource, "permits": permits, "kept": HELD_BACK[purpose]}).one_or_none()
        return Lease(permits, row.calls_left, row.reset_at) if row else None

    def lease_all(self, calls: Mapping[str, int], purpose: Purpose) -> str | None:
        """Take permits of several resources, all of them or none. Returns a resource that lacks them; None: they are taken."""
        with translated(), self._engine.connect() as connection:
            for resource in sorted(calls):  # one order for all, so that two do not wait for each other
                values = {"resource": resource, "permits": calls[resource], "kept": HELD_BACK[purpose]}
                if connection.execute(TAKE_PERMITS, values).one_or_none() is None:
                    return resource  # what was taken of others is rolled back
            connection.commit()
        return None

    def observe(self, resource: str, limit: int, remaining: int, reset_at: datetime) -> None:
        """What eBay's `rate_limit` says of a resource."""
        values = {"resource": resource, "limit": limit, "remaining": remaining, "reset_at": reset_at}
        with translated(), self._single.connect() as connection:
            connection.execute(OBSERVE_LIMIT, values)
            for part, (whole, share) in SHARES.items():
                if whole == resource:
                    connection.execute(FOLLOW_LIMIT_OF_WHOLE, {"resource": resource, "part": part, "limit": limit, "share": share})

    def caused(self, resource: str, calls: float) -> None:
        """Calls a day that orders cause, however often one polls: kept back from polls until they are made."""
        with translated(), self._single.connect() as connection:
            connection.execute(RESERVE_CALLS_CAUSED_BY_ORDERS, {"resource": resource, "calls": calls})

    def all(self) -> dict[str, Ledger]:
        """By resource, as the rows stand: behind its `reset_at` one still counts the day before, until somebody takes a permit."""
        with translated(), self._single.connect() as connection:
            return {row.resource: Ledger(*row) for row in connection.execute(ALL_PERMITS)}
