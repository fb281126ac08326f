"""What happens to a seller in each recorded history, under its name: `STORIES`. Short, so that the files stay small and readable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError

from activities.delivering.deliver import Delivered
from activities.fleet.overrides import OperatorOverrides
from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from domain.seller_state import Wait
from domain.streams import POLLED
from tests.workflows.fakes import QUEUE, refusing
from tests.workflows.stage import ANNA, Seller, Stage, only, seldom, slices
from workflows.client import signal_or_start
from workflows.delivery import Delivery
from workflows.messages import Connected, Pause, PollNow, SetCadence, SetSources, SpeedUp, workflow_id
from workflows.seller_polling import SellerPolling
from workflows.state import backoff
from workflows.watchdog import Watchdog

Story = Callable[[Stage], Awaitable[WorkflowHandle[Any, Any]]]  # returns the workflow that is kept


async def pause_and_resume(stage: Stage) -> Seller:
    """Paused between two polls, left alone for a day, resumed."""
    seller = await stage.seller(Stream.ORDERS)
    await stage.pass_time(minutes=6)
    await seller.signal(SellerPolling.pause, Pause(reason="stocktaking"))
    await stage.pass_time(days=1)
    await seller.signal(SellerPolling.resume)
    await stage.pass_time(minutes=6)
    return seller


async def poll_now(stage: Stage) -> Seller:
    """Asked for one stream, for all of them, and for one that the seller does not have."""
    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY)
    await stage.pass_time(minutes=1)
    for stream in (Stream.INVENTORY, None, Stream.SWEEP):
        await seller.signal(SellerPolling.poll_now, PollNow(stream=stream))
        await stage.pass_time(minutes=1)
    return seller


async def asked_again_and_again(stage: Stage) -> Seller:
    """A poll of orders is wanted again before it is over, for some steps; the inventory and the sweep have their turns."""
    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY, Stream.SWEEP)
    awaited = iter(range(8))

    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        again = (Stream.ORDERS,) if stream is Stream.ORDERS and next(awaited, None) is not None else ()
        return PollResult(next_due=now + timedelta(minutes=5), why="every 5 min", rounds=again)

    stage.steps.answer = answer
    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.ORDERS))
    await stage.pass_time(minutes=7)
    return seller


async def speed_up(stage: Stage) -> Seller:
    """Speeded up for three minutes; it ends by itself."""
    seller = await stage.seller(Stream.ORDERS)
    await stage.pass_time(minutes=1)
    await seller.signal(SellerPolling.speed_up, SpeedUp(every=timedelta(seconds=30), lasting=timedelta(minutes=3)))
    await stage.pass_time(minutes=15)
    return seller


async def seller_active(stage: Stage) -> Seller:
    """Logs in, clicks on, and comes back two hours later."""
    stage.steps.answer = seldom
    seller = await stage.seller(Stream.ORDERS)
    await stage.pass_time(minutes=1)
    for minutes in (10, 120, 10):
        await seller.signal(SellerPolling.seller_active)
        await stage.pass_time(minutes=minutes)
    return seller


async def set_cadence(stage: Stage) -> Seller:
    """An operator sets two streams' cadence."""
    seller = await stage.seller(*POLLED)
    await stage.pass_time(minutes=1)
    await seller.execute_update(SellerPolling.set_cadence, SetCadence(orders=timedelta(minutes=2), inventory=timedelta(hours=1)))
    await stage.pass_time(minutes=10)
    return seller


async def set_sources(stage: Stage) -> Seller:
    """Read by the Inventory API alone from now on, and later by both again, told twice."""

    def ends(stream: Stream, request: Poll, now: datetime) -> PollResult:
        return PollResult(next_due=now, why="not read", done=True)

    stage.steps.answer = only(Stream.LISTINGS, ends, seldom)
    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY, Stream.LISTINGS, paused="until told otherwise")
    await seller.signal(SellerPolling.set_sources, SetSources(used=(Stream.INVENTORY,), unused=(Stream.LISTINGS, Stream.REPORT)))
    await seller.signal(SellerPolling.resume)
    await stage.pass_time(minutes=1)
    stage.steps.answer = seldom
    for _ in range(2):
        await seller.signal(SellerPolling.set_sources, SetSources(used=(Stream.INVENTORY, Stream.LISTINGS, Stream.REPORT)))
        await stage.pass_time(minutes=1)
    return seller


