"""Starts the workflow of every seller who is enrolled but not running. Run by a schedule, once a minute."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.fleet.lost_sellers import LostSellers
    from workflows.messages import workflow_id
    from workflows.seller_polling import SellerPolling, summary_of
    from workflows.state import PollingState

MANY = 20  # who come back together: there are so many steps at once in a worker
TOGETHER = 100  # sellers begun by one task: each alone waits for its own, behind those of all who run already


@workflow.defn
class Watchdog:
    @workflow.run
    async def run(self) -> int:
        """How many workflows it started."""
        lost = await workflow.execute_activity_method(
            LostSellers.find_lost_sellers, summary="who is enrolled but does not run", start_to_close_timeout=timedelta(seconds=60)
        )
        states = [PollingState.resumed(overrides, workflow.now()) for overrides in lost]
        if len(lost) > 1 and workflow.patched("many-at-once"):
            for first in range(0, len(lost), TOGETHER):
                some = states[first : first + TOGETHER]
                await asyncio.gather(*(self.start(one.orders_first(workflow.now()) if len(lost) >= MANY else one) for one in some))
        else:
            for state in states:
                await self.start(state)
        return len(lost)

    async def start(self, state: PollingState) -> None:
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                SellerPolling.run,
                state,
                id=workflow_id(state.seller_id),
                static_summary=summary_of(state.seller_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
            )
