"""The backfill: a new seller's older orders, oldest first, in slices between the polls."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity

from activities.polling.checkpoints import BackfillCheckpoint
from activities.polling.orders import read_windows
from activities.polling.poll import Poll, PollResult
from activities.polling.running import StepRun
from activities.polling.steps import StepRunner
from domain.pacing import Stream


class Backfill:
    def __init__(self, steps: StepRunner) -> None:
        self.steps = steps

    @activity.defn(no_thread_cancel_exception=True)
    def backfill_orders(self, request: Poll) -> PollResult:
        """Read on from where the last slice ended, through the same windows as the poll. Errors: see `StepRunner.run`."""
        return self.steps.run(request, Stream.BACKFILL, self.read)

    def read(self, step: StepRun) -> PollResult:
        if not step.step.checkpoint:  # enrolment left the windows here; none are left when all is read
            return step.result(next_due=step.now(), why="backfill complete", done=True)
        checkpoint = BackfillCheckpoint.read(step.step.checkpoint) or BackfillCheckpoint()  # one that cannot be read is no completed one
        result = read_windows(step, checkpoint, overlap=timedelta(), source="backfill")
        return result if result.more else result.model_copy(update={"done": True})
