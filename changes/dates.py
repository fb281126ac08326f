"""eBay's timestamps as datetimes."""

from datetime import UTC, datetime


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
