"""The peer's workflow: of Sellerbeat's shape (a timer, one activity, one state carried through continue-as-new) and nothing more."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from lab.benchmarks.messages import Answer, Ask, LoopState

LONG_ENOUGH = 500  # events, as SellerPolling has it


@workflow.defn
class Loop:
    @workflow.init
    def __init__(self, state: LoopState) -> None:
        self.state = state
        self.told = False

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
        answer: Answer = await workflow.execute_activity(
            self.state.activity,
            Ask(seller_id=self.state.seller_id, every=self.state.every),
            result_type=Answer,
            start_to_close_timeout=timedelta(minutes=3),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
        self.state.next_due, self.state.why = answer.next_due, answer.why

    async def sleep(self) -> None:
        self.told = False
        left = None if self.state.paused else max(self.state.next_due - workflow.now(), timedelta(milliseconds=1))
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self.told, timeout=left)

    @workflow.signal
    def pause(self) -> None:
        self.state.paused = self.told = True

    @workflow.signal
    def resume(self) -> None:
        self.state.paused, self.told = False, True
        self.state.next_due = workflow.now()
