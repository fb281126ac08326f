"""A cursor's workflow: it exists while something waits, waits as long as it is told to, and hears when that is over."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.delivering.deliver import Delivered, DeliveryCursor
from tests.support.waiting import eventually
from tests.workflows.fakes import QUEUE, FakeSteps
from workflows.delivery import LONG_ENOUGH, Delivery, delivery_id

CURSOR = DeliveryCursor(endpoint="ep-1", seller="anna")


async def begin(world: WorkflowEnvironment) -> WorkflowHandle[Delivery, None]:
    return await world.client.start_workflow(Delivery.run, CURSOR, id=delivery_id(CURSOR), task_queue=QUEUE, start_signal="look")


def test_cursors_of_the_fleet_and_of_sellers_have_ids_of_their_own() -> None:
    cursors = [
        DeliveryCursor(endpoint="ep-1"),
        DeliveryCursor(endpoint="ep-1", seller="fleet"),
        DeliveryCursor(endpoint="ep-2", seller="fleet"),
    ]

    assert [delivery_id(cursor) for cursor in cursors] == ["delivery:ep-1:*", "delivery:ep-1:fleet", "delivery:ep-2:fleet"]


async def test_it_ends_when_all_is_delivered(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.delivered = [Delivered(delivered=50, more=True, why="more")]

    await (await begin(time_skipping)).result()

    assert [cursor for _, cursor in steps.cursors] == [CURSOR, CURSOR]


async def test_it_waits_as_long_as_the_run_says(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.delivered = [Delivered(wait_s=5, why="failed"), Delivered(wait_s=72_000, why="failed")]

    await (await begin(time_skipping)).result()

    times = [at for at, _ in steps.cursors]
    assert times[1] - times[0] >= timedelta(seconds=5)
    assert timedelta(hours=20) <= times[2] - times[1] <= timedelta(hours=20, seconds=10)


async def test_who_says_so_ends_the_waiting(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.delivered = [Delivered(wait_s=86_400, why="failed")]
    running = await begin(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))

    await running.signal(Delivery.look)
    await running.result()

    times = [at for at, _ in steps.cursors]
    assert times[1] - times[0] < timedelta(minutes=5)


async def test_what_is_new_while_it_ends_is_looked_for_once_more(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.held.clear()
    running = await begin(time_skipping)
    await eventually(lambda: steps.cursors)

    await running.signal(Delivery.look)
    steps.held.set()
    await running.result()

    assert len(steps.cursors) == 2


async def test_a_cursor_that_goes_on_for_ever_continues_as_new(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.delivered = [Delivered(delivered=1, more=True, why="more") for _ in range(LONG_ENOUGH // 4)]
    running = await begin(time_skipping)

    await running.result()
    first = await time_skipping.client.get_workflow_handle(running.id, run_id=running.result_run_id).describe()

    assert first.status is WorkflowExecutionStatus.CONTINUED_AS_NEW
    assert len(steps.cursors) == LONG_ENOUGH // 4 + 1
