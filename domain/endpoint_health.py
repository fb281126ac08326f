"""What is said of endpoints that take nothing, long before their alert: which, the last answer and the next try. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SAID_AFTER = timedelta(seconds=30)  # two tries at least; what a receiver's restart takes is no news


@dataclass(frozen=True, slots=True)
class FailingEndpoint:
    """One that takes nothing for half a minute, and is not off. Times UTC.

    Attributes:
        since: of its first failure without a success after it.
        last: the last answer, as `refused (500)` or `unanswered (refused)`; None: there is none.
        next_try_at: of whatever waits for it.
    """

    id: str
    name: str | None
    since: datetime
    last: str | None = None
    next_try_at: datetime | None = None

    @property
    def words(self) -> str:
        """`shop (ep-1f2e3d4c), last answer refused (500), next try at 03:05:10 UTC`."""
        which = f"{self.name} ({self.id})" if self.name else self.id
        last = f", last answer {self.last}" if self.last else ""
        return which + last + (f", next try at {self.next_try_at.astimezone(UTC):%H:%M:%S} UTC" if self.next_try_at else "")


def sentence(failing: Sequence[FailingEndpoint]) -> str:
    """Of one or more, the one that fails for longest by name: `2 endpoints fail: shop (ep-1), ...; and 1 more`."""
    many = len(failing)
    rest = f"; and {many - 1:,} more" if many > 1 else ""
    return f"{many:,} {'endpoint fails' if many == 1 else 'endpoints fail'}: {failing[0].words}{rest}"
