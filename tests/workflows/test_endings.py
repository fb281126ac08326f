"""How a run ends: continued as new with nothing lost, with the seller's leaving, or cancelled."""

import asyncio
import threading
from datetime import datetime, timedelta
from functools import partial

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from activities.fleet.overrides import OperatorOverrides
from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from tests.support.waiting import PATIENCE_S, eventually
from tests.workflows.fakes import FakeSteps, orders_only, refusing, start
from workflows.messages import Pause, SetCadence
from workflows.seller_polling import LONG_ENOUGH, SellerPolling


def saved_last(steps: FakeSteps, overrides: OperatorOverrides) -> bool:
    return [one.model_copy(update={"pause": None}) for one in steps.overrides[-1:]] == [overrides]  # which has the moment


async def test_continue_as_new_loses_no_signal(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    state = orders_only(await time_skipping.get_current_time(), paused="flood")
    seller = await start(time_skipping, state)
    runs = set()

    for number in range(LONG_ENOUGH):
        cadence, reason = timedelta(milliseconds=1000 + number), f"flood {number}"
        await seller.signal(SellerPolling.pause, Pause(reason=reason))  # not waited for: the update comes while its work closes the run
        await asyncio.wait_for(seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=cadence)), timeout=PATIENCE_S)
        reported = OperatorOverrides(seller_id=state.seller_id, paused=reason, cadence={Stream.ORDERS: cadence})
        await eventually(partial(saved_last, steps, reported))  # each one, not the last alone
        runs.add((await seller.describe()).run_id)
        if len(runs) == 3:
            break

    assert len(runs) == 3
    assert steps.polls == []


async def test_the_workflow_ends_when_the_seller_is_no_longer_enrolled(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.answer = refusing("UnknownSellerError")
    seller = await start(time_skipping)

    await seller.result()
    assert (await seller.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_cancelling_ends_the_workflow_even_in_a_poll(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    let_go = threading.Event()

    def hang(stream: Stream, request: Poll, now: datetime) -> PollResult:
        let_go.wait(2 * PATIENCE_S)
        return steps.by_the_rules(stream, request, now)

    steps.answer = hang
    seller = await start(time_skipping)
    await eventually(lambda: len(steps.polls) == 1)

    await seller.cancel()

    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(seller.result(), timeout=PATIENCE_S)
    let_go.set()
