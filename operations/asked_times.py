"""A time that somebody asks by, as page and API read it: so long ago, or a moment."""

from __future__ import annotations

from datetime import UTC, datetime

from settings import duration

LONGEST = 40  # characters
EXPECTED = "write 2h (ago), 2026-06-01 or 2026-06-01T12:00:00Z (UTC)"


def asked_time(text: str, now: datetime) -> datetime:
    """`2h`, before `now`; or a date or time, UTC where it names no zone. Raises ValueError, which says what to write."""
    if len(text) > LONGEST:
        raise ValueError(EXPECTED)
    try:
        return now - duration(text)
    except (ValueError, OverflowError):
        try:
            found = datetime.fromisoformat(text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise ValueError(EXPECTED) from None
