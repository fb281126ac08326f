"""What happens to a seller in each recorded history, under its name: `STORIES`. Short, so that the files stay small and readable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError

from activities.delivering.deliver import Delivered
from activities.fleet.overrides import OperatorOverrides
from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from tests.workflows.fakes import refusing
from tests.workflows.stage import ANNA, Seller, Stage, only, seldom, slices
from tests.workflows.stories_of_failures import (
    announced_while_failing,
    ebay_down,
    failing_and_recovering,
    failing_for_a_day,
    keys_refused,
    killed_worker,
    spent_quota,
)
from tests.workflows.stories_of_pauses import lost_while_paused, pause_with_an_end, paused_across_runs, speed_up_saved
from tests.workflows.stories_of_people import (
    asked_again_and_again,
    enrolled,
    late_refusal,
    missing_scope,
    missing_scope_for_a_while,
    notified,
    pause_and_resume,
    poll_now,
    reauthorization,
    seller_active,
    set_cadence,
    set_sources,
    speed_up,
    told_while_polling,
)
from workflows.delivery import Delivery
from workflows.messages import Pause, SetCadence, workflow_id
from workflows.seller_polling import SellerPolling
from workflows.watchdog import Watchdog

Story = Callable[[Stage], Awaitable[WorkflowHandle[Any, Any]]]  # returns the workflow that is kept


async def announced_parcels(stage: Stage) -> Seller:
    """Each poll of orders announces parcels, which are read between the stream's own rounds."""

    def announce(stream: Stream, request: Poll, now: datetime) -> PollResult:
        result = stage.steps.by_the_rules(stream, request, now)
        return result.model_copy(update={"due": (Stream.FULFILLMENT,)}) if stream is Stream.ORDERS else result

    stage.steps.answer = announce
    seller = await stage.seller(Stream.ORDERS, Stream.FULFILLMENT)
    await stage.pass_time(minutes=16)
    return seller


async def backfill(stage: Stage) -> Seller:
    """In slices between the polls; then the stream is gone."""
    stage.steps.answer = slices(stage, 4)
    seller = await stage.seller(Stream.ORDERS, Stream.BACKFILL)
    await stage.pass_time(minutes=6)
    return seller


async def sweep(stage: Stage) -> Seller:
    """In two steps, a day apart."""
    left = iter((True, False, True, False))

    def read(stream: Stream, request: Poll, now: datetime) -> PollResult:
        more = next(left)
        return PollResult(more=more, next_due=now if more else now + timedelta(days=1), why="the last 7 days, every day")

    seller = await stage.seller(Stream.ORDERS, Stream.SWEEP)
    stage.steps.answer = only(Stream.SWEEP, read, seldom)
    await stage.pass_time(hours=24, minutes=30)
    return seller


async def report(stage: Stage) -> Seller:
    """The listings have no cursor: the report comes first, is waited for, and then calls them."""
    waits = 0

    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        nonlocal waits
        if stream is Stream.LISTINGS:
            first = () if waits else (Stream.REPORT,)
            return PollResult(next_due=now + timedelta(minutes=10), why="waits for the report of all listings", rounds=first)
        waits += 1
        if waits < 4:
            return PollResult(next_due=now + timedelta(seconds=15 * waits), why="eBay makes the report of all listings")
        return PollResult(next_due=now + timedelta(days=1), why="every 1 day", rounds=(Stream.LISTINGS,))

    stage.steps.answer = answer
    seller = await stage.seller(Stream.LISTINGS, Stream.REPORT)
    await stage.pass_time(minutes=5)
    return seller


async def offers(stage: Stage) -> Seller:
    """The first round at once, then a slice now and then, until nobody asks for them any more."""
    left = iter((True, True, False, False))

    def read(stream: Stream, request: Poll, now: datetime) -> PollResult:
        more = next(left, None)
        return PollResult(more=bool(more), done=more is None, next_due=now if more else now + timedelta(minutes=15), why="once a day")

    stage.steps.answer = only(Stream.OFFERS, read, seldom)
    seller = await stage.seller(Stream.ORDERS, Stream.OFFERS)
    await stage.pass_time(minutes=40)
    return seller


async def found_in_the_list(stage: Stage) -> Seller:
    """Changes in two different hours; eBay fails for a while; the seller becomes a busy one; a pause. The list tells each, none twice."""
    began = await stage.world.get_current_time()

    def live(stream: Stream, request: Poll, now: datetime) -> PollResult:
        minute = (now - began) // timedelta(minutes=1)
        if 30 <= minute < 33:
            raise ApplicationError("time-out", type="EbayUnavailableError", non_retryable=True)
        tier, changes = ("busy" if minute >= 65 else "normal"), int(5 <= minute < 15 or minute >= 65)
        return PollResult(changes=changes, tier=tier, next_due=now + timedelta(minutes=5), why="every 5 min")

    stage.steps.answer = live
    seller = await stage.seller(Stream.ORDERS)
    await stage.pass_time(minutes=75)
    await seller.signal(SellerPolling.pause, Pause(reason="holiday"))
    await stage.pass_time(minutes=5)
    return seller


async def continued_as_new(stage: Stage) -> Seller:
    """With what people had set before: the state goes over whole."""
    seller = await stage.seller(Stream.ORDERS)
    await seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=timedelta(minutes=4)))
    while (await seller.describe()).run_id == seller.first_execution_run_id:
        await stage.pass_time(minutes=30)
    return seller


