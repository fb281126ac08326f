"""The world's clock: real, or driven by hand. Everything the simulator dates, the `Date` header too, is read from it."""

import time
from datetime import datetime, timedelta

from simulator.times import to_datetime, to_ms


class Clock:
    """Real time, shifted by `skew`: eBay's clock need not agree with ours."""

    def __init__(self, skew: timedelta = timedelta(0)) -> None:
        self.skew = skew

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000 + self.skew // timedelta(milliseconds=1)

    def now(self) -> datetime:
        """The same as a datetime."""
        return to_datetime(self.now_ms())


class ManualClock(Clock):
    """Stands still until it is told to move. It does not run backwards by itself, but `set` lets a test do that too."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.ms = to_ms(now)

    def now_ms(self) -> int:
        """Where it was moved to."""
        return self.ms

    def set(self, now: datetime | int) -> None:
        """To this moment, earlier or later."""
        self.ms = to_ms(now)

    def advance(self, step: timedelta | None = None, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """On by so much."""
        step = (step or timedelta(0)) + timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        self.ms += step // timedelta(milliseconds=1)
