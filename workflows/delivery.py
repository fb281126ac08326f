"""Delivers one seller's changes to one endpoint. It runs only while something waits; the dispatcher begins it (`dispatcher.py`)."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.delivering.deliver import DELIVER, Delivered, Delivering, DeliveryCursor

LONG_ENOUGH = 500  # events, as the sellers' workflows


def delivery_id(cursor: DeliveryCursor) -> str:
    return f"delivery:{cursor.endpoint}:{cursor.seller or '*'}"


@workflow.defn
class Delivery:
    @workflow.init
    def __init__(self, cursor: DeliveryCursor) -> None:
        self.wake_requested = False  # something is new, or the waiting is over: look again

    @workflow.run
    async def run(self, cursor: DeliveryCursor) -> None:
        """How far the cursor is, and how often it failed, stands in Postgres: nothing here has to outlive continue-as-new."""
        while not self.long_enough(workflow.info()):
            self.wake_requested = False
            result: Delivered = await workflow.execute_activity_method(Delivering.deliver_changes, cursor, **DELIVER)
            workflow.set_current_details(f"{result.delivered} delivered; {result.why}")
            if result.wait_s is not None:
                await self.sleep(result.wait_s, result.why)
            elif not result.more and not self.wake_requested:  # woken meanwhile, it may have read too early
                return
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(cursor)

    async def sleep(self, seconds: float, why: str) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self.wake_requested, timeout=timedelta(seconds=seconds), timeout_summary=why)

    def long_enough(self, info: workflow.Info) -> bool:
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= LONG_ENOUGH

    @workflow.signal
    def look(self) -> None:
        """Something is new, or the waiting is over. Sent once more than needed it costs a look at Postgres."""
        self.wake_requested = True
