"""When an endpoint for people may be written to, and how far it got: at most one message a minute, and nothing skipped.

A turn is claimed before its message is sent, and recorded after. Who dies in between has claimed the minute: the next turn sends the
message again, a minute later. So what changed is said at least once, and never twice within a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.delivery.schedule import wait

EVERY = timedelta(minutes=1)  # between the end of one message and the begin of the next
LONGEST_SENDING = timedelta(seconds=45)  # of one message, from the claim on: a receiver that hangs is left before
GATHER = timedelta(seconds=5)  # what happens so close together has mostly one cause, and is said in one message
LATER = timedelta(minutes=5)  # what only follows from what was said, or is over, is gathered for so long


@dataclass(frozen=True, slots=True)
class AlertTurn:
    """How far an endpoint is. Times by the database's clock.

    Attributes:
        position: alerts up to here in the feed are said.
        claim: of the latest turn, made at random: an older one may record nothing.
        tries: failed, in a row.
        not_before: the minute's end.
        retry_at: the schedule's next try, while it fails.
    """

    position: int
    claim: str = ""
    tries: int = 0
    not_before: datetime | None = None
    retry_at: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        """Whether it may be written to at all."""
        return all(moment is None or now >= moment for moment in (self.not_before, self.retry_at))

    def is_due(self, oldest: datetime | None, now: datetime, urgent: bool = True) -> bool:
        """`oldest`: when the first that it does not know happened; None: there is nothing. `urgent`: somebody should know of it soon."""
        return oldest is not None and self.is_free(now) and (now >= oldest + (GATHER if urgent else LATER) or self.tries > 0)

    def claimed(self, claim: str, now: datetime) -> AlertTurn:
        """Before a message is sent."""
        return replace(self, claim=claim, not_before=now + LONGEST_SENDING + EVERY)

    def delivered(self, position: int, now: datetime) -> AlertTurn:
        """The message was taken, which said all up to a position."""
        return replace(self, position=max(self.position, position), tries=0, not_before=now + EVERY, retry_at=None)

    def failed(self, now: datetime, chance: float, asked_s: float | None = None) -> AlertTurn:
        """It was not, or nobody knows; tried again as other deliveries are. `asked_s`: what the answer asks us to wait."""
        retry_at = now + timedelta(seconds=wait(self.tries + 1, chance, asked_s))
        return replace(self, tries=self.tries + 1, not_before=now + EVERY, retry_at=retry_at)
