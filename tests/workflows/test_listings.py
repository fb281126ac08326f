"""The inventory is read by two streams, and one of them needs a report before it can begin."""

from datetime import datetime, timedelta

from temporalio.testing import WorkflowEnvironment

from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, start, with_streams
from workflows.messages import PollNow, SetCadence
from workflows.seller_polling import SellerPolling


def hourly(stream: Stream, request: Poll, now: datetime) -> PollResult:
    return PollResult(next_due=now + (request.cadence or timedelta(hours=1)), why="every now and then")


async def test_poll_now_of_the_inventory_reads_the_listings_too(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.answer = hourly
    streams = (Stream.ORDERS, Stream.INVENTORY, Stream.LISTINGS, Stream.REPORT)
    seller = await start(time_skipping, with_streams(await time_skipping.get_current_time(), *streams))
    await time_skipping.sleep(timedelta(minutes=1))

    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.INVENTORY))

    await eventually(lambda: len(steps.polls) == 6)
    assert [stream for stream, _, _ in steps.polls[4:]] == [Stream.INVENTORY, Stream.LISTINGS]


async def test_the_cadence_of_the_inventory_is_that_of_the_listings_too(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.answer = hourly
    streams = (Stream.ORDERS, Stream.INVENTORY, Stream.LISTINGS)
    seller = await start(time_skipping, with_streams(await time_skipping.get_current_time(), *streams))

    await time_skipping.sleep(timedelta(minutes=1))
    await seller.execute_update(SellerPolling.set_cadence, SetCadence(inventory=timedelta(minutes=10)))
    await time_skipping.sleep(timedelta(minutes=35))

    assert [len(steps.of(stream)) for stream in streams] == [1, 5, 5]
    assert steps.overrides[-1].cadence == {Stream.INVENTORY: timedelta(minutes=10), Stream.LISTINGS: timedelta(minutes=10)}


async def test_a_step_may_call_for_the_round_of_another_stream(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    done: list[Stream] = []

    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        done.append(stream)
        rounds = (Stream.REPORT, Stream.SWEEP) if done.count(Stream.LISTINGS) == 2 and stream is Stream.LISTINGS else ()
        wait = timedelta(days=1) if stream is Stream.REPORT else timedelta(minutes=20)
        return PollResult(next_due=now + wait, why="every now and then", rounds=rounds)

    steps.answer = answer
    await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.LISTINGS, Stream.REPORT))
    await time_skipping.sleep(timedelta(minutes=30))

    assert done[-2:] == [Stream.LISTINGS, Stream.REPORT]
    assert done.count(Stream.REPORT) == 2
    assert steps.polls[-1][2].announced is False


async def test_a_regular_poll_of_the_listings_that_comes_too_early_for_a_sale_is_followed_by_its_own(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    begin = await time_skipping.get_current_time()

    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        if stream is Stream.LISTINGS:
            return PollResult(next_due=now + timedelta(minutes=7), why="test")
        sold = timedelta(minutes=4) < now - begin < timedelta(minutes=6)
        due_at = {Stream.LISTINGS: now + timedelta(minutes=4)} if sold else {}
        return PollResult(next_due=now + timedelta(minutes=5), why="test", due_at=due_at)

    steps.answer = answer
    await start(time_skipping, with_streams(begin, Stream.ORDERS, Stream.LISTINGS))
    await time_skipping.sleep(timedelta(minutes=18))

    listings = [(at - begin, request.announced) for stream, at, request in steps.polls if stream is Stream.LISTINGS]
    assert [(round(at.total_seconds() / 60), announced) for at, announced in listings] == [(0, False), (7, False), (9, True), (16, False)]
