"""Times: aware UTC datetimes inside, ISO-8601 with milliseconds and Z in everything that leaves as JSON."""

from datetime import UTC, datetime
from typing import overload


@overload
def iso(moment: datetime) -> str: ...
@overload
def iso(moment: None) -> None: ...
def iso(moment: datetime | None) -> str | None:
    """`2026-07-30T10:00:00.000Z`. Cut, not rounded, to the millisecond: so what never falls inside never falls outside."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
