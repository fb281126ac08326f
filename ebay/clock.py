"""Times on the wire: headers and filters. Inside, every time is an aware UTC datetime."""

import math
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
NEAR = timedelta(seconds=10)  # two readings that differ by less say the same: a Date has whole seconds, and an answer may take some
SAID, FOR = 5, timedelta(hours=1)  # answers, none of them against it, until another difference of the clocks is believed
LIKELY = timedelta(minutes=15)  # so far apart two clocks may be of which one is not set by a server
FIRST_SAID, FIRST_FOR = 3, timedelta(seconds=10)  # the same, until such a difference is believed where none was agreed on before
UNKNOWN = timedelta(hours=1)  # so far ahead of eBay's our clock may be while eBay has told nothing


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


@dataclass(frozen=True, slots=True)
class ClockReading:
    """eBay's time at one of its answers."""

    at: datetime  # as near as the clocks allow
    sure: datetime  # not after it, whichever clock is wrong: how far a cursor may move
    dated: bool  # `sure` is the answer's own date, cut to the second; else it is made of our clock


class EbayClock:
    """eBay's time by two clocks, neither of which is believed alone: the dates of its answers, and ours. Shared by all threads.

    What they must agree on is their difference, which is the same at all answers while both go right. An answer that says another one is
    taken for wrong: its date moves no cursor further than the clocks agreed on before, and is no lasting difference until five answers of
    an hour say nothing else; of a process that just began, three of some seconds, if it is some minutes. Until then a date that is ahead
    loses nothing, and a clock of ours that was put back costs duplicates only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = timedelta()  # eBay's clock less ours, as agreed; until then ours is not taken for slow
        self._agreed = False
        self._other: tuple[timedelta, datetime, int] | None = None  # another difference, since when by our clock, from how many answers

    @property
    def ahead(self) -> timedelta:
        """eBay's clock less ours, as agreed; nothing until then."""
        return self._ahead

    def agree(self, ahead: timedelta) -> None:
        """It is known."""
        with self._lock:
            self._ahead, self._agreed, self._other = ahead, True, None

    def hear(self, date: datetime | None, ours: datetime) -> ClockReading:
        """An answer came: its date (None: it has none), and our time as it came."""
        with self._lock:
            if date is None:
                return self._guess(ours)
            if self._agrees(date - ours, ours):
                return ClockReading(date, date, True)
            believed = ours + self._ahead
            likely = not self._agreed and abs(date - ours) <= LIKELY  # good enough to date a row, but not to move a cursor
            at = believed if self._agreed else date if likely else min(date, believed)
            sure = min(date, believed)
            return ClockReading(at, sure, sure == date)

    def now(self, ours: datetime) -> datetime:
        """eBay's time without an answer."""
        with self._lock:
            return self._guess(ours).at

    def _guess(self, ours: datetime) -> ClockReading:
        if self._agreed:
            believed = ours + self._ahead
            return ClockReading(believed, believed, False)
        said = self._other[0] if self._other else timedelta()
        behind = min(said, timedelta())
        return ClockReading(ours + (said if abs(said) <= LIKELY else behind), ours + min(behind, -UNKNOWN), False)

    def _agrees(self, ahead: timedelta, ours: datetime) -> bool:
        if abs(ahead - self._ahead) > NEAR:
            other, since, said = self._other or (ahead, ours, 0)
            if abs(ahead - other) > NEAR or ours < since:
                other, since, said = ahead, ours, 0
            self._other = (other, since, said + 1)
            first = not self._agreed and abs(ahead) <= LIKELY
            most, lasting = (FIRST_SAID, FIRST_FOR) if first else (SAID, FOR)
            if said + 1 < most or ours - since < lasting:
                return False
            self._ahead = ahead
        # a Date is cut to the second: what lies within that is no other difference
        self._ahead, self._agreed, self._other = min(max(self._ahead, ahead), ahead + SECOND), True, None
        return True
