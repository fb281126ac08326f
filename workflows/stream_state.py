"""What a seller's workflow remembers of one stream. Pure: every time comes in as an argument, in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from domain.pacing import Stream
from domain.seller_state import StreamFacts, Wait
from workflows.messages import StreamStatus


class StreamState(BaseModel, populate_by_name=True):
    next_due: datetime
    why: str = "first poll"
    failures: int = 0  # in a row
    last_error: str | None = None  # the error's class and its text: one from there to here
    stopped: str | None = None  # why this stream alone waits for a new consent
    rarely: bool = False  # stopped, but tried again: once a day, and when people ask; older histories did not
    waiting: bool = False  # eBay's quota is spent: what versions before `waits_for` read, and wrote
    down: bool = False  # eBay is down for everybody: likewise
    waits_for: Wait | None = None  # by no fault of the seller
    held_until: datetime | None = None  # it fails for this seller alone: so long, the step decided, only people may ask
    early: timedelta = timedelta()  # so much before `next_due` it goes along when another stream wakes the workflow up
    announced_at: datetime | None = None  # another stream announced work for this one, due then
    asked: bool = False  # a poll is wanted at once, and not yet served by one that began after the wish
    cadence: timedelta | None = None
    began: datetime | None = None  # its latest step; unknown to older histories
    restarted: bool = Field(False, alias="wanted")  # used again since its latest step began, which may say that the stream is over

    def is_due(self, now: datetime) -> bool:
        announced = self.announced_at is not None and self.announced_at <= now and not self.is_held(now)
        return not self.waits_for_consent and (self.is_due_itself(now) or announced)

    def is_held(self, now: datetime) -> bool:
        return self.held_until is not None and now < self.held_until

    @property
    def waits_for_consent(self) -> bool:
        return self.stopped is not None and not self.rarely

    def is_due_itself(self, now: datetime) -> bool:
        return self.asked or self.next_due - self.early <= now

    def when(self) -> datetime:
        if self.announced_at is None:
            return self.next_due
        announced = self.announced_at if self.held_until is None else max(self.announced_at, self.held_until)
        return min(self.next_due, announced)

    def facts(self, stream: Stream) -> StreamFacts:
        before = Wait.OUTAGE if self.down else Wait.QUOTA if self.waiting else None
        return StreamFacts(stream, self.why, self.failures, self.last_error, self.stopped, self.waits_for or before)

    def status(self, awake: bool) -> StreamStatus:
        next_due = self.next_due if awake and not self.waits_for_consent else None
        return StreamStatus(next_poll_at=next_due, why=self.stopped or self.why, failures=self.failures, last_error=self.last_error)
