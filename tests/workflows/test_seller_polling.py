from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.poll import Poll, PollResult
from pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import orders_only, polling_worker, start
from workflows.messages import Connected, Pause, PollNow, SetCadence, SpeedUp
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState


def gaps(times: list[datetime]) -> list[int]:
    """Whole seconds between polls."""
    return [round((b - a).total_seconds()) for a, b in pairwise(times)]


async def test_a_paused_seller_is_not_polled_for_a_day_and_resume_polls_at_once(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        state = orders_only(await time_skipping.get_current_time(), paused="holiday")
        seller = await start(time_skipping, state)
        await time_skipping.sleep(timedelta(days=1))
        assert steps.polls == []

        await seller.signal(SellerPolling.resume)

        await eventually(lambda: len(steps.polls) == 1)
        await eventually(lambda: [wishes.paused for wishes in steps.wishes] == [None])


async def test_pause_stops_the_polls_and_says_why(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(time_skipping)
        await time_skipping.sleep(timedelta(minutes=12))
        await seller.signal(SellerPolling.pause, Pause(reason="stocktaking"))
        await eventually(lambda: [wishes.paused for wishes in steps.wishes] == ["stocktaking"])
        polls = len(steps.polls)

        await time_skipping.sleep(timedelta(days=1))

        status = await seller.query(SellerPolling.status)
        assert (status.state, status.reason) == ("paused", "stocktaking")
        assert status.streams[Stream.ORDERS].next_poll_at is None
        assert polls == 3
        assert len(steps.polls) == polls


async def test_a_quiet_seller_is_polled_less_in_steps_and_often_again_with_the_first_change(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
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


async def test_three_days_of_polls_are_exactly_those_of_the_rules(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        begin = await time_skipping.get_current_time()
        steps.changed_at = lambda at: (at - begin).days == 1  # quiet, busy all the second day, quiet again
        seller = await start(time_skipping)

        await time_skipping.sleep(timedelta(days=3))

        times = steps.of(Stream.ORDERS)
        expected, at, last = [times[0]], times[0], times[0]
        while True:
            if steps.changed_at(at):
                last = at
            quiet = (at - last).total_seconds()
            at += timedelta(seconds=300 * (3 if quiet >= 10800 else 2.5 if quiet >= 7200 else 2 if quiet >= 3600 else 1))
            if at >= begin + timedelta(days=3):
                break
            expected.append(at)
        drift = [abs((a - b).total_seconds()) for a, b in zip(times, expected, strict=True)]
        assert max(drift) < 60  # each timer fires a few ms late, and the next interval counts from there
        assert (await seller.describe()).run_id != seller.first_execution_run_id  # continued as new on the way


async def test_speed_up_ends_by_itself(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(time_skipping)
        await time_skipping.sleep(timedelta(minutes=1))

        await seller.signal(SellerPolling.speed_up, SpeedUp(every=timedelta(seconds=30), lasting=timedelta(minutes=10)))
        await time_skipping.sleep(timedelta(minutes=40))

        seen = gaps(steps.of(Stream.ORDERS))
        assert 59 <= seen[0] <= 61
        assert seen[1:20] == [30] * 19
        assert set(seen[22:]) == {300}


async def test_poll_now_is_served_by_a_poll_that_began_after_it(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(time_skipping)
        await time_skipping.sleep(timedelta(minutes=1))

        await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.ORDERS))

        await eventually(lambda: len(steps.polls) == 2)
        await seller.signal(
            SellerPolling.poll_now, PollNow(stream=Stream.INVENTORY)
        )  # not a stream of this seller: no poll of orders for it
        await time_skipping.sleep(timedelta(minutes=1))
        assert len(steps.polls) == 2


async def test_poll_now_that_comes_during_a_poll_brings_another_one(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
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


async def test_a_speed_up_that_comes_during_a_poll_holds_from_that_poll_on(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(time_skipping, orders_only(await time_skipping.get_current_time(), paused="not yet"))
        loop, told = asyncio.get_running_loop(), []

        def speed_up_while_polling(stream: Stream, request: Poll, now: datetime) -> PollResult:
            if not told:
                told.append(now)
                message = SpeedUp(every=timedelta(seconds=30), lasting=timedelta(minutes=3))
                asyncio.run_coroutine_threadsafe(seller.signal(SellerPolling.speed_up, message), loop).result()
            return steps.by_the_rules(stream, request, now)

        steps.answer = speed_up_while_polling
        await seller.signal(SellerPolling.resume)
        await eventually(lambda: len(steps.polls) == 2)
        await time_skipping.sleep(timedelta(minutes=2))

        assert gaps(steps.of(Stream.ORDERS))[:4] == [0, 30, 30, 30]


async def test_set_cadence_holds_and_is_kept_and_nonsense_is_refused(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(time_skipping)
        await time_skipping.sleep(timedelta(seconds=10))

        await seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=timedelta(minutes=1)))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=timedelta()))
        await time_skipping.sleep(timedelta(minutes=10))

        assert "between 0.5 s and 1 d" in str(refused.value.cause)
        assert set(gaps(steps.of(Stream.ORDERS))[1:]) == {60}
        assert steps.wishes[-1].cadence == {Stream.ORDERS: timedelta(minutes=1)}


async def test_a_failure_is_retried_with_backoff_and_never_after_the_quiet_interval(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:

        def fail(stream: Stream, request: Poll, now: datetime) -> PollResult:
            raise ApplicationError("eBay is down", type="EbayUnavailableError")

        steps.answer = fail
        seller = await start(time_skipping)
        await time_skipping.sleep(timedelta(minutes=10))

        status = await seller.query(SellerPolling.status)
        assert status.state == "failing"
        assert status.streams[Stream.ORDERS].last_error == "EbayUnavailableError: eBay is down"
        waits = gaps(steps.of(Stream.ORDERS))
        assert max(waits) <= 61
        assert waits[:9] == [1, 2, 5, 1, 2, 10, 1, 2, 20]

        steps.answer = steps.by_the_rules
        await time_skipping.sleep(timedelta(minutes=2))
        assert (await seller.query(SellerPolling.status)).state == "polling"


async def test_a_dead_token_stops_the_polls_until_the_seller_connects_again(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        steps.answer = refuse_token(1)
        seller = await start(time_skipping)
        await time_skipping.sleep(timedelta(days=2))
        assert (await seller.query(SellerPolling.status)).state == "needs_reauthorization"
        assert len(steps.polls) == 1

        steps.answer = steps.by_the_rules
        await seller.signal(SellerPolling.connected, Connected(generation=2))

        await eventually(lambda: len(steps.polls) == 2)
        assert (await seller.query(SellerPolling.status)).state == "polling"


async def test_a_late_refusal_of_the_old_token_does_not_stop_the_new_one(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        steps.answer = refuse_token(1)
        await start(time_skipping, orders_only(await time_skipping.get_current_time(), generation=2))

        await time_skipping.sleep(timedelta(seconds=30))

        assert len(steps.polls) > 1


async def test_a_missing_scope_stops_that_stream_only(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:

        def deny_inventory(stream: Stream, request: Poll, now: datetime) -> PollResult:
            if stream is Stream.INVENTORY:
                raise ApplicationError("scope is missing", type="AccessDeniedError", non_retryable=True)
            return steps.by_the_rules(stream, request, now)

        steps.answer = deny_inventory
        state = PollingState.new("seller-scopes", await time_skipping.get_current_time(), (Stream.ORDERS, Stream.INVENTORY))
        seller = await start(time_skipping, state)
        await time_skipping.sleep(timedelta(hours=1))

        assert len(steps.of(Stream.INVENTORY)) == 1
        assert len(steps.of(Stream.ORDERS)) > 10
        assert "scope" in (await seller.query(SellerPolling.status)).reason


async def test_continue_as_new_loses_no_signal(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(time_skipping, orders_only(await time_skipping.get_current_time(), paused="flood"))
        every_ms = [timedelta(milliseconds=1000 + number) for number in range(300)]

        for cadence in every_ms:
            await seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=cadence))

        await eventually(lambda: steps.wishes and steps.wishes[-1].cadence.get(Stream.ORDERS) == every_ms[-1])
        assert (await seller.describe()).run_id != seller.first_execution_run_id
        status = await seller.query(SellerPolling.status)
        assert (status.state, status.reason) == ("paused", "flood")


async def test_streams_that_are_due_together_share_the_wake_up(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(
            time_skipping, PollingState.new("seller-together", await time_skipping.get_current_time(), (Stream.ORDERS, Stream.INVENTORY))
        )
        await time_skipping.sleep(timedelta(minutes=21))

        history = await seller.fetch_history()
        timers = [event for event in history.events if event.HasField("timer_started_event_attributes")]
        assert len(steps.polls) == 10  # two streams, five times
        assert len(timers) == 5


async def test_a_quiet_poll_costs_one_timer_one_activity_and_eleven_events(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(time_skipping)
        await time_skipping.sleep(timedelta(minutes=1))
        before = len((await seller.fetch_history()).events)

        await time_skipping.sleep(timedelta(minutes=50))

        polls = len(steps.polls) - 1
        assert polls == 10
        assert len((await seller.fetch_history()).events) - before <= polls * 11


async def test_announced_parcels_are_read_at_once_and_the_round_keeps_its_time(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        begin = await time_skipping.get_current_time()

        def announce(stream: Stream, request: Poll, now: datetime) -> PollResult:
            if stream is Stream.ORDERS:
                due = (Stream.FULFILLMENT,) if now - begin > timedelta(minutes=4) else ()
                return PollResult(next_due=now + timedelta(minutes=5), why="test", due=due)
            return PollResult(next_due=now + timedelta(minutes=15), why="test")

        steps.answer = announce
        await start(time_skipping, PollingState.new("seller-parcels", begin, (Stream.ORDERS, Stream.FULFILLMENT)))
        await time_skipping.sleep(timedelta(minutes=14))

        parcels = [
            (round((at - begin).total_seconds() / 60), request.announced)
            for stream, at, request in steps.polls
            if stream is Stream.FULFILLMENT
        ]
        assert parcels == [(0, False), (5, True), (10, True)]


async def test_a_backfill_runs_between_the_polls_and_ends(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        slices = 0

        def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
            nonlocal slices
            if stream is Stream.BACKFILL:
                slices += 1
                return PollResult(more=slices < 5, done=slices == 5, next_due=now, why="slice")
            return steps.by_the_rules(stream, request, now)

        steps.answer = answer
        seller = await start(time_skipping, PollingState.new("seller-backfill", await time_skipping.get_current_time()))
        await time_skipping.sleep(timedelta(minutes=10))

        assert slices == 5
        assert steps.polls[0][0] is Stream.ORDERS
        assert Stream.BACKFILL not in (await seller.query(SellerPolling.status)).streams


async def test_the_workflow_ends_when_the_seller_is_no_longer_enrolled(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:

        def unknown(stream: Stream, request: Poll, now: datetime) -> PollResult:
            raise ApplicationError("seller was removed", type="UnknownSellerError", non_retryable=True)

        steps.answer = unknown
        seller = await start(time_skipping)

        assert await seller.result() is None


async def test_cancelling_ends_the_workflow_even_in_a_poll(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        let_go = threading.Event()

        def hang(stream: Stream, request: Poll, now: datetime) -> PollResult:
            let_go.wait(30)
            return steps.by_the_rules(stream, request, now)

        steps.answer = hang
        seller = await start(time_skipping)
        await eventually(lambda: len(steps.polls) == 1)

        await seller.cancel()

        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(seller.result(), timeout=10)
        let_go.set()


async def test_resume_after_a_short_pause_polls_at_once_too(time_skipping: WorkflowEnvironment) -> None:
    async with polling_worker(time_skipping.client) as steps:
        seller = await start(time_skipping)
        await eventually(lambda: len(steps.polls) == 1)
        await seller.signal(SellerPolling.pause, Pause())
        await eventually(lambda: len(steps.wishes) == 1)

        await seller.signal(SellerPolling.resume)

        await eventually(lambda: len(steps.polls) == 2)


def refuse_token(generation: int):  # type: ignore[no-untyped-def]
    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("eBay refuses the token", generation, type="DeadTokenError", non_retryable=True)

    return answer
