"""Starts the workflow of every seller who is enrolled but not running. Run by a schedule, once a minute."""

from __future__ import annotations

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


@workflow.defn
class Watchdog:
    @workflow.run
    async def run(self) -> int:
        """How many workflows it started."""
        lost = await workflow.execute_activity_method(
            LostSellers.find_lost_sellers, summary="who is enrolled but does not run", start_to_close_timeout=timedelta(seconds=60)
        )
        for overrides in lost:
            with suppress(WorkflowAlreadyStartedError):
                await workflow.start_child_workflow(
                    SellerPolling.run,
                    PollingState.resumed(overrides, workflow.now()),
                    id=workflow_id(overrides.seller_id),
                    static_summary=summary_of(overrides.seller_id),
                    parent_close_policy=ParentClosePolicy.ABANDON,
                )
        return len(lost)
