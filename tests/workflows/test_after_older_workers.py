"""What a worker of an older version handled decides nothing about what comes later in the same run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, hardly_ever, polling_worker, start
from workflows.messages import Pause, SpeedUp
from workflows.seller_polling import SellerPolling

HOUR = timedelta(hours=1)


@asynccontextmanager
async def older_worker(world: WorkflowEnvironment) -> AsyncIterator[FakeSteps]:
    """One that knows neither ends of pauses nor that speed-ups are stored."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SellerPolling, "holds", lambda self, name: False)
        async with polling_worker(world.client, workflow_runner=UnsandboxedWorkflowRunner(), max_cached_workflows=0) as steps:
            steps.answer = hardly_ever
            yield steps


async def test_a_pause_ends_by_itself_though_an_older_worker_handled_one_before_with_the_same_end(
    time_skipping: WorkflowEnvironment,
) -> None:
    until = await time_skipping.get_current_time() + 5 * HOUR
    async with older_worker(time_skipping) as steps:
        seller = await start(time_skipping)
        await eventually(lambda: len(steps.polls) == 1)
        await seller.signal(SellerPolling.pause, Pause(until=until))
        before = (await seller.query(SellerPolling.status)).paused

    async with polling_worker(time_skipping.client) as steps:
        steps.answer = hardly_ever
        await seller.signal(SellerPolling.pause, Pause(until=until))
        again = (await seller.query(SellerPolling.status)).paused
        await time_skipping.sleep(6 * HOUR)
        status = await seller.query(SellerPolling.status)
        run = (await seller.describe()).run_id

    assert (before and before.until, again and again.until) == (None, until)
    assert (status.state, status.paused) == ("polling", None)
    assert run == seller.first_execution_run_id


async def test_a_speed_up_is_stored_though_an_older_worker_handled_one_before(time_skipping: WorkflowEnvironment) -> None:
    message = SpeedUp(every=timedelta(seconds=30), lasting=HOUR, by="page")
    async with older_worker(time_skipping) as steps:
        seller = await start(time_skipping)
        await eventually(lambda: len(steps.polls) == 1)
        await seller.signal(SellerPolling.speed_up, message)
        await seller.query(SellerPolling.status)
        assert steps.overrides == []

    async with polling_worker(time_skipping.client) as steps:
        steps.answer = hardly_ever
        await seller.signal(SellerPolling.speed_up, message)
        await eventually(lambda: len(steps.overrides) == 1)

    assert steps.overrides[0].speed_up is not None
