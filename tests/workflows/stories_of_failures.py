"""Stories of failures: of one stream, of eBay, of keys, of a worker, and of a quota that is spent."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from domain.pacing.outage import backoff
from domain.seller_state import Wait
from tests.workflows.fakes import refusing
from tests.workflows.stage import Seller, Stage, only, seldom
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling


async def failing_and_recovering(stage: Stage) -> Seller:
    """One stream fails, with and without further attempts, the other goes on; then eBay is back."""
    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY)

    def down(stream: Stream, request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("eBay is down", type="EbayUnavailableError")

    for answer in (down, refusing("RejectedError")):
        stage.steps.answer = only(Stream.ORDERS, answer, stage.steps.by_the_rules)
        await stage.pass_time(minutes=1)
    stage.steps.answer = stage.steps.by_the_rules
    await stage.pass_time(minutes=11)
    return seller


async def failing_for_a_day(stage: Stage) -> Seller:
    """It fails for this seller alone: the steps say how long to wait, ever longer, and what is announced waits too. Then people ask."""
    seller = await stage.seller(Stream.ORDERS, Stream.FULFILLMENT)
    failed: list[datetime] = []

    def down(stream: Stream, request: Poll, now: datetime) -> PollResult:
        failed.append(now)
        wait = backoff(len(failed)).total_seconds()
        raise ApplicationError("eBay failed", wait, type="EbayUnavailableError", non_retryable=len(failed) >= 3)

    def rare(stream: Stream, request: Poll, now: datetime) -> PollResult:
        return PollResult(next_due=now + timedelta(hours=5), why="seldom", due=(Stream.FULFILLMENT,))

    stage.steps.answer = only(Stream.FULFILLMENT, down, rare)
    await stage.pass_time(days=1)
    stage.steps.answer = seldom
    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.FULFILLMENT))
    await stage.pass_time(minutes=1)
    return seller


async def announced_while_failing(stage: Stage) -> Seller:
    """A stream fails for this seller alone, and waits for hours; what is announced to it is tried after one, and goes well."""
    seller = await stage.seller(Stream.ORDERS, Stream.FULFILLMENT)
    failed: list[datetime] = []

    def down(stream: Stream, request: Poll, now: datetime) -> PollResult:
        failed.append(now)
        raise ApplicationError("eBay failed", 21_600.0, type="EbayUnavailableError", non_retryable=True)

    def rare(stream: Stream, request: Poll, now: datetime) -> PollResult:
        return PollResult(next_due=now + timedelta(hours=5), why="seldom", due=(Stream.FULFILLMENT,) if failed else ())

    stage.steps.answer = only(Stream.FULFILLMENT, down, rare)
    await stage.pass_time(minutes=10)
    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.ORDERS))
    await stage.pass_time(minutes=10)
    stage.steps.answer = only(Stream.FULFILLMENT, seldom, rare)
    await stage.pass_time(hours=1)
    return seller


async def ebay_down(stage: Stage) -> Seller:
    """eBay is down for everybody for an hour, notifications come nevertheless; then it is back."""
    began = await stage.world.get_current_time()

    def outage(stream: Stream, request: Poll, now: datetime) -> PollResult:
        if not timedelta(minutes=6) <= now - began < timedelta(hours=1):
            return PollResult(next_due=now + timedelta(minutes=30), why="every 30 min")
        why = "eBay is down (eBay fails (HTTP 502)): waits"
        return PollResult(waiting=True, quota=False, down=True, next_due=now + timedelta(minutes=15), why=why)

    def read_notified(request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("eBay failed", 600.0, type="EbayUnavailableError", non_retryable=True)

    stage.steps.answer, stage.steps.read_notified = outage, read_notified
    seller = await stage.seller(Stream.ORDERS)
    await stage.pass_time(minutes=7)
    for _ in range(2):
        await seller.signal(SellerPolling.notified)
        await stage.pass_time(minutes=1)
    await stage.pass_time(minutes=100)
    return seller


async def keys_refused(stage: Stage) -> Seller:
    """eBay refuses the application's keys for a while, which is the seller's state and nobody's failure."""
    began = await stage.world.get_current_time()

    def refused(stream: Stream, request: Poll, now: datetime) -> PollResult:
        if not timedelta(minutes=2) <= now - began < timedelta(minutes=8):
            return PollResult(next_due=now + timedelta(minutes=1), why="every 1 min")
        at = now + timedelta(minutes=1)
        return PollResult(waiting=True, quota=False, waits_for=Wait.KEYS, next_due=at, why="eBay refuses the application's keys")

    seller = await stage.seller(Stream.ORDERS)
    stage.steps.answer = refused
    await stage.pass_time(minutes=12)
    return seller


async def killed_worker(stage: Stage) -> Seller:
    """A step is heard of no more: it times out, three times, and begins anew. Recorded in 30 s: no clock jumps over a step."""
    seller = await stage.seller(Stream.ORDERS)

    def vanish(stream: Stream, request: Poll, now: datetime) -> PollResult:
        activity.raise_complete_async()

    stage.steps.answer = vanish
    while len(stage.steps.polls) < 3:
        await stage.pass_time(seconds=5)
    stage.steps.answer = stage.steps.by_the_rules
    await stage.pass_time(minutes=6)
    return seller


async def spent_quota(stage: Stage) -> Seller:
    """No calls are left for three hours."""

    def wait(stream: Stream, request: Poll, now: datetime) -> PollResult:
        return PollResult(waiting=True, next_due=now + timedelta(hours=3), why="eBay's quota of calls is spent")

    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY)
    stage.steps.answer = wait
    await stage.pass_time(hours=2)
    stage.steps.answer = stage.steps.by_the_rules
    await stage.pass_time(hours=1, minutes=10)
    return seller