async def removed_seller(stage: Stage) -> Seller:
    """A poll finds that the seller is no longer enrolled."""
    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY)
    await stage.pass_time(minutes=1)
    stage.steps.answer = refusing("UnknownSellerError")
    await seller.result()
    return seller


async def cancelled(stage: Stage) -> Seller:
    """Cancelled by hand while it waits."""
    seller = await stage.seller(Stream.ORDERS)
    await stage.pass_time(minutes=1)
    await seller.cancel()
    await stage.pass_time(minutes=1)
    return seller


async def watchdog_finds_nobody(stage: Stage) -> WorkflowHandle[Watchdog, int]:
    """Everybody runs."""
    return await stage.watchdog()


async def watchdog_restarts_lost_sellers(stage: Stage) -> WorkflowHandle[Watchdog, int]:
    """Two are lost, one of them came back meanwhile."""
    await stage.seller(Stream.ORDERS)
    stage.steps.lost = [OperatorOverrides(seller_id=ANNA), OperatorOverrides(seller_id="seller-lost", paused="holiday")]
    return await stage.watchdog()


async def watchdog_starts_many(stage: Stage) -> WorkflowHandle[Watchdog, int]:
    """Three are lost, and begun together; one of them came back meanwhile."""
    await stage.seller(Stream.ORDERS)
    stage.steps.lost = [OperatorOverrides(seller_id=seller) for seller in (ANNA, "seller-bert", "seller-carla")]
    return await stage.watchdog()


async def lost_seller(stage: Stage) -> Seller:
    """The one whom the watchdog started, with what people had set."""
    stage.steps.answer = slices(stage, 1)
    stage.steps.lost = [
        OperatorOverrides(seller_id=ANNA, cadence={Stream.ORDERS: timedelta(minutes=10)}, active_at=datetime.now().astimezone())
    ]
    await stage.watchdog()
    await stage.pass_time(minutes=11)
    return stage.world.client.get_workflow_handle_for(SellerPolling.run, workflow_id(ANNA))


async def delivery(stage: Stage) -> WorkflowHandle[Delivery, None]:
    """Two runs, the second of them takes the rest."""
    stage.steps.delivered = [Delivered(delivered=50, more=True, why="more to deliver")]
    reported = await stage.delivery()
    await reported.result()
    return reported


async def delivery_fails(stage: Stage) -> WorkflowHandle[Delivery, None]:
    """Refused twice: the first wait ends by itself, the second since somebody said so; then it is delivered."""
    stage.steps.delivered = [
        Delivered(wait_s=5, why="failed 1 times in a row: tried again in 5 s"),
        Delivered(wait_s=86_400, why="failed 2 times in a row: tried again in 86400 s"),
    ]
    reported = await stage.delivery()
    await stage.pass_time(minutes=1)
    await reported.signal(Delivery.look)
    await reported.result()
    return reported


async def delivery_over(stage: Stage) -> WorkflowHandle[Delivery, None]:
    """The endpoint is switched off while the cursor waits."""
    stage.steps.delivered = [Delivered(wait_s=300, why="failed"), Delivered(over=True, why="the endpoint is switched off or removed")]
    reported = await stage.delivery()
    await reported.result()
    return reported


STORIES: dict[str, Story] = {
    "pause-and-resume": pause_and_resume,
    "poll-now": poll_now,
    "asked-again-and-again": asked_again_and_again,
    "speed-up": speed_up,
    "pause-with-an-end": pause_with_an_end,
    "pauses-that-each-end": pause_with_an_end,  # anew, since each asks for itself whether its end holds
    "paused-across-runs": paused_across_runs,
    "lost-while-paused": lost_while_paused,
    "speed-up-saved": speed_up_saved,
    "speed-ups-that-are-each-saved": speed_up_saved,  # likewise
    "seller-active": seller_active,
    "set-cadence": set_cadence,
    "set-sources": set_sources,
    "told-while-polling": told_while_polling,
    "notified": notified,
    "enrolled": enrolled,
    "reauthorization": reauthorization,
    "late-refusal": late_refusal,
    "missing-scope": missing_scope,
    "missing-scope-for-a-while": missing_scope_for_a_while,
    "failing-and-recovering": failing_and_recovering,
    "failing-for-a-day": failing_for_a_day,
    "announced-while-failing": announced_while_failing,
    "ebay-down": ebay_down,
    "keys-refused": keys_refused,
    "killed-worker": killed_worker,
    "spent-quota": spent_quota,
    "announced-parcels": announced_parcels,
    "backfill": backfill,
    "sweep": sweep,
    "report": report,
    "offers": offers,
    "found-in-the-list": found_in_the_list,
    "continued-as-new": continued_as_new,
    "removed-seller": removed_seller,
    "cancelled": cancelled,
    "watchdog-finds-nobody": watchdog_finds_nobody,
    "watchdog-restarts-lost-sellers": watchdog_restarts_lost_sellers,
    "watchdog-starts-many": watchdog_starts_many,
    "lost-seller": lost_seller,
    "delivery": delivery,
    "delivery-fails": delivery_fails,
    "delivery-over": delivery_over,
}
SECOND_HALVES = {
    "continued-as-new": "continued-as-new-then",
    "paused-across-runs": "paused-across-runs-then",
}  # of those who end by beginning anew
