"""The peer's workflow: of Sellerbeat's shape (a timer, one activity, one state carried through continue-as-new) and nothing more."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from lab.benchmarks.messages import LoopAnswer, LoopRequest, LoopState

LONG_ENOUGH = 500  # events, as SellerPolling has it


@workflow.defn
class PeerLoop:
    @workflow.init
    def __init__(self, state: LoopState) -> None:
        self.state = state
        self.wake_requested = False

    @workflow.run
    async def run(self, state: LoopState) -> None:
        while workflow.info().get_current_history_length() < LONG_ENOUGH:
            if not self.state.paused and self.state.next_due <= workflow.now():
                await self.poll()
            else:
                await self.sleep()
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self.state)

    async def poll(self) -> None:
        answer: LoopAnswer = await workflow.execute_activity(
            self.state.activity,
            LoopRequest(seller_id=self.state.seller_id, every=self.state.every),
            result_type=LoopAnswer,
            start_to_close_timeout=timedelta(minutes=3),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
        self.state.next_due, self.state.why = answer.next_due, answer.why

    async def sleep(self) -> None:
        self.wake_requested = False
        left = None if self.state.paused else max(self.state.next_due - workflow.now(), timedelta(milliseconds=1))
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self.wake_requested, timeout=left)

    @workflow.signal
    def pause(self) -> None:
        self.state.paused = self.wake_requested = True

    @workflow.signal
    def resume(self) -> None:
        self.state.paused, self.wake_requested = False, True
        self.state.next_due = workflow.now()
