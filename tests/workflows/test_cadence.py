"""How often a seller is polled: by the rules of `domain/pacing/`, and by what people set."""

import asyncio
from datetime import datetime, timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, gaps, orders_only, start
from workflows.messages import SetCadence, SpeedUp
from workflows.seller_polling import SellerPolling


async def test_a_quiet_seller_is_polled_less_in_steps_and_often_again_with_the_first_change(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    begin = await time_skipping.get_current_time()
    steps.changed_at = lambda at: timedelta(hours=6) <= at - begin < timedelta(hours=6, minutes=16)
    await start(time_skipping)

    await time_skipping.sleep(timedelta(hours=6, minutes=30))

    seen = gaps(steps.of(Stream.ORDERS))
    hour_of_five, hour_of_ten, hour_of_twelve = [300] * 12, [600] * 6, [750] * 5
    assert seen[:23] == hour_of_five + hour_of_ten + hour_of_twelve
    woken = next(at for at in steps.of(Stream.ORDERS) if steps.changed_at(at))
    after = [at for at in steps.of(Stream.ORDERS) if at >= woken]
    assert gaps(after)[:3] == [300, 300, 300]
    assert set(seen[23 : len(seen) - len(after) + 1]) == {900}


async def test_twenty_hours_of_polls_are_exactly_those_of_the_rules(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    begin = await time_skipping.get_current_time()
    steps.changed_at = lambda at: timedelta(hours=8) <= at - begin < timedelta(hours=14)  # quiet, busy for six hours, quiet again
    seller = await start(time_skipping)

    await time_skipping.sleep(timedelta(hours=20))

    times = steps.of(Stream.ORDERS)
    expected, at, last = [times[0]], times[0], times[0]
    while True:
        if steps.changed_at(at):
            last = at
        quiet = (at - last).total_seconds()
        at += timedelta(seconds=300 * (3 if quiet >= 10800 else 2.5 if quiet >= 7200 else 2 if quiet >= 3600 else 1))
        if at >= begin + timedelta(hours=20):
            break
        expected.append(at)
    drift = [abs((a - b).total_seconds()) for a, b in zip(times, expected, strict=True)]
    assert max(drift) < 60  # each timer fires a few ms late, and the next interval counts from there
    assert len(times) > 130
    assert (await seller.describe()).run_id != seller.first_execution_run_id  # continued as new on the way


async def test_speed_up_ends_by_itself(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))

    await seller.signal(SellerPolling.speed_up, SpeedUp(every=timedelta(seconds=30), lasting=timedelta(minutes=10)))
    await time_skipping.sleep(timedelta(minutes=40))

    seen = gaps(steps.of(Stream.ORDERS))
    assert 59 <= seen[0] <= 61
    assert seen[1:20] == [30] * 19
    assert set(seen[22:]) == {300}


async def test_a_speed_up_that_comes_during_a_poll_holds_from_that_poll_on(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping, orders_only(await time_skipping.get_current_time(), paused="not yet"))
    loop, reported = asyncio.get_running_loop(), list[datetime]()

    def speed_up_while_polling(stream: Stream, request: Poll, now: datetime) -> PollResult:
        if not reported:
            reported.append(now)
            message = SpeedUp(every=timedelta(seconds=30), lasting=timedelta(minutes=3))
            asyncio.run_coroutine_threadsafe(seller.signal(SellerPolling.speed_up, message), loop).result()
        return steps.by_the_rules(stream, request, now)

    steps.answer = speed_up_while_polling
    await seller.signal(SellerPolling.resume)
    await eventually(lambda: len(steps.polls) == 2)
    await time_skipping.sleep(timedelta(minutes=2))

    assert gaps(steps.of(Stream.ORDERS))[:4] == [0, 30, 30, 30]


async def test_set_cadence_holds_and_is_kept_and_nonsense_is_refused(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(seconds=10))

    await seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=timedelta(minutes=1)))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=timedelta()))
    await time_skipping.sleep(timedelta(minutes=10))

    assert "between 0.5 s and 1 d" in str(refused.value.cause)
    assert set(gaps(steps.of(Stream.ORDERS))[1:]) == {60}
    assert steps.overrides[-1].cadence == {Stream.ORDERS: timedelta(minutes=1)}
