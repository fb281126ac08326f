"""Where the partitions of a table that only grows begin and end: what is to be made ahead, what is old enough to be dropped whole.

Pure. A range holds `lower <= key < upper`, its key being a position of the feed or a time in UTC; `lower` None: from the beginning.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

LEAST = 10_000  # positions of a partition, and that are left in the last one
AHEAD = timedelta(days=7)  # so far ahead in time there are partitions: a worker may be away for as long
SPANS = tuple(timedelta(days=days) for days in (1, 2, 3, 5, 7, 14, 30, 90, 365, 3650))
MOST = 36  # partitions of a window: each is planned for by statements that do not say where they look


Key = TypeVar("Key", int, datetime)


@dataclass(frozen=True, slots=True)
class Range(Generic[Key]):
    """What one partition holds."""

    lower: Key | None
    upper: Key

    def holds(self, key: Key) -> bool:
        """Whether a row with this key is of it."""
        return (self.lower is None or self.lower <= key) and key < self.upper


def readable(count: int) -> int:
    """The nearest number with one digit before its zeros, such as 8,000 or 200,000."""
    unit = int(10 ** (len(str(count)) - 1))
    return (2 * count + unit) // (2 * unit) * unit


def period(keep: timedelta) -> timedelta:
    """How long a partition of the feed should take to fill: three weeks, less where the window is short.

    Rounded by `readable` it takes a third longer at most, and so not longer than `worth_waiting_for` waits.
    """
    return max(min(timedelta(days=21), keep / 14), keep / MOST)


def span(keep: timedelta) -> timedelta:
    """The time that a partition of polls or deliveries covers: a day, more where the window is long."""
    return next((one for one in SPANS if keep / one <= MOST), SPANS[-1])


def left_at_least(drawn: int) -> int:
    """Positions that are to be left in the last partition. `drawn`: in the last `period`."""
    return max(drawn, LEAST)


def next_positions(ranges: Collection[Range[int]], last: int, drawn: int) -> Range[int] | None:
    """The partition that is to be made now, if any: as many positions as were drawn in the last `period`, rounded.

    Args:
        last: the position that was drawn last; 0: none yet.
    """
    end = _end(ranges, last + 1)
    if end is not None and end - last > left_at_least(drawn):
        return None
    size = max(readable(drawn), LEAST)
    lower = end if end is not None else max((one.upper for one in ranges if one.upper <= last + 1), default=last // LEAST * LEAST)
    upper = lower + size if lower > last else (last // size + 2) * size
    return Range(lower, min([upper, *(one.lower for one in ranges if one.lower is not None and one.lower > lower)]))


def next_times(ranges: Collection[Range[datetime]], now: datetime, keep: timedelta) -> Range[datetime] | None:
    """The same by time. Where none covers the present, this one goes on from the last that there is."""
    end = _end(ranges, now)
    if end is not None and end - now >= AHEAD:
        return None
    if end is not None:
        lower, upper = end, end + span(keep)
    else:
        lower = max((one.upper for one in ranges if one.upper <= now), default=day(now))
        upper = day(now) + timedelta(days=1)
    return Range(lower, min([upper, *(one.lower for one in ranges if one.lower is not None and one.lower > lower)]))


def around(key: Key, ranges: Collection[Range[Key]]) -> Range[Key]:
    """A partition for a stray row, which none holds: its day, or its ten thousand."""
    if isinstance(key, datetime):
        lower, upper = day(key), day(key) + timedelta(days=1)
    else:
        lower, upper = key // LEAST * LEAST, (key // LEAST + 1) * LEAST
    for one in ranges:
        if one.upper <= key:
            lower = max(lower, one.upper)
        elif one.lower is not None:
            upper = min(upper, one.lower)
    return Range(lower, upper)


def day(at: datetime) -> datetime:
    """The beginning of its day in UTC."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def worth_waiting_for(newest: datetime, now: datetime, keep: timedelta) -> bool:
    """Whether a partition is soon old as a whole, so that its old rows may wait to go with it: for a tenth of the window, a month at most.

    Else they are deleted: a small installation fills a partition in years, and its rows are to go in time too.

    Args:
        newest: the time of its newest row, or its upper bound.
    """
    return newest + keep - now <= min(keep / 10, timedelta(days=31))


def _end(ranges: Collection[Range[Key]], key: Key) -> Key | None:
    """Where the partitions that follow each other from this key on end; None: none holds it."""
    end = next((one.upper for one in ranges if one.holds(key)), None)
    while end is not None and (following := next((one for one in ranges if one.lower == end), None)):
        end = following.upper
    return end
