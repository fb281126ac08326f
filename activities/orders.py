"""The orders poll: new and updated orders since the seller's cursor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from temporalio import activity

from activities import moments
from activities.poll import Poll, PollResult
from activities.running import StepRun
from activities.steps import StepRunner
from changes.dates import read_time
from ebay.narrowing import Width
from ebay.windows import WindowResult, changed_since
from pacing import Stream
from store.kinds import AlertKind
from store.times import iso


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
        return read_windows(step, overlap=self.overlap, source="poll")


def read_windows(step: StepRun, *, overlap: timedelta, source: str) -> PollResult:
    """Keep one window after the other until all are read or the step's time is over; where it stopped stands beside the cursor."""
    parcels_due = 0
    result: PollResult | None = None
    cursor = min(step.step.cursor or step.step.enrolled_at, step.ebays_now())  # ahead of eBay it would be asked for nothing but the future
    width = Width.of(limit(step.step.reading), step.step.failures)
    store, seller_id, since = step.steps.store, step.request.seller_id, cursor - overlap
    if source == "poll":
        moments.read_orders(step, Stream.ORDERS, step.fetch)
    unreadable = store.unreadable(seller_id, Stream.ORDERS, since) if step.step.set_aside else ()
    for part in changed_since(step.fetch, cursor, overlap, edges(step.step.reading), width, step.sure_at, unreadable):
        with step.commit() as commit:
            kept = commit.store_orders(part.orders, read_at=step.read_at(), source=source)
            step.count(commit, kept)
            commit.advance(cursor=part.cursor, reading=reading(part, width, source))
            if part.unreadable:
                commit.unreadable(part.unreadable, Stream.ORDERS)
            if not part.complete:
                commit.open_alert(
                    AlertKind.ORDERS_INCOMPLETE,
                    "eBay's count of changed orders never agreed with what it listed in 4 readings; the sweep will look again",
                )
            parcels_due += kept.parcels_due
            due = (Stream.FULFILLMENT,) if parcels_due and source == "poll" else ()  # the past is in no hurry
            if not part.pending_windows:
                result = step.complete(commit, due)
        if part.failed and step.over():
            width.stop()
        elif part.pending_windows and not part.mid_window and step.over():
            return step.more("more orders to read")
    return result or step.more()


def reading(part: WindowResult, width: Width, source: str) -> list[Any] | dict[str, Any] | None:
    """Where the read goes on: what is known of the width that eBay answers, and the edges of what is not read; at the end the former."""
    kept = width.kept()
    if part.pending_windows:
        return [*([kept] if kept else []), *map(iso, part.pending_windows)]
    return {"limit": kept} if kept and source == "poll" else None


def edges(reading: Any) -> list[datetime]:
    return [moment for edge in reading if (moment := read_time(edge))] if isinstance(reading, list) else []


def limit(reading: Any) -> Any:
    """Of the width of a window, as `Width.kept` had it."""
    return reading[0] if isinstance(reading, list) and reading else reading.get("limit") if isinstance(reading, dict) else None
