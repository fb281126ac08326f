"""All that a seller's workflow remembers, carried whole through continue-as-new. Pure: every time comes in as an argument, in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from activities.fleet.overrides import OperatorOverrides
from activities.polling.poll import Poll, PollResult
from domain.authors import as_author
from domain.pacing import Stream, words
from domain.seller_state import LONGEST, PauseFacts, SpeedUpFacts, State, seller_state, times
from domain.streams import IN_BACKGROUND, POLLED, STREAMS
from workflows.messages import Pause, SellerStatus, SpeedUp
from workflows.stream_state import StreamState

BACKOFF = (timedelta(seconds=5), timedelta(seconds=60))  # first and longest wait after a failure that tells none: a time-out
PATIENCE = timedelta(seconds=10)  # so long a backfill lets everything else go first
DENIED = timedelta(days=1)  # so long a stream that the consent does not cover waits, unless people ask
SHARE, LONGEST_SHARE = 0.02, timedelta(seconds=30)  # of its interval a stream may come early to share another's wake-up
OTHERS_LATER = timedelta(minutes=1)
STREAM_ORDER = tuple(STREAMS)  # who goes first when due together


REFUSED = "eBay refuses the seller's token; `starter.py connect {seller}` with a new one revives the polling"
DEAD = {"AnotherAccountError": "another eBay account; `starter.py connect {seller}` with the seller's own token revives the polling"}


class PollingState(BaseModel, populate_by_name=True):
    seller_id: str
    streams: dict[Stream, StreamState]
    paused: str | None = None  # the reason
    pause: PauseFacts | None = None  # the same with author and end; None: nobody said more than the reason
    dead: str | None = None  # eBay refuses the token: the error's class
    generation: int = 0  # of the newest token that `connect` told of
    speed_up_every: timedelta | None = None
    speed_up_until: datetime | None = None
    speed_up_by: str | None = None
    active_at: datetime | None = None
    persisted: bool = Field(True, alias="remembered")  # what operators set stands in Postgres too
    tier: str = "normal"  # how often by the rules: pacing's word
    changed_at: datetime | None = None  # the last poll that recorded a change, of what, and how many; a backfill is the past
    changed_stream: Stream | None = None
    last_changes: int = 0
    notified_due: datetime | None = Field(None, alias="hints_at")  # when to read what notifications named
    notified_failures: int = Field(0, alias="hint_failures")  # in a row
    notified_held_until: datetime | None = Field(None, alias="hints_held_until")  # the step that failed decided so

    @classmethod
    def new(cls, seller_id: str, now: datetime, streams: tuple[Stream, ...] = STREAM_ORDER) -> PollingState:
        return cls(seller_id=seller_id, streams={stream: StreamState(next_due=now) for stream in streams})

    @classmethod
    def resumed(cls, overrides: OperatorOverrides, now: datetime) -> PollingState:
        """With what people had set; the cursors stand in Postgres."""
        state = cls.new(overrides.seller_id, now)
        state.paused, state.pause, state.active_at = overrides.paused, overrides.pause, overrides.active_at
        if (fast := overrides.speed_up) and not fast.is_over(now):
            state.speed_up_every, state.speed_up_until, state.speed_up_by = timedelta(seconds=fast.every_s), fast.until, fast.by
        for stream, every in overrides.cadence.items():
            state.streams[stream].cadence = every
        return state

    def orders_first(self, now: datetime) -> PollingState:
        """Of a seller who comes back with many others: orders at once, and all else when everybody has had theirs."""
        for stream, mine in self.streams.items():
            if stream is not Stream.ORDERS:
                mine.next_due = now + OTHERS_LATER
        return self

    def due(self, now: datetime, *, fair: bool = True) -> list[Stream]:
        """The streams to poll now: asked for first, then the one that waits longest; a backfill when nothing else is due.

        Where something always is, as with cadences of seconds, the backfill gets a step once it has waited for a while. What is asked for
        again and again goes first once, and then has its turn: another one that was due when it began comes before it.

        Args:
            fair: False: as older histories have it, asked for is first in any case.
        """
        if self.paused or self.dead:
            return []
        ready = [stream for stream in STREAM_ORDER if (it := self.streams.get(stream)) and it.is_due(now)]
        yields = now - self.streams[Stream.BACKFILL].when() < PATIENCE if Stream.BACKFILL in ready else False
        waits = [it.when() for stream in ready if not (it := self.streams[stream]).asked and not (stream is Stream.BACKFILL and yields)]

        def rank(stream: Stream) -> tuple[bool, bool, datetime]:
            mine = self.streams[stream]
            had_its_turn = fair and mine.asked and mine.began is not None and any(since <= mine.began for since in waits)
            since = max(mine.began, mine.when()) if had_its_turn and mine.began else mine.when()
            return stream is Stream.BACKFILL and yields, not mine.asked or had_its_turn, since

        return sorted(ready, key=rank)

    def next_due(self, *, after: Stream | None = None) -> datetime | None:
        """When the next stream (another one than `after`) falls due; None: never by itself. Offers and backfills interrupt nobody."""
        if self.paused or self.dead:
            return None
        passed_over = () if after is None else (after, *IN_BACKGROUND)
        waiting = [it.when() for stream, it in self.streams.items() if not it.waits_for_consent and stream not in passed_over]
        return min([*waiting, *([self.notified_due] if self.notified_due else [])], default=None)

    def time_left(self, now: datetime) -> timedelta | None:
        """Until something is due, the end of a pause included."""
        due = self.pause.until if self.pause else self.next_due()
        return None if due is None else max(due - now, timedelta(milliseconds=1))

    def notified_are_due(self, now: datetime) -> bool:
        return self.notified_due is not None and self.notified_due <= now and not (self.paused or self.dead)

    def request(self, stream: Stream, now: datetime) -> Poll:
        fast = self.speed_up_facts(now)
        mine = self.streams[stream]
        return Poll(
            seller_id=self.seller_id,
            announced=mine.announced_at is not None and not mine.is_due_itself(now),
            asked=mine.asked,
            until=self.next_due(after=stream),
            speed_up=self.speed_up_every if fast else None,
            cadence=mine.cadence,
            active_at=self.active_at,
        )

    def polled(self, stream: Stream, request: Poll, result: PollResult, now: datetime, began: datetime) -> None:
        if result.done and not self.streams[stream].restarted:
            del self.streams[stream]
            return
        mine = self.streams[stream]
        mine.failures, mine.last_error, mine.waiting = 0, None, result.waiting and result.quota
        mine.stopped, mine.rarely, mine.down, mine.held_until = None, False, result.waiting and result.down, None
        mine.waits_for = result.waits_for if result.waiting else None
        ahead = stream is Stream.LISTINGS and mine.announced_at is not None and mine.announced_at > began  # too early for that sale
        if not ahead:
            mine.announced_at = result.next_due if request.announced and (result.more or result.waiting) else None
        if not request.announced or stream is Stream.LISTINGS:  # a poll of the listings that a sale brought forward is a whole one
            mine.next_due, mine.why = result.next_due, result.why
            mine.asked = mine.asked or result.done
            mine.early = min(max(result.next_due - now, timedelta()) * SHARE, LONGEST_SHARE)
        self.announce(result, now)
        for other in result.rounds:
            if other in self.streams and not self.streams[other].is_held(now):
                self.streams[other].asked = True

    def announce(self, result: PollResult, now: datetime) -> None:
        for other in result.due:
            if other in self.streams:
                self.streams[other].announced_at = now
        for other, at in result.due_at.items():
            if mine := self.streams.get(other):
                mine.announced_at = min(at, mine.announced_at or at)

    def notified_read(self, result: PollResult, now: datetime) -> None:
        """`done`: nothing is pending. What was told meanwhile keeps its time."""
        self.notified_failures, self.notified_held_until = 0, None
        if not result.done:
            self.notified_due = min(self.notified_due or result.next_due, result.next_due)
        self.announce(result, now)
        self.noted(Stream.ORDERS, result, now)

    def notified_failed(self, now: datetime, wait: timedelta | None = None) -> None:
        self.notified_failures += 1
        self.notified_due = now + (wait or short_backoff(self.notified_failures))
        self.notified_held_until = self.notified_due if wait else None

    def release_notified(self, now: datetime) -> None:
        """People ask: what is held is read at once."""
        if self.notified_held_until is not None:
            self.notified_due, self.notified_held_until = now, None

    def wake_notified(self, now: datetime) -> None:
        self.notified_due = max(now, self.notified_held_until or now)

    def failed(self, stream: Stream, error: str, now: datetime, wait: timedelta | None = None, held: timedelta | None = None) -> None:
        """A step failed.

        Args:
            wait: as the step decided, where it could.
            held: so long not even what other streams announce is tried; None: all the wait.
        """
        mine = self.streams[stream]
        mine.failures += 1
        mine.last_error = error
        mine.early = timedelta()
        if stream is not Stream.LISTINGS or mine.announced_at is None or mine.announced_at <= now:
            mine.announced_at = None  # the next poll reads what was announced too, but no sale of just now
        mine.held_until = now + (held or wait) if wait else None
        wait = wait or short_backoff(mine.failures)
        mine.next_due, mine.waiting, mine.down, mine.waits_for = now + wait, False, False, None
        mine.why = f"failed {times(mine.failures)}: again after {words(round(wait.total_seconds()))}"

    def denied(self, stream: Stream, why: str, now: datetime) -> None:
        """A new consent revives the stream; eBay may also think better of it, which a call a day finds out."""
        mine = self.streams[stream]
        mine.stopped, mine.rarely = why, True
        mine.next_due, mine.early, mine.announced_at = now + DENIED, timedelta(), None

    def noted(self, stream: Stream, result: PollResult, now: datetime) -> None:
        """What the poll tells for people who look."""
        if result.changes and stream is not Stream.BACKFILL:
            self.changed_at, self.changed_stream, self.last_changes = now, stream, result.changes
        if result.tier and stream is Stream.ORDERS:
            self.tier = result.tier

    def paused_by(self, request: Pause, now: datetime, *, ends: bool) -> None:
        """The latest word of people holds, whole: a pause that is over before it begins ends one that lasts. `ends`: its end is obeyed."""
        until = min(request.until, now + LONGEST) if request.until and ends else None
        facts = PauseFacts(request.reason, until, as_author(request.by), now)
        if facts.is_over(now):
            self.resume("the pause is over")
        else:  # an empty reason never was a pause
            self.paused, self.pause, self.persisted = request.reason, facts if request.reason else None, False

    def resume(self, why: str) -> None:
        if self.paused is not None:
            self.paused, self.pause, self.persisted = None, None, False
            self.hurry(POLLED, why)

    def forget_end_of_pause(self) -> None:
        if self.pause and self.pause.until:
            self.pause = replace(self.pause, until=None)

    def pause_is_over(self, now: datetime) -> bool:
        return self.pause is not None and self.pause.is_over(now)

    def speeded_up_by(self, request: SpeedUp, now: datetime) -> None:
        until = now + min(request.lasting, LONGEST)
        self.speed_up_every, self.speed_up_until, self.speed_up_by = request.every, until, as_author(request.by)
        self.hurry(POLLED, "speeded up")

    def pause_facts(self) -> PauseFacts | None:
        return (self.pause or PauseFacts(self.paused)) if self.paused else None

    def speed_up_facts(self, now: datetime) -> SpeedUpFacts | None:
        """None: there is none, or it is over."""
        if self.speed_up_every is None or self.speed_up_until is None or self.speed_up_until <= now:
            return None
        return SpeedUpFacts(self.speed_up_every.total_seconds(), self.speed_up_until, self.speed_up_by)

    def awaited(self) -> str:
        """What the next timer is for, in words."""
        if facts := self.pause_facts():
            return facts.words()
        ready = [stream for stream, mine in self.streams.items() if not mine.waits_for_consent]
        stream = min(ready, key=lambda one: self.streams[one].when(), default=None)
        return "" if stream is None else f"{stream}: {self.streams[stream].why}"

    def hurry(self, streams: Iterable[Stream], why: str) -> None:
        """Poll at once, also after a poll in hand, which was asked with what people had set before."""
        for stream in streams:
            if mine := self.streams.get(stream):
                mine.asked, mine.why = True, why

    def read_by(self, used: Iterable[Stream], unused: Iterable[Stream], now: datetime) -> None:
        """Begin the streams that were not there, and have the next step of those that are over end them. Done twice, it is the same."""
        cadence = next((mine.cadence for stream in self.named(Stream.INVENTORY) if (mine := self.streams.get(stream))), None)
        for stream in used:
            if stream in self.streams:
                self.streams[stream].restarted = True
            else:
                every = cadence if stream in self.named(Stream.INVENTORY) else None
                self.streams[stream] = StreamState(next_due=now, why="the stock is read here from now on", cadence=every)
        self.hurry(unused, "the stock is no longer read here")
        self.streams = {stream: self.streams[stream] for stream in STREAM_ORDER if stream in self.streams}

    def named(self, stream: Stream) -> tuple[Stream, ...]:
        """The streams that people mean by a name: the inventory is read by two."""
        return (Stream.INVENTORY, Stream.LISTINGS) if stream is Stream.INVENTORY else (stream,)

    def connected(self, generation: int) -> None:
        self.generation = max(self.generation, generation)
        self.dead = None
        for mine in self.streams.values():
            mine.stopped = None
        self.hurry(POLLED, "connected again: catching up from the cursor")

    def state(self) -> tuple[State, str]:
        """In one word and in a sentence."""
        dead = f"{self.dead}: {DEAD.get(self.dead, REFUSED).format(seller=self.seller_id)}" if self.dead else None
        return seller_state([mine.facts(stream) for stream, mine in self.streams.items()], dead=dead, paused=self.paused or None)

    def status(self, now: datetime) -> SellerStatus:
        state, reason = self.state()
        awake = not (self.paused or self.dead)
        return SellerStatus(
            state=state,
            reason=reason,
            streams={stream: mine.status(awake) for stream, mine in self.streams.items()},
            paused=self.pause_facts(),
            speed_up=self.speed_up_facts(now),
        )


def short_backoff(failures: int) -> timedelta:
    """Where the failure tells no wait: Postgres or a worker is gone, or the step ran under an older version."""
    first, longest = BACKOFF
    wait: timedelta = min(first * 2 ** min(failures - 1, 10), longest)
    return wait
