"""A word that notifications wait: read before every stream, once more where more was told, and never while paused."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, gaps, refusing, start, with_streams
from workflows.messages import Connected, Pause
from workflows.seller_polling import SellerPolling


def held(*waits: float) -> object:
    """Hints that wait so long between their readings, in seconds, and are then done."""
    left = iter(waits)

    def read_notified(request: Poll, now: datetime) -> PollResult:
        wait = next(left, None)
        return PollResult(done=wait is None, next_due=now + timedelta(seconds=wait or 0), why="told")

    return read_notified


async def test_a_word_is_answered_at_once_and_the_polls_keep_their_time(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))
    reported = await time_skipping.get_current_time()

    await seller.signal(SellerPolling.notified)
    await eventually(lambda: len(steps.notified) == 1)
    await time_skipping.sleep(timedelta(minutes=10))

    assert (steps.notified[0] - reported) < timedelta(seconds=2)
    assert gaps(steps.of(Stream.ORDERS))[:2] == [300, 300]
    assert len(steps.notified) == 1


async def test_what_is_held_is_read_again_when_its_time_has_come(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.read_notified = held(1, 2, 60)  # type: ignore[assignment]
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))

    await seller.signal(SellerPolling.notified)
    await time_skipping.sleep(timedelta(minutes=3))

    assert gaps(steps.notified) == [1, 2, 60]


async def test_while_paused_or_without_a_token_nothing_is_read(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await seller.signal(SellerPolling.pause, Pause(reason="holiday"))
    await seller.signal(SellerPolling.notified)
    await time_skipping.sleep(timedelta(days=1))
    assert steps.notified == []

    await seller.signal(SellerPolling.resume)

    await eventually(lambda: len(steps.notified) == 1)


async def test_a_dead_token_ends_the_reading_until_the_seller_connects(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    def dead(request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("refused", 0, type="DeadTokenError", non_retryable=True)

    steps.read_notified = dead
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))
    await seller.signal(SellerPolling.notified)
    await time_skipping.sleep(timedelta(hours=1))
    status = await seller.query(SellerPolling.status)
    assert (status.state, len(steps.notified)) == ("needs_reauthorization", 1)

    steps.read_notified = held()  # type: ignore[assignment]
    await seller.signal(SellerPolling.connected, Connected(generation=1))

    await eventually(lambda: len(steps.notified) == 2)


async def test_a_failure_is_tried_again_with_backoff_and_stops_no_stream(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    def down(request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("down", type="EbayUnavailableError", non_retryable=True)

    steps.read_notified = down
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))

    await seller.signal(SellerPolling.notified)
    await time_skipping.sleep(timedelta(minutes=10))

    assert gaps(steps.notified)[:5] == [5, 10, 20, 40, 60]
    assert len(steps.of(Stream.ORDERS)) == 3
    assert (await seller.query(SellerPolling.status)).state == "polling"


async def test_what_a_hint_announces_is_read_by_the_other_stream(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    def read_notified(request: Poll, now: datetime) -> PollResult:
        return PollResult(changes=1, done=True, next_due=now, why="told", due=(Stream.FULFILLMENT,))

    steps.read_notified = read_notified
    seller = await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.ORDERS, Stream.FULFILLMENT))
    await time_skipping.sleep(timedelta(minutes=1))

    await seller.signal(SellerPolling.notified)
    await time_skipping.sleep(timedelta(seconds=30))

    assert [request.announced for stream, _, request in steps.polls if stream is Stream.FULFILLMENT] == [False, True]


async def test_a_removed_seller_ends(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))

    def gone(request: Poll, now: datetime) -> PollResult:
        return refusing("UnknownSellerError")(Stream.ORDERS, request, now)

    steps.read_notified = gone
    await seller.signal(SellerPolling.notified)

    await seller.result()
