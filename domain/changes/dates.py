"""eBay's timestamps as datetimes."""

from datetime import UTC, datetime, timedelta
from typing import Any

SKEW = timedelta(seconds=10)  # so far apart eBay's own clocks may be: that of a document and that of its answer


def read_time(value: object) -> datetime | None:
    """`"2026-06-18T13:27:24.000Z"` as an aware UTC datetime; None for whatever is no such text.

    eBay writes ISO-8601 in UTC, with or without milliseconds. A time without a zone is taken as UTC.
    """
    if type(value) is not str:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: the first or the last day of the calendar, in another zone
        return None


def modified_at(order: Any, now: datetime) -> datetime | None:
    """An order's `lastModifiedDate`; None where it cannot be: beyond eBay's clock, or before the order was placed.

    Such a date says nothing of which of two documents is the newer one. Believed, one of 2106 would make every later document an older one.

    Args:
        now: eBay's clock when it gave the document.
    """
    if type(order) is not dict:
        return None
    modified = read_time(order.get("lastModifiedDate"))
    if modified is None or modified - now > SKEW:
        return None
    created = read_time(order.get("creationDate"))
    return None if created and modified < created and created - now <= SKEW else modified
