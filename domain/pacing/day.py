"""The quota day: from midnight to midnight where eBay is, US Pacific.

Twice a year it has 23 or 25 hours, so nothing adds 86,400 seconds to a reset.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


@dataclass(frozen=True, slots=True)
class QuotaDay:
    """One day of eBay's quotas. `quota_day` makes it."""

    day: date  # where eBay is: the ledger's key
    start: float  # unix time, included
    reset_at: float  # unix time, the next day's start

    @property
    def seconds(self) -> float:
        """How long it is: the seconds of 23, 24 or 25 hours."""
        return self.reset_at - self.start


def quota_day(now: float) -> QuotaDay:
    """The quota day that holds `now` (unix time), by the calendar; where eBay's `rate_limit` names a reset, that holds."""
    day = datetime.fromtimestamp(now, PACIFIC).date()
    return QuotaDay(day, _midnight(day), _midnight(day + timedelta(days=1)))


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=PACIFIC).astimezone(UTC).timestamp()
