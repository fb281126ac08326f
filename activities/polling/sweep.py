"""The sweep: once a day the last week is read again another way, which counts what polling missed. That count should be 0."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zlib import crc32

from temporalio import activity

from activities.polling import moments
from activities.polling.checkpoints import SweepCheckpoint
from activities.polling.fulfillment import ABSENT_FOR, OLD
from activities.polling.poll import Poll, PollResult
from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver
from activities.polling.steps import StepRunner
from domain.changes.model import Kind
from domain.changes.moments import Moment
from domain.changes.orders import entity_id
from domain.pacing import Stream, words
from ebay.client import OrderPage, created_filter
from ebay.narrowing import Width
from ebay.windows import Span, Window, created_between
from store import StoreResult
from store.events.aside import DOCUMENT
from store.events.rereads import What
from store.schema.kinds import AlertKind

FAR = timedelta(days=7)
IDS_A_CALL = 50  # eBay's most
OLD_A_CALL = IDS_A_CALL - 1  # beside another order, whose presence tells that an answer is no empty one
OLD_A_SWEEP = 2000  # old open orders: some 40 calls a day; where there are more, the next sweep goes on behind them
ALERT = "a sweep found changes that polling had missed; they are recorded now, with source sweep"


class OpenOrdersAsked(NamedTuple):
    """Open orders that are asked for by number, and since when eBay showed some of them no more; None: that is not looked at."""

    ids: list[str]
    since: dict[str, datetime] | None


class Sweep:
    def __init__(self, steps: StepRunner, every: timedelta, overlap: timedelta) -> None:
        self.steps, self.every, self.overlap = steps, every, overlap

    @activity.defn(no_thread_cancel_exception=True)
    def sweep_orders(self, request: Poll) -> PollResult:
        """Read orders of the last 7 days by their creation, and open ones by their number; count what polling should have told.

        Missed is a change dated since the enrolment and before the poll's cursor less the overlap, as they stood when the sweep began.
        A change that moved no date could not be seen by polling for dates: it is counted apart, as undated. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.SWEEP, self.read)

    def read(self, step: StepRun) -> PollResult:
        if step.step.cursor is None:
            return self.postpone_first(step)
        checkpoint = SweepCheckpoint.read(step.step.checkpoint) or self.begin(step)
        if not checkpoint.windows_read:
            checkpoint = self.read_created(step, checkpoint)
            if not checkpoint.windows_read:
                return step.more("sweep: more orders of the last week to read")
        seller_id, old = step.request.seller_id, checkpoint.end - OLD
        orders = SteppingOver(step, What.LISTED, lambda order_id: step.api.orders_by_id([order_id]))
        while ids := self.steps.store.open_orders_since(seller_id, old, IDS_A_CALL, checkpoint.after):
            checkpoint = self.read_open(step, checkpoint, ids, {"after": ids[-1]}, orders)
            if step.over() or orders.full:
                orders.settle()
                return step.more("sweep: more open orders to read")
        if checkpoint.old_left is None:
            checkpoint = checkpoint.move(old_left=OLD_A_SWEEP, old_after=self.steps.store.old_orders_turn(seller_id))
        while (checkpoint.old_left or 0) > 0:
            ids = self.steps.store.old_open_orders(seller_id, old, OLD_A_CALL, checkpoint.old_after)
            checkpoint = self.read_old(step, checkpoint, ids, orders)
            if (checkpoint.old_left or 0) > 0 and (step.over() or orders.full):
                orders.settle()
                return step.more("sweep: more old open orders to read")
        orders.settle()
        return self.end(step, checkpoint)

    def read_created(self, step: StepRun, checkpoint: SweepCheckpoint) -> SweepCheckpoint:
        """Windows of creation, oldest first, cut where a page does not hold one and narrowed where eBay cannot answer it."""
        width = Width.of(checkpoint.width, step.step.failures)
        seller_id, start = step.request.seller_id, checkpoint.start
        unreadable = step.steps.store.unreadable(seller_id, step.stream, start) if step.step.set_aside else ()
        pending = checkpoint.pending_windows or (start, checkpoint.end)

        def fetch(span: Span, offset: int) -> OrderPage:
            return step.api.orders(created(span), offset)

        moments.read_orders(step, Stream.SWEEP, fetch)
        for part in created_between(fetch, pending, width, unreadable):
            left = part.pending_windows
            checkpoint = checkpoint.move(pending_windows=left, width=width.learned(), windows_read=not left)
            checkpoint = self.keep(step, part.orders, checkpoint, unreadable=part.unreadable)
            if part.failed and step.over():
                width.stop()
            elif left and not part.mid_window and step.over():
                return checkpoint
        return checkpoint.move(windows_read=True)

    def read_open(
        self,
        step: StepRun,
        checkpoint: SweepCheckpoint,
        ids: list[str],
        behind: dict[str, Any],
        over: SteppingOver,
        since: dict[str, datetime] | None = None,
    ) -> SweepCheckpoint:
        """A list of open orders; one that eBay fails for is left out.

        Args:
            behind: what the checkpoint says once they are read.
            since: as `absent_since` told of them, where those that eBay shows no more are to be noted.
        """
        store, seller_id = self.steps.store, step.request.seller_id
        aside = store.aside_of(seller_id, Kind.ORDER, ids) if step.step.set_aside or step.aside_moved else set()
        witness = [other] if since and (other := store.absent_since(seller_id, list(since))[1]) else []
        if order_ids := [order for order in ids if order not in aside]:
            for part, page in over.lists(order_ids, lambda some: step.api.orders_by_id([*some, *witness])):
                checkpoint = self.keep(step, page.orders, checkpoint, OpenOrdersAsked(part, since))
        checkpoint = checkpoint.move(**behind)
        with step.commit() as commit:
            step.count(commit)
            commit.advance(checkpoint=checkpoint.as_json())
        return checkpoint

    def read_old(self, step: StepRun, checkpoint: SweepCheckpoint, ids: list[str], over: SteppingOver) -> SweepCheckpoint:
        """Some of the open orders that no round asks for. Behind the last one the next sweep begins anew."""
        if not ids:
            return checkpoint.move(old_left=0, old_after="")
        since, _ = self.steps.store.absent_since(step.request.seller_id, ids)
        behind = {"old_left": (checkpoint.old_left or 0) - len(ids), "old_after": ids[-1]}
        return self.read_open(step, checkpoint, ids, behind, over, since)

    def begin(self, step: StepRun) -> SweepCheckpoint:
        """Where polling stands is where the sweep ends: what is newer is the next poll's."""
        cursor = self.steps.store.cursor(step.request.seller_id, Stream.ORDERS) or step.step.enrolled_at
        start = max(cursor - FAR, step.step.enrolled_at)
        return SweepCheckpoint(
            start=start, end=cursor, missed_before=cursor - self.overlap, windows_read=False, after="", missed=0, undated=0
        )

    def keep(
        self,
        step: StepRun,
        orders: list[Any],
        checkpoint: SweepCheckpoint,
        asked: OpenOrdersAsked | None = None,
        unreadable: Moment | None = None,
    ) -> SweepCheckpoint:
        with step.commit() as commit:
            if unreadable:
                commit.unreadable(unreadable)
            if asked:
                commit.records_read(What.LISTED, asked.ids)
            stored = commit.store_orders(orders, read_at=step.read_at(), source="sweep")
            missed, undated = count(stored, step.step.enrolled_at, checkpoint.missed_before)
            step.count(commit, stored)
            commit.missed(missed, undated)
            if asked and asked.since is not None:
                shown = {order for order in map(entity_id, orders) if order}
                commit.absent(asked.ids, shown, asked.since, step.ebays_now() - ABSENT_FOR, step.read_at())
            checkpoint = checkpoint.move(missed=checkpoint.missed + missed, undated=checkpoint.undated + undated)
            commit.advance(checkpoint=checkpoint.as_json())
        return checkpoint

    def end(self, step: StepRun, checkpoint: SweepCheckpoint) -> PollResult:
        with step.commit() as commit:
            step.count(commit)
            lost = commit.find_lost()
            commit.end_old_orders(checkpoint.old_after)
            commit.missed(lost, 0)
            commit.advance(cursor=checkpoint.end, checkpoint=None)
            if checkpoint.missed + lost:
                commit.open_alert(AlertKind.MISSED, ALERT)
            else:
                commit.close_alert(AlertKind.MISSED)
            commit.close_alert(AlertKind.ORDERS_INCOMPLETE)
            step.reread_at = step.now() if lost else None
            result = step.complete_at(commit, step.now() + self.every, f"every {words(self.every.total_seconds())}")
        if step.step.set_aside or step.aside_moved:
            for one in self.steps.store.aside_due(step.request.seller_id, [DOCUMENT], step.now()):
                self.steps.store.retry_set_aside(one.id, step.now())  # each in a step of its own: this one is over
        return result

    def postpone_first(self, step: StepRun) -> PollResult:
        """A new seller's first sweep, spread over the interval's second half so that sellers enrolled together are not swept together."""
        wait = self.every * (0.5 + (crc32(step.request.seller_id.encode()) % 1000) / 2000)
        with step.commit() as commit:
            commit.advance(cursor=step.step.enrolled_at, checkpoint=None)
            return step.complete_at(commit, step.now() + wait, f"the first sweep, {words(round(wait.total_seconds()))} after the enrolment")


def count(stored: StoreResult, enrolled_at: datetime, before: datetime) -> tuple[int, int]:
    """How many of the changes polling should have told, and how many it could not see, since no date moved."""
    missed = undated = 0
    for modified, known in stored.dated.values():
        if modified is None or modified == known:
            undated += 1
        elif enrolled_at <= modified < before:
            missed += 1
    return missed, undated


def created(span: Span) -> str:
    """The filter for a window of creation, which always has an end."""
    assert isinstance(span, Window)
    return created_filter(span.start, span.end)
