"""Stories of what people and notifications ask of a workflow: pauses, polls at once, cadences, consents."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.fleet.overrides import OperatorOverrides
from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from domain.streams import POLLED
from tests.workflows.fakes import QUEUE, refusing
from tests.workflows.stage import ANNA, Seller, Stage, only, seldom, slices
from workflows.client import signal_or_start
from workflows.messages import Connected, Pause, PollNow, SetCadence, SetSources, SpeedUp, workflow_id
from workflows.seller_polling import SellerPolling


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
