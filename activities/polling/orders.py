"""The orders poll: new and updated orders since the seller's cursor."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity

from activities.polling import moments
from activities.polling.checkpoints import OrdersCheckpoint
from activities.polling.poll import Poll, PollResult
from activities.polling.running import StepRun
from activities.polling.steps import StepRunner
from domain.pacing import Stream
from ebay.narrowing import Width
from ebay.windows import changed_since
from store.schema.kinds import AlertKind


class OrderPolling:
    def __init__(self, steps: StepRunner, overlap: timedelta) -> None:
        self.steps, self.overlap = steps, overlap

    @activity.defn(no_thread_cancel_exception=True)
    def poll_orders(self, request: Poll) -> PollResult:
        """Store what changed since the seller's cursor, window by window, oldest first, for about two seconds.

        Each window commits with its own cursor, fenced by the epoch that this step took: a retry repeats at most one window,
        emits nothing twice, and a forgotten attempt can commit nothing. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.ORDERS, self.read)

    def read(self, step: StepRun) -> PollResult:
        checkpoint = OrdersCheckpoint.read(step.step.checkpoint) or OrdersCheckpoint()
        return read_windows(step, checkpoint, overlap=self.overlap, source="poll")


def read_windows(step: StepRun, checkpoint: OrdersCheckpoint, *, overlap: timedelta, source: str) -> PollResult:
    """Store one window after the other until all are read or the step's time is over; where it stopped stands beside the cursor."""
    parcels_due = 0
    result: PollResult | None = None
    cursor = min(step.step.cursor or step.step.enrolled_at, step.ebays_now())  # ahead of eBay it would be asked for nothing but the future
    width = Width.of(checkpoint.width, step.step.failures)
    store, seller_id, since = step.steps.store, step.request.seller_id, cursor - overlap
    if source == "poll":
        moments.read_orders(step, Stream.ORDERS, step.fetch)
    unreadable = store.unreadable(seller_id, Stream.ORDERS, since) if step.step.set_aside else ()
    for part in changed_since(step.fetch, cursor, overlap, checkpoint.pending_windows, width, step.sure_at, unreadable):
        with step.commit() as commit:
            stored = commit.store_orders(part.orders, read_at=step.read_at(), source=source)
            step.count(commit, stored)
            checkpoint = checkpoint.move(pending_windows=part.pending_windows, width=width.learned())
            commit.advance(cursor=part.cursor, checkpoint=checkpoint.as_json())
            if part.unreadable:
                commit.unreadable(part.unreadable, Stream.ORDERS)
            if not part.complete:
                commit.open_alert(
                    AlertKind.ORDERS_INCOMPLETE,
                    "eBay's count of changed orders never agreed with what it listed in 4 readings; the sweep will look again",
                )
            parcels_due += stored.parcels_due
            due = (Stream.FULFILLMENT,) if parcels_due and source == "poll" else ()  # a backfill's are in no hurry
            if not part.pending_windows:
                result = step.complete(commit, due)
        if part.failed and step.over():
            width.stop()
        elif part.pending_windows and not part.mid_window and step.over():
            return step.more("more orders to read")
    return result or step.more()
