"""A paused seller is left alone, however long, and polled at once after it."""

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from domain.pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, orders_only, start
from workflows.messages import Pause
from workflows.seller_polling import SellerPolling


async def test_a_paused_seller_is_not_polled_for_a_day_and_resume_polls_at_once(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    state = orders_only(await time_skipping.get_current_time(), paused="holiday")
    seller = await start(time_skipping, state)
    await time_skipping.sleep(timedelta(days=1))
    assert steps.polls == []

    await seller.signal(SellerPolling.resume)

    await eventually(lambda: len(steps.polls) == 1)
    await eventually(lambda: [overrides.paused for overrides in steps.overrides] == [None])


async def test_pause_stops_the_polls_and_says_why(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=12))
    await seller.signal(SellerPolling.pause, Pause(reason="stocktaking"))
    await eventually(lambda: [overrides.paused for overrides in steps.overrides] == ["stocktaking"])
    polls = len(steps.polls)

    await time_skipping.sleep(timedelta(days=1))

    status = await seller.query(SellerPolling.status)
    assert (status.state, status.reason) == ("paused", "stocktaking")
    assert status.streams[Stream.ORDERS].next_poll_at is None
    assert polls == 3
    assert len(steps.polls) == polls


async def test_resume_after_a_short_pause_polls_at_once_too(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await eventually(lambda: len(steps.polls) == 1)
    await seller.signal(SellerPolling.pause, Pause())
    await eventually(lambda: len(steps.overrides) == 1)

    await seller.signal(SellerPolling.resume)

    await eventually(lambda: len(steps.polls) == 2)
