"""Records histories of today's workflow, for tomorrow's code to be replayed against: `python -m tests.workflows.record`.

Record anew only with a release: the old files stay as long as workflows that began under that code may run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

import devstack
from activities.poll import Poll, PollResult
from console.leaving import leave
from pacing import Stream
from tests.workflows.fakes import FakeSteps, polling_worker
from workflows.messages import Connected, Pause, PollNow, SetCadence, SpeedUp
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState

HISTORIES = Path(__file__).parent.parent / "histories"
OURS = {"identity": "recorder"}
Seller = WorkflowHandle[SellerPolling, None]
Scene = Callable[[WorkflowEnvironment, FakeSteps, Seller], Awaitable[None]]


async def signals(world: WorkflowEnvironment, steps: FakeSteps, seller: Seller) -> None:
    await world.sleep(timedelta(minutes=12))
    await seller.signal(SellerPolling.pause, Pause(reason="stocktaking"))
    await world.sleep(timedelta(hours=2))
    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.INVENTORY))
    await seller.signal(SellerPolling.resume)
    await seller.signal(SellerPolling.speed_up, SpeedUp(every=timedelta(seconds=30), lasting=timedelta(minutes=3)))
    await world.sleep(timedelta(minutes=10))
    await seller.signal(SellerPolling.seller_active)
    await seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=timedelta(minutes=2), inventory=timedelta(hours=1)))
    await world.sleep(timedelta(minutes=10))


async def a_dead_token_and_a_new_one(world: WorkflowEnvironment, steps: FakeSteps, seller: Seller) -> None:
    steps.answer = refusing("DeadTokenError", 1)
    await world.sleep(timedelta(hours=5))
    steps.answer = steps.by_the_rules
    await seller.signal(SellerPolling.connected, Connected(generation=2))
    await world.sleep(timedelta(minutes=20))


async def failures_of_every_kind(world: WorkflowEnvironment, steps: FakeSteps, seller: Seller) -> None:
    for error in ("EbayUnavailableError", "RejectedError", "AccessDeniedError"):
        steps.answer = refusing(error, 0)
        await world.sleep(timedelta(minutes=6))
    steps.answer = steps.by_the_rules
    await seller.signal(SellerPolling.connected, Connected(generation=2))
    await world.sleep(timedelta(minutes=20))


async def a_spent_quota(world: WorkflowEnvironment, steps: FakeSteps, seller: Seller) -> None:
    def wait(stream: Stream, request: Poll, now: datetime) -> PollResult:
        return PollResult(waiting=True, next_due=now + timedelta(hours=3), why="eBay's quota of calls is spent")

    steps.answer = wait
    await world.sleep(timedelta(hours=4))
    steps.answer = steps.by_the_rules
    await world.sleep(timedelta(hours=4))


async def parcels_and_a_backfill(world: WorkflowEnvironment, steps: FakeSteps, seller: Seller) -> None:
    slices = 0

    def read(stream: Stream, request: Poll, now: datetime) -> PollResult:
        nonlocal slices
        if stream is Stream.BACKFILL:
            slices += 1
            return PollResult(more=slices < 4, done=slices >= 4, next_due=now, why="more orders to read")
        result = steps.by_the_rules(stream, request, now)
        return result.model_copy(update={"due": (Stream.FULFILLMENT,)}) if stream is Stream.ORDERS else result

    steps.answer = read
    await world.sleep(timedelta(minutes=40))


async def continued_as_new(world: WorkflowEnvironment, steps: FakeSteps, seller: Seller) -> None:
    await world.sleep(timedelta(hours=10))


SCENES: list[Scene] = [signals, a_dead_token_and_a_new_one, failures_of_every_kind, a_spent_quota, parcels_and_a_backfill, continued_as_new]


def refusing(error: str, generation: int) -> Callable[[Stream, Poll, datetime], PollResult]:
    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("refused", generation, type=error, non_retryable=True)

    return answer


async def record(scene: Scene, folder: Path) -> None:
    async with devstack.time_skipping() as world, polling_worker(world.client) as steps:
        name = f"seller-{scene.__name__.replace('_', '-')}"
        state = PollingState.new(name, await world.get_current_time())
        if scene is continued_as_new:
            state.streams = {Stream.ORDERS: state.streams[Stream.ORDERS]}
        seller = await world.client.start_workflow(SellerPolling.run, state, id=name, task_queue="fakes")
        await scene(world, steps, seller)
        first = world.client.get_workflow_handle(name, run_id=seller.first_execution_run_id)
        for part, handle in (("", first), ("-then", seller)):
            history = (await handle.fetch_history()).to_json_dict()
            path = folder / f"{scene.__name__}{part}.json"
            if part and handle_run(history) == seller.first_execution_run_id:
                continue
            path.write_text(json.dumps(anonymous(history), separators=(",", ":")) + "\n", encoding="utf-8")


def handle_run(history: dict[str, Any]) -> Any:
    return history["events"][0]["workflowExecutionStartedEventAttributes"]["originalExecutionRunId"]


def anonymous(value: Any) -> Any:
    """Without the names of the machine and process that recorded it, and without paths."""
    if isinstance(value, dict):
        return {key: OURS.get(key) or anonymous(item) for key, item in value.items() if key != "stackTrace"}
    return [anonymous(item) for item in value] if isinstance(value, list) else value


async def main() -> None:
    logging.disable(logging.WARNING)  # the failures are asked for
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HISTORIES
    for scene in SCENES:
        await record(scene, folder)


if __name__ == "__main__":
    asyncio.run(main())
    leave(0)
