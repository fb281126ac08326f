"""What goes wrong in a step: retried with backoff, or waited out until somebody acts."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, gaps, orders_only, refusing, start, with_streams
from workflows.messages import Connected, PollNow
from workflows.seller_polling import SellerPolling


async def test_a_failure_is_retried_with_backoff_and_never_after_the_quiet_interval(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
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


async def test_a_dead_token_stops_the_polls_until_the_seller_connects_again(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.answer = refusing("DeadTokenError", 1)
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(days=2))
    assert (await seller.query(SellerPolling.status)).state == "needs_reauthorization"
    assert len(steps.polls) == 1

    steps.answer = steps.by_the_rules
    await seller.signal(SellerPolling.connected, Connected(generation=2))

    await eventually(lambda: len(steps.polls) == 2)
    assert (await seller.query(SellerPolling.status)).state == "polling"


async def test_a_token_of_another_account_stops_the_polls_and_says_so(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.answer = refusing("AnotherAccountError", 1)
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(days=2))
    stopped = await seller.query(SellerPolling.status)
    polls = len(steps.polls)

    steps.answer = steps.by_the_rules
    await seller.signal(SellerPolling.connected, Connected(generation=2))

    await eventually(lambda: len(steps.polls) == 2)
    assert (stopped.state, polls) == ("needs_reauthorization", 1)
    assert "another eBay account" in stopped.reason
    assert (await seller.query(SellerPolling.status)).state == "polling"


async def test_a_late_refusal_of_the_old_token_does_not_stop_the_new_one(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.answer = refusing("DeadTokenError", 1)
    await start(time_skipping, orders_only(await time_skipping.get_current_time(), generation=2))

    await time_skipping.sleep(timedelta(seconds=30))

    assert len(steps.polls) > 1


def denying_inventory(steps: FakeSteps) -> Callable[[Stream, Poll, datetime], PollResult]:
    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        if stream is Stream.INVENTORY:
            raise ApplicationError("scope is missing", type="AccessDeniedError", non_retryable=True)
        return steps.by_the_rules(stream, request, now)

    return answer


async def test_a_missing_scope_stops_that_stream_only(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.answer = denying_inventory(steps)
    seller = await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.ORDERS, Stream.INVENTORY))
    await time_skipping.sleep(timedelta(hours=1))

    assert len(steps.of(Stream.INVENTORY)) == 1
    assert len(steps.of(Stream.ORDERS)) > 10
    assert "scope" in (await seller.query(SellerPolling.status)).reason


@pytest.mark.parametrize("asked", [True, False], ids=["asked by people", "a day later"])
async def test_a_stream_that_ebay_denied_is_tried_again(time_skipping: WorkflowEnvironment, steps: FakeSteps, asked: bool) -> None:
    steps.answer = denying_inventory(steps)
    seller = await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.ORDERS, Stream.INVENTORY))
    await time_skipping.sleep(timedelta(hours=1))
    steps.answer = steps.by_the_rules

    if asked:
        await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.INVENTORY))
    await time_skipping.sleep(timedelta(minutes=1) if asked else timedelta(hours=23, minutes=1))

    assert len(steps.of(Stream.INVENTORY)) == 2
    assert (await seller.query(SellerPolling.status)).state == "polling"


async def test_a_spent_quota_is_waited_out_and_is_no_failure(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    def wait(stream: Stream, request: Poll, now: datetime) -> PollResult:
        return PollResult(waiting=True, next_due=now + timedelta(hours=3), why="eBay's quota of calls is spent")

    steps.answer = wait
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(hours=2))
    status = await seller.query(SellerPolling.status)
    assert (status.state, status.streams[Stream.ORDERS].failures) == ("waiting_for_quota", 0)
    assert len(steps.polls) == 1

    steps.answer = steps.by_the_rules
    await time_skipping.sleep(timedelta(hours=1, minutes=2))

    assert len(steps.polls) == 2
    assert (await seller.query(SellerPolling.status)).state == "polling"


async def test_the_wait_comes_from_the_step_and_people_need_not_wait(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    def fail(stream: Stream, request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("eBay failed", 7200.0, type="EbayUnavailableError", non_retryable=True)

    steps.answer = fail
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(hours=5))
    assert gaps(steps.of(Stream.ORDERS)) == [7200, 7200]
    status = await seller.query(SellerPolling.status)
    assert status.streams[Stream.ORDERS].why == "failed 3 times in a row: again after 2 h"

    await seller.signal(SellerPolling.poll_now, PollNow())
    await eventually(lambda: len(steps.polls) == 4)


async def test_what_is_announced_to_a_failing_stream_waits_an_hour_at_most(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        if stream is Stream.FULFILLMENT:
            raise ApplicationError("eBay failed", 6 * 3600.0, type="EbayUnavailableError", non_retryable=True)
        return PollResult(next_due=now + timedelta(minutes=10), why="every 10 min", due=(Stream.FULFILLMENT,))

    steps.answer = answer
    await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.ORDERS, Stream.FULFILLMENT))
    await time_skipping.sleep(timedelta(hours=5, minutes=5))

    assert gaps(steps.of(Stream.FULFILLMENT)) == [3600] * 5


async def test_an_outage_is_a_state_of_its_own_and_no_failure(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    def down(stream: Stream, request: Poll, now: datetime) -> PollResult:
        why = "cannot reach eBay: waits until 12:00:00 UTC"
        return PollResult(waiting=True, quota=False, down=True, next_due=now + timedelta(minutes=5), why=why)

    steps.answer = down
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=12))
    status = await seller.query(SellerPolling.status)
    assert (status.state, status.reason) == ("ebay_down", "orders: cannot reach eBay: waits until 12:00:00 UTC")
    assert gaps(steps.of(Stream.ORDERS)) == [300, 300]

    steps.answer = steps.by_the_rules
    await time_skipping.sleep(timedelta(minutes=5))
    assert (await seller.query(SellerPolling.status)).state == "polling"
