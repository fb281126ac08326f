"""Several streams of one seller: who is polled when, and what it costs."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.testing import WorkflowEnvironment

from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, orders_only, start, with_streams
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling
from workflows.state import STREAM_ORDER, PollingState


async def test_poll_now_is_served_by_a_poll_that_began_after_it(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))

    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.ORDERS))

    await eventually(lambda: len(steps.polls) == 2)
    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.INVENTORY))  # not a stream of this seller: no poll of orders for it
    await time_skipping.sleep(timedelta(minutes=1))
    assert len(steps.polls) == 2


async def test_poll_now_that_comes_during_a_poll_brings_another_one(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping, orders_only(await time_skipping.get_current_time(), paused="not yet"))
    asked = False

    def ask_while_polling(stream: Stream, request: Poll, now: datetime) -> PollResult:
        nonlocal asked
        if not asked:
            asked = True
            asyncio.run_coroutine_threadsafe(seller.signal(SellerPolling.poll_now, PollNow()), loop).result()
        return steps.by_the_rules(stream, request, now)

    loop = asyncio.get_running_loop()
    steps.answer = ask_while_polling
    await seller.signal(SellerPolling.resume)

    await eventually(lambda: len(steps.polls) == 2)


async def test_streams_that_are_due_together_share_the_wake_up(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.ORDERS, Stream.INVENTORY))
    await time_skipping.sleep(timedelta(minutes=21))

    history = await seller.fetch_history()
    timers = [event for event in history.events if event.HasField("timer_started_event_attributes")]
    assert len(steps.polls) == 10  # two streams, five times
    assert len(timers) == 5


async def test_a_quiet_poll_costs_one_timer_one_activity_and_eleven_events(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))
    before = len((await seller.fetch_history()).events)

    await time_skipping.sleep(timedelta(minutes=50))

    polls = len(steps.polls) - 1
    assert polls == 10
    assert len((await seller.fetch_history()).events) - before <= polls * 11


async def test_announced_parcels_are_read_at_once_and_the_round_keeps_its_time(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    begin = await time_skipping.get_current_time()

    def announce(stream: Stream, request: Poll, now: datetime) -> PollResult:
        if stream is Stream.ORDERS:
            due = (Stream.FULFILLMENT,) if now - begin > timedelta(minutes=4) else ()
            return PollResult(next_due=now + timedelta(minutes=5), why="test", due=due)
        return PollResult(next_due=now + timedelta(minutes=15), why="test")

    steps.answer = announce
    await start(time_skipping, with_streams(begin, Stream.ORDERS, Stream.FULFILLMENT))
    await time_skipping.sleep(timedelta(minutes=14))

    parcels = [
        (round((at - begin).total_seconds() / 60), request.announced) for stream, at, request in steps.polls if stream is Stream.FULFILLMENT
    ]
    assert parcels == [(0, False), (5, True), (10, True)]


async def test_listings_that_a_sale_moved_are_read_at_their_time_in_place_of_the_regular_poll(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    begin = await time_skipping.get_current_time()

    def sell_once(stream: Stream, request: Poll, now: datetime) -> PollResult:
        if stream is Stream.ORDERS:
            sold = timedelta(minutes=4) < now - begin < timedelta(minutes=6)
            due_at = {Stream.LISTINGS: now + timedelta(minutes=3)} if sold else {}
            return PollResult(next_due=now + timedelta(minutes=5), why="test", due_at=due_at)
        return PollResult(next_due=begin + timedelta(minutes=60) if request.announced else now + timedelta(minutes=30), why="test")

    steps.answer = sell_once
    await start(time_skipping, with_streams(begin, Stream.ORDERS, Stream.LISTINGS))
    await time_skipping.sleep(timedelta(minutes=66))

    listings = [
        (round((at - begin).total_seconds() / 60), request.announced) for stream, at, request in steps.polls if stream is Stream.LISTINGS
    ]
    assert listings[:3] == [(0, False), (8, True), (60, False)]


async def test_a_backfill_runs_between_the_polls_and_ends(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    slices = 0

    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        nonlocal slices
        if stream is Stream.BACKFILL:
            slices += 1
            return PollResult(more=slices < 5, done=slices == 5, next_due=now, why="slice")
        return steps.by_the_rules(stream, request, now)

    steps.answer = answer
    seller = await start(time_skipping, with_streams(await time_skipping.get_current_time(), *STREAM_ORDER))
    await time_skipping.sleep(timedelta(minutes=10))

    assert slices == 5
    assert steps.polls[0][0] is Stream.ORDERS
    assert Stream.BACKFILL not in (await seller.query(SellerPolling.status)).streams


def test_a_backfill_lets_others_go_first_but_not_for_ever() -> None:
    now = datetime(2026, 6, 18, 12, tzinfo=UTC)
    state = PollingState.new("anna", now, (Stream.ORDERS, Stream.BACKFILL))

    first = state.due(now)
    state.streams[Stream.ORDERS].next_due = now + timedelta(seconds=11)  # orders are due all the time, and the backfill since the start
    later = state.due(now + timedelta(seconds=11))

    assert first == [Stream.ORDERS, Stream.BACKFILL]
    assert later == [Stream.BACKFILL, Stream.ORDERS]


async def test_offers_interrupt_nobody_and_are_dropped_where_nobody_asks_for_them(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    slices = 0

    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        nonlocal slices
        if stream is Stream.OFFERS:
            slices += 1
            return PollResult(more=slices < 3, done=slices == 3, next_due=now, why="slice")
        return steps.by_the_rules(stream, request, now)

    steps.answer = answer
    seller = await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.ORDERS, Stream.OFFERS))
    await time_skipping.sleep(timedelta(minutes=10))

    assert slices == 3
    assert {request.until for stream, _, request in steps.polls if stream is Stream.ORDERS} == {None}
    assert list((await seller.query(SellerPolling.status)).streams) == [Stream.ORDERS]
