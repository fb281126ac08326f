"""The orders poll: new and updated orders since the seller's cursor."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import activity

from activities.poll import Poll, PollResult
from activities.steps import RunningStep, Steps
from changes.dates import read_time
from ebay.windows import changed_since
from pacing import Stream
from store.kinds import AlertKind
from store.times import iso


class OrderPolling:
    def __init__(self, steps: Steps, overlap: timedelta) -> None:
        self.steps, self.overlap = steps, overlap

    @activity.defn(no_thread_cancel_exception=True)
    def poll_orders(self, request: Poll) -> PollResult:
        """Store what changed since the seller's cursor, window by window, oldest first, for about two seconds.

        Each window commits with its own cursor, fenced by the epoch that this step took: a retry repeats at most one window,
        emits nothing twice, and a forgotten attempt can commit nothing. Errors: see `Steps.run`.
        """
        return self.steps.run(request, Stream.ORDERS, self.read)

    def read(self, step: RunningStep) -> PollResult:
        return read_windows(step, overlap=self.overlap, source="poll")


def read_windows(step: RunningStep, *, overlap: timedelta, source: str) -> PollResult:
    """Keep one window after the other until all are read or the step's time is over; where it stopped stands beside the cursor."""
    parcels_due = 0
    cursor = step.step.cursor or step.step.enrolled_at
    for part in changed_since(step.fetch, cursor, overlap, edges(step.step.reading)):
        with step.commit() as commit:
            kept = commit.keep_orders(part.orders, read_at=step.read_at(), source=source)
            step.count(commit, kept)
            commit.advance(cursor=part.cursor, reading=[iso(edge) for edge in part.remaining] or None)
            if not part.complete:
                commit.open_alert(
                    AlertKind.ORDERS_INCOMPLETE,
                    "eBay's count of changed orders never agreed with what it listed in 4 readings; the sweep will look again",
                )
            parcels_due += kept.parcels_due
            due = (Stream.FULFILLMENT,) if parcels_due and source == "poll" else ()  # the past is in no hurry
            if not part.remaining:
                step.finish(commit, due)
        if part.remaining and not part.mid_window and step.over():
            return step.more("more orders to read")
    return step.rest or step.more()


def edges(reading: list[str] | None) -> list[datetime]:
    return [moment for edge in reading or [] if (moment := read_time(edge))]
