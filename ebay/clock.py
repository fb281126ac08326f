"""Times on the wire: headers and filters. Inside, every time is an aware UTC datetime."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MS = timedelta(milliseconds=1)


def floor_ms(time: datetime) -> datetime:
    """Down to the millisecond, the grain of eBay's filters."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def stamp(time: datetime) -> str:
    """`2026-06-18T13:27:24.000Z`: the form that eBay documents."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def http_date(text: str | None) -> datetime | None:
    """A `Date` header; None where it is missing or unreadable."""
    try:
        time = parsedate_to_datetime(text or "")
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def retry_after(text: str | None, now: datetime) -> float | None:
    """A `Retry-After` header, seconds or a date, as seconds from `now`; None where it says nothing usable."""
    try:
        seconds = float(text or "")
    except ValueError:
        date = http_date(text)
        seconds = (date - now).total_seconds() if date else math.nan
    return max(0.0, seconds) if math.isfinite(seconds) else None