async def told_while_polling(stage: Stage) -> Seller:
    """Signals that come in the middle of a step: it began before them, so another one follows."""
    seller = await stage.seller(Stream.ORDERS, paused="until told otherwise")
    asked: list[Poll] = []

    def hang(stream: Stream, request: Poll, now: datetime) -> PollResult:
        asked.append(request)
        if len(asked) == 1:
            activity.raise_complete_async()  # in hand until the story says so
        return stage.steps.by_the_rules(stream, request, now)

    stage.steps.answer = hang
    await seller.signal(SellerPolling.resume)
    await stage.pass_time(seconds=1)
    await seller.signal(SellerPolling.poll_now, PollNow())
    await seller.signal(SellerPolling.speed_up, SpeedUp(every=timedelta(minutes=1), lasting=timedelta(minutes=2)))
    answer = stage.steps.by_the_rules(Stream.ORDERS, asked[0], await stage.world.get_current_time())
    await stage.world.client.get_async_activity_handle(workflow_id=seller.id, run_id=None, activity_id="2").complete(answer)
    await stage.pass_time(minutes=3)
    return seller


async def notified(stage: Stage) -> Seller:
    """Told of an order that eBay does not show yet; then of one while the read of another is in hand; eBay fails; and while paused."""
    left = iter((1, 2, None, None))

    def read_notified(request: Poll, now: datetime) -> PollResult:
        wait = next(left, None)
        due = (Stream.FULFILLMENT,) if wait is None else ()
        at = now + timedelta(seconds=wait or 0)
        return PollResult(changes=int(wait is None), done=wait is None, next_due=at, why="told", due=due)

    def down(request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("eBay is down", type="EbayUnavailableError", non_retryable=True)

    stage.steps.read_notified = read_notified
    seller = await stage.seller(Stream.ORDERS, Stream.FULFILLMENT)
    await stage.pass_time(minutes=1)
    for wait in (10, 1, 10):
        await seller.signal(SellerPolling.notified)
        await stage.pass_time(seconds=wait)
    stage.steps.read_notified = down
    await seller.signal(SellerPolling.notified)
    await stage.pass_time(seconds=7)
    stage.steps.read_notified = read_notified
    await stage.pass_time(minutes=1)
    await seller.signal(SellerPolling.pause, Pause(reason="stocktaking"))
    await seller.signal(SellerPolling.notified)
    await stage.pass_time(hours=1)
    await seller.signal(SellerPolling.resume)
    await stage.pass_time(minutes=6)
    return seller


async def enrolled(stage: Stage) -> Seller:
    """Started with a signal, as `starter.py enroll` does: all streams, from nothing."""
    stage.steps.answer = slices(stage, 2)
    await signal_or_start(stage.world.client, QUEUE, OperatorOverrides(seller_id=ANNA), SellerPolling.connected, Connected(generation=1))
    await stage.pass_time(minutes=6)
    return stage.world.client.get_workflow_handle_for(SellerPolling.run, workflow_id(ANNA))


async def reauthorization(stage: Stage) -> Seller:
    """eBay refuses the token for five hours; the seller connects again."""
    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY, generation=1)
    await stage.pass_time(minutes=1)
    stage.steps.answer = refusing("DeadTokenError", 1)
    await stage.pass_time(hours=5)
    stage.steps.answer = stage.steps.by_the_rules
    await seller.signal(SellerPolling.connected, Connected(generation=2))
    await stage.pass_time(minutes=6)
    return seller


async def late_refusal(stage: Stage) -> Seller:
    """The old token is refused when the new one is known already: a failure as others."""
    seller = await stage.seller(Stream.ORDERS, generation=2)
    stage.steps.answer = refusing("DeadTokenError", 1)
    await stage.pass_time(seconds=3)
    stage.steps.answer = stage.steps.by_the_rules
    await stage.pass_time(minutes=6)
    return seller


async def missing_scope(stage: Stage) -> Seller:
    """The inventory stops alone, and goes on with a wider consent."""
    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY)
    stage.steps.answer = only(Stream.INVENTORY, refusing("AccessDeniedError"), stage.steps.by_the_rules)
    await stage.pass_time(minutes=11)
    stage.steps.answer = stage.steps.by_the_rules
    await seller.signal(SellerPolling.connected, Connected(generation=2))
    await stage.pass_time(minutes=6)
    return seller


async def missing_scope_for_a_while(stage: Stage) -> Seller:
    """The inventory stops alone; people ask for it in vain, and once more when eBay has thought better of it."""
    seller = await stage.seller(Stream.ORDERS, Stream.INVENTORY)
    stage.steps.answer = only(Stream.INVENTORY, refusing("AccessDeniedError"), stage.steps.by_the_rules)
    await stage.pass_time(minutes=11)
    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.INVENTORY))
    await stage.pass_time(minutes=6)
    stage.steps.answer = stage.steps.by_the_rules
    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.INVENTORY))
    await stage.pass_time(minutes=6)
    return seller


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
    "lost-seller": lost_seller,
    "delivery": delivery,
    "delivery-fails": delivery_fails,
    "delivery-over": delivery_over,
}
SECOND_HALVES = {"continued-as-new": "continued-as-new-then"}  # of those who end by beginning anew
