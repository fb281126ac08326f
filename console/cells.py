"""A value as a person reads it: numbers with separators, times with their age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from console.layout import NONE, printable
from operations.times import age, due

NAMES = frozenset({"id", "position", "status", "attempt", "row", "version"})  # numbers that are names, to be typed again as they stand
DAYS = timedelta(days=2)


class ScreenClock:
    """Ours; pictures of the terminal in the documents have one that stands."""

    stands_at: datetime | None = None


def now() -> datetime:
    """UTC."""
    return ScreenClock.stands_at or datetime.now(UTC)


def cell(field: str, value: Any) -> str:
    """A row's value; `NONE` where there is none."""
    if value is None or value == "":
        return NONE
    if is_time(field):
        return moment(datetime.fromisoformat(value), upcoming=field == "next_poll_at")
    if isinstance(value, int) and not isinstance(value, bool) and field not in NAMES:
        return f"{value:,}"
    return printable(str(value)) or NONE


def is_time(field: str) -> bool:
    """What ends with `_at`, or is `at`, is a time as JSON has it."""
    return field == "at" or field.endswith("_at")


def moment(at: datetime, upcoming: bool = False) -> str:
    """`12:03:10, 2 min ago` in UTC; with the date where it is another day's. `upcoming`: what should have come by now is overdue."""
    at, today = at.astimezone(UTC), now()
    clock = f"{at:%H:%M:%S}" if at.date() == today.date() else f"{at:%Y-%m-%d %H:%M}"
    if abs(at - today) < DAYS:
        return f"{clock}, {due(at, today) if upcoming else age(at, today)}"
    days = abs(at - today) // timedelta(days=1)
    words = f"{days:,} days"
    return f"{clock}, {f'in {words}' if at > today else f'overdue by {words}' if upcoming else f'{words} ago'}"
