"""The watchdog starts what is lost, with what people had set, and leaves alone what runs."""

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from activities.fleet.overrides import OperatorOverrides
from domain.pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import QUEUE, FakeSteps, some_seller, start
from workflows.client import handle
from workflows.seller_polling import SellerPolling
from workflows.watchdog import MANY, Watchdog


async def look(time_skipping: WorkflowEnvironment) -> int:
    return await time_skipping.client.execute_workflow(Watchdog.run, id="watchdog", task_queue=QUEUE)


async def test_a_lost_seller_is_polled_again_as_people_had_set_it(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    slow, paused = some_seller(), some_seller()
    steps.lost = [
        OperatorOverrides(seller_id=slow, cadence={Stream.ORDERS: timedelta(hours=1)}),
        OperatorOverrides(seller_id=paused, paused="holiday"),
    ]

    started = await look(time_skipping)

    assert started == 2
    await eventually(lambda: len(steps.of(Stream.ORDERS)) == 1)
    (request,) = (request for stream, _, request in steps.polls if stream is Stream.ORDERS)
    assert (request.seller_id, request.cadence) == (slow, timedelta(hours=1))
    assert (await handle(time_skipping.client, paused).query(SellerPolling.status)).reason == "holiday"


async def test_a_seller_who_came_back_meanwhile_is_left_alone(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    steps.lost = [
        OperatorOverrides(seller_id=seller.id.removeprefix("ebay-polling:"), paused="an old wish"),
        OperatorOverrides(seller_id=some_seller()),
    ]

    await look(time_skipping)

    assert (await seller.describe()).run_id == seller.first_execution_run_id
    assert (await seller.query(SellerPolling.status)).state == "polling"
    await eventually(lambda: {request.seller_id for _, _, request in steps.polls} == {overrides.seller_id for overrides in steps.lost})


async def test_of_many_who_come_back_each_has_their_orders_read_before_anybody_has_anything_else(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    steps.lost = [OperatorOverrides(seller_id=some_seller()) for _ in range(MANY)]

    await look(time_skipping)

    await eventually(lambda: len(steps.polls) >= MANY)
    assert [stream for stream, _, _ in steps.polls[:MANY]] == [Stream.ORDERS] * MANY
    assert {request.seller_id for _, _, request in steps.polls[:MANY]} == {overrides.seller_id for overrides in steps.lost}
    await time_skipping.sleep(timedelta(minutes=2))
    assert len(steps.of(Stream.INVENTORY)) == MANY
