"""Changes and calls of the last 24 hours, hour by hour for each seller: kept in memory, as hours that are over do not change.

A day of 3,000 sellers has some 300,000 rows of hours. So they are read once, and from then on only the hours that may still grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from sqlalchemy import Engine, text

from store.schema.errors import translated
from store.schema.hours import POLL_HOURS

HOURS = 24
NONE = 0, 0  # changes and calls
HOUR = timedelta(hours=1)
LATE = timedelta(minutes=15)  # a poll is recorded when it ends, under the time at which it began
FRESH = timedelta(seconds=2)
# A poll counts in the hour in which it began.
HOURLY_SUMS_OF_SELLERS_SINCE = text(f"""
    SELECT seller_id, hour, sum(changes) AS changes, sum(api_calls) AS calls
    FROM {POLL_HOURS.format(since="CAST(:since AS timestamptz)")} AS h GROUP BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class Sums:
    """The last 24 hours, the current one last."""

    changes: tuple[int, ...] = (0,) * HOURS
    calls: int = 0

    @property
    def total(self) -> int:
        """Changes of all hours."""
        return sum(self.changes)


class Day:
    """Sums by hour, kept between looks; safe for threads."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._clock = clock
        self._hours: dict[datetime, dict[str, tuple[int, int]]] = {}
        self._totals: dict[datetime, tuple[int, int]] = {}
        self._read_at: datetime | None = None
        self._lock = Lock()  # one reads, the others take what it read

    def sums(self, sellers: Iterable[str]) -> tuple[dict[str, Sums], Sums]:
        """By seller, for each of these, and of all sellers together. At most two seconds old."""
        with self._lock:
            now = self._clock()
            if self._read_at is None or not timedelta() <= now - self._read_at < FRESH:
                self._read(now)
            hours = [self._hours.get(hour, {}) for hour in _last_hours(now)]
            whole = [self._totals.get(hour, NONE) for hour in _last_hours(now)]
            return {seller: _sums([hour.get(seller, NONE) for hour in hours]) for seller in sellers}, _sums(whole)

    def _read(self, now: datetime) -> None:
        oldest = _last_hours(now)[0]
        since = oldest if self._read_at is None else max(oldest, _hour(min(self._read_at, now) - LATE))
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(HOURLY_SUMS_OF_SELLERS_SINCE, {"since": since}).all()
        remaining = {hour: sums for hour, sums in self._hours.items() if oldest <= hour < since}
        for row in rows:
            remaining.setdefault(row.hour, {})[row.seller_id] = int(row.changes), int(row.calls)
        anew = {hour: sums for hour, sums in remaining.items() if hour >= since or hour not in self._totals}
        totals = {hour: (sum(n for n, _ in sums.values()), sum(n for _, n in sums.values())) for hour, sums in anew.items()}
        self._totals = {hour: total for hour, total in self._totals.items() if hour in remaining} | totals
        self._hours, self._read_at = remaining, now


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _last_hours(now: datetime) -> list[datetime]:
    return [_hour(now) - HOUR * back for back in range(HOURS - 1, -1, -1)]


def _sums(hours: list[tuple[int, int]]) -> Sums:
    return Sums(tuple(changes for changes, _ in hours), sum(calls for _, calls in hours))
