"""When a poll is late, and when it only takes long: a read of many slices is under way while it goes on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

INTERVALS = 3
SHORTEST = timedelta(minutes=2)  # at intervals of seconds, a worker that is started anew is no news
PROGRESS = timedelta(minutes=5)  # a read that committed something since then goes on
LONGEST_READ = timedelta(days=1)  # that goes on for longer without an end is told of
FEW_FAILURES = 3  # in a row, with which a read goes on; more of them have an alert of their own


@dataclass(frozen=True, slots=True)
class PollStanding:
    """Of one stream.

    Attributes:
        now: by the database's clock, as all of them.
        due_at: when the next poll is, or was, to begin.
        good_at: the last good poll, or the enrolment.
        touched_at: the last commit or failure; None: there was none.
        is_over: no read of several steps is under way.
        failures: in a row.
    """

    now: datetime
    due_at: datetime
    good_at: datetime
    touched_at: datetime | None
    is_over: bool
    failures: int = 0

    @property
    def is_progressing(self) -> bool:
        """A read of several steps is under way, and went on within some minutes."""
        if self.is_over or self.touched_at is None or self.failures > FEW_FAILURES:
            return False
        return self.now - self.touched_at <= PROGRESS and self.now - self.good_at <= LONGEST_READ

    @property
    def is_late(self) -> bool:
        """No good poll for 3 of its intervals, though it was due, and it is not read just now."""
        waited = self.now - self.good_at
        is_long = waited > max(INTERVALS * (self.due_at - self.good_at), SHORTEST)
        return self.due_at < self.now and is_long and not self.is_progressing
