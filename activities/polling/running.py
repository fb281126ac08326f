"""A step while it runs: what it may do, what it keeps, what it answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from activities.polling import safety_net
from activities.polling.pace import PollOutcome, pace_of
from activities.polling.poll import Poll, PollResult
from activities.polling.sooner import brought_forward, replaced
from domain.changes import unreadable
from domain.pacing import Stream
from domain.seller_state import CALLS, Wait
from domain.streams import STREAMS, Purpose
from ebay.client import OrderPage
from ebay.errors import EbayError
from ebay.windows import Span
from store import Commit, StepLease, StoreResult
from store.events.sales import ListingsDue

if TYPE_CHECKING:
    from activities.polling.steps import StepRunner

PROBED = 3  # calls of a step that asks whether eBay is back: the one that fails may fail for what one seller has
STEP_S = 2.0  # a step ends after the call in hand once it took this long, so that no stream waits long for another


class StepRun:
    """One step of one seller while it runs."""

    def __init__(self, steps: StepRunner, request: Poll, stream: Stream, step: StepLease, now: datetime) -> None:
        self.steps, self.request, self.stream, self.step, self.waits = steps, request, stream, step, step.waits
        self.api = steps.ebay.seller(request.seller_id)
        self.api.permit, self.api.gate, self.api.on_answer = self.permit, self.gate, self.on_answer
        self.probes, self.probed = "", 0  # the resource for which this step asks whether eBay is back, and its calls
        self.api.ours = self.now
        self.began = time.monotonic()
        self.began_at = now
        self.changes = self.duplicates = self.counted = self.announced = 0
        self.delays: list[float] = []  # of the commit in hand
        self.skus_moved = False  # by orders that this step kept
        self.listings_due: ListingsDue | None = None  # the same
        self.books: dict[str, Any] = {}  # of records that eBay fails for: `stepping_over.books`
        self.aside_moved = False  # something was set aside by this step, or left it
        self.reread_at: datetime | None = None  # our clock: when the first order is to be read again whose answer was not the last word

    def now(self) -> datetime:
        """Temporal's clock, which decides when timers fire, carried on by this machine's."""
        return self.began_at + timedelta(seconds=time.monotonic() - self.began)

    def ebays_now(self) -> datetime:
        """The same by eBay's clock, as far as several of its answers agree: ours may be some minutes off."""
        return self.steps.ebay.times.now(self.now())

    def permit(self, resource: str) -> None:
        use = Purpose.URGENT if resource == self.probes else purpose(self.request, self.stream)
        at = self.step.now + timedelta(seconds=time.monotonic() - self.began)  # the call's own time: a step may run into eBay's next day
        self.steps.permits.take(resource, use, at)

    def gate(self, resource: str) -> None:
        """Raises OutageError: eBay is down, and another step asks whether it is back."""
        if self.probes == resource and self.probed < PROBED:
            self.probed += 1
        elif self.steps.breakers.gate(resource, self.step.breakers):
            self.probes, self.probed = resource, 1

    def on_answer(self, resource: str, error: EbayError | None) -> EbayError | None:
        return self.steps.breakers.on_answer(resource, self.step.seller_id, error, self.step.breakers)

    def over(self) -> bool:
        return time.monotonic() - self.began > self.steps.step_s or (self.request.until is not None and self.now() >= self.request.until)

    def fetch(self, span: Span, offset: int) -> OrderPage:
        """getOrders for one window, as `ebay/windows.py` asks for it."""
        return self.api.orders(span.filter, offset)

    def read_at(self) -> datetime:
        """eBay's clock at the latest answer."""
        return self.api.date or self.ebays_now()

    def sure_at(self) -> datetime:
        """Not after eBay's clock at the latest answer, whichever clock is wrong: how far a cursor may move."""
        return self.api.sure or self.ebays_now()

    @contextmanager
    def commit(self) -> Iterator[Commit]:
        """As `Store.commit`. What it kept is counted once it is kept."""
        self.delays.clear()
        with self.steps.store.commit(self.step, now=self.now()) as commit:
            if self.request.notified:
                commit.beside()
            elif self.api.slowest_s > self.steps.slow_s:
                commit.slow()
            if self.request.asked:
                commit.asked()
            yield commit
        self.announced += commit.first_seen.found
        self.aside_moved = self.aside_moved or commit.aside_moved
        self.steps.meters.stored(self.stream, commit.totals(), self.delays)

    def count(self, commit: Commit, *stored: StoreResult) -> None:
        """Add what was kept and the calls made since the last commit to the poll's record."""
        for one in stored:
            self.changes += one.changes
            self.duplicates += one.duplicates
            self.reread_at = min(filter(None, (one.reread_at, self.reread_at)), default=None)
            self.skus_moved = self.skus_moved or one.stock_due > 0
            self.listings_due = one.listings_due.sooner(self.listings_due) if one.listings_due else self.listings_due
            if self.stream is Stream.ORDERS:
                self.delays += delays(one, self.step.enrolled_at, self.read_at())
        commit.count(calls=self.api.calls - self.counted)
        self.counted = self.api.calls

    def more(self, why: str = "more to read") -> PollResult:
        return self.result(next_due=self.now(), why=why, more=True)

    def complete(self, commit: Commit, due: tuple[Stream, ...] = ()) -> PollResult:
        """The poll went well: decide the next one, in the same transaction."""
        now = self.now()
        options = self.step.options.get("cadence", {}).get(self.stream)
        step = self.step  # a read that took several steps is one poll
        announced = self.announced + commit.announced()  # since the last poll: orders too, that this one would have found
        last_change = now if self.changes else step.last_change_at
        changes, calls = self.changes + step.run_changes + announced, self.api.calls + step.run_calls
        share = safety_net.share(commit, step, pace_of(step.pace, last_change))
        shown = PollOutcome(changes, calls, last_change, step.pace, step.sales_30d, step.epoch, share)
        following = self.steps.pace.after(
            self.step.seller_id,
            self.stream,
            self.request,
            shown,
            now=now,
            enrolled_cadence=timedelta(seconds=options) if options else None,
        )
        at, why = following.at, self.with_aside(commit, following.why)
        if self.stream is Stream.LISTINGS and self.request.announced:
            at = replaced(step.next_poll_at, at, now)
            if at != following.at:
                commit.stand_in(step.next_poll_at)
        commit.complete(next_poll_at=at, why=why, pace=following.pace)
        return self.result(next_due=at, why=why, due=due, tier=following.tier)

    def with_aside(self, commit: Commit, why: str) -> str:
        """The stream is well, and says what it goes on without."""
        counts = commit.aside_counts() if self.aside_moved or commit.aside_moved else self.step.set_aside
        set_aside_text = unreadable.words(counts, STREAMS[self.stream].aside)
        return f"{why}; {set_aside_text}" if set_aside_text else why

    def complete_at(self, commit: Commit, at: datetime, why: str, rounds: tuple[Stream, ...] = ()) -> PollResult:
        """The same for a stream that keeps a fixed interval."""
        why = self.with_aside(commit, why)
        commit.complete(next_poll_at=at, why=why)
        return self.result(next_due=at, why=why, rounds=rounds)

    def continue_later(self, commit: Commit, at: datetime, why: str) -> PollResult:
        """The read goes on then: what it needs is not there yet. Neither a success nor a failure."""
        commit.postpone(next_poll_at=at, why=why)
        return self.result(next_due=at, why=why)

    def result(
        self,
        *,
        next_due: datetime,
        why: str,
        more: bool = False,
        done: bool = False,
        waiting: bool = False,
        waits_for: Wait | None = None,
        tier: str | None = None,
        due: tuple[Stream, ...] = (),
        rounds: tuple[Stream, ...] = (),
    ) -> PollResult:
        moved = (*due, Stream.INVENTORY) if self.skus_moved and self.stream is not Stream.INVENTORY else due
        later = self.bring_forward()
        if later is not None and later <= self.now():
            moved, later = (*moved, Stream.LISTINGS), None
        return PollResult(
            changes=self.changes,
            duplicates=self.duplicates,
            api_calls=self.api.calls,
            next_due=next_due,
            why=why,
            more=more,
            done=done,
            waiting=waiting,
            quota=waits_for is None or waits_for in CALLS,
            down=waits_for is Wait.OUTAGE,
            waits_for=waits_for,
            tier=tier,
            due=tuple(dict.fromkeys(moved)),
            due_at={stream: at for stream, at in ((Stream.LISTINGS, later), (Stream.FULFILLMENT, self.reread_at)) if at},
            rounds=rounds,
        )

    def bring_forward(self) -> datetime | None:
        """When the listings that orders moved are to be read; None: none are."""
        if self.listings_due is None:
            return None
        now = self.now()
        clock = self.steps.ebay.times.now(now) - now
        return brought_forward(self.listings_due, now, clock, self.steps.pace.is_roomy(Stream.LISTINGS), self.waits.shared)


def delays(stored: StoreResult, enrolled_at: datetime, read_at: datetime) -> list[float]:
    """How long after eBay's date each changed order was seen, in seconds; those of the time before the enrolment aside."""
    dated = [modified for modified, known in stored.dated.values() if modified and modified != known and modified >= enrolled_at]
    return [max((read_at - modified).total_seconds(), 0.0) for modified in dated]


def purpose(request: Poll, stream: Stream) -> Purpose:
    """Of a step's calls. What people wait for goes before everything."""
    return Purpose.URGENT if request.asked or request.notified else STREAMS[stream].purpose
