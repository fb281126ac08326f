"""Where a recorded story takes place: a server whose time jumps, fake steps, one seller; and answers that stories share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.delivering.deliver import DeliveryCursor
from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import QUEUE, Answer, FakeSteps
from workflows.delivery import Delivery, delivery_id
from workflows.messages import PollNow, workflow_id
from workflows.seller_polling import LONG_ENOUGH, SellerPolling
from workflows.state import PollingState
from workflows.watchdog import Watchdog

ANNA = "seller-anna"
Seller = WorkflowHandle[SellerPolling, None]


@dataclass(frozen=True)
class Stage:
    world: WorkflowEnvironment
    steps: FakeSteps

    async def seller(self, *streams: Stream, paused: str | None = None, generation: int = 0) -> Seller:
        state = PollingState.new(ANNA, await self.world.get_current_time(), streams)
        state.paused, state.generation = paused, generation
        return await self.world.client.start_workflow(SellerPolling.run, state, id=workflow_id(ANNA), task_queue=QUEUE)

    async def watchdog(self) -> WorkflowHandle[Watchdog, int]:
        watchdog = await self.world.client.start_workflow(Watchdog.run, id="watchdog", task_queue=QUEUE)
        await watchdog.result()
        return watchdog

    async def delivery(self) -> WorkflowHandle[Delivery, None]:
        cursor = DeliveryCursor(endpoint="ep-1f2e3d4c", seller=ANNA)
        return await self.world.client.start_workflow(Delivery.run, cursor, id=delivery_id(cursor), task_queue=QUEUE, start_signal="look")

    async def pass_time(self, **time: float) -> None:
        await self.world.sleep(timedelta(**time))


async def ask_until_long(seller: Seller) -> None:
    """Signals until its history is long enough for a new run, and no more: under a stream of them it cannot end."""
    while (now := await seller.describe()).run_id == seller.first_execution_run_id and now.history_length < LONG_ENOUGH + 20:
        await seller.signal(SellerPolling.poll_now, PollNow())

    async def is_another() -> bool:
        return (await seller.describe()).run_id != seller.first_execution_run_id

    await eventually(is_another)


def seldom(stream: Stream, request: Poll, now: datetime) -> PollResult:
    return PollResult(next_due=now + timedelta(hours=3), why="every 3 h")


def only(stream: Stream, this: Answer, others: Answer) -> Answer:
    """One stream answers otherwise than the others."""
    return lambda polled, request, now: (this if polled is stream else others)(polled, request, now)


def slices(stage: Stage, number: int) -> Answer:
    """A backfill that is done after so many steps."""
    read = 0

    def backfill(stream: Stream, request: Poll, now: datetime) -> PollResult:
        nonlocal read
        read += 1
        return PollResult(more=read < number, done=read == number, next_due=now, why="more orders to read")

    return only(Stream.BACKFILL, backfill, only(Stream.SWEEP, seldom, stage.steps.by_the_rules))
