"""Stories of pauses that end by themselves, and of who said so."""

from __future__ import annotations

from datetime import timedelta

from activities.fleet.overrides import OperatorOverrides
from domain.pacing import Stream
from domain.seller_state import PauseFacts
from tests.workflows.stage import ANNA, Seller, Stage, ask_until_long, seldom
from workflows.messages import Pause, SpeedUp, workflow_id
from workflows.seller_polling import SellerPolling


async def pause_until(stage: Stage, seller: Seller, **lasting: float) -> None:
    until = await stage.world.get_current_time() + timedelta(**lasting)
    await seller.signal(SellerPolling.pause, Pause(reason="stocktaking", until=until, by="token:ci"))


async def pause_with_an_end(stage: Stage) -> Seller:
    """Ends by itself; resumed before the end; another end instead of the first; none instead of one; over before it began."""
    stage.steps.answer = seldom
    seller = await stage.seller(Stream.ORDERS)
    await stage.pass_time(minutes=1)
    await pause_until(stage, seller, hours=4)
    await stage.pass_time(hours=5)
    await pause_until(stage, seller, hours=4)
    await stage.pass_time(hours=1)
    await seller.signal(SellerPolling.resume)
    await stage.pass_time(hours=4)
    await pause_until(stage, seller, hours=2)
    await stage.pass_time(hours=1)
    await pause_until(stage, seller, hours=4)
    await stage.pass_time(hours=2)
    await seller.signal(SellerPolling.pause, Pause(reason="holiday", by="page"))
    await stage.pass_time(hours=4)
    await pause_until(stage, seller, hours=-1)
    await stage.pass_time(hours=1)
    return seller


async def paused_across_runs(stage: Stage) -> Seller:
    """Asked again and again meanwhile, until it continues as new; the end comes in the run after."""
    stage.steps.answer = seldom
    seller = await stage.seller(Stream.ORDERS)
    await pause_until(stage, seller, days=1)
    await ask_until_long(seller)
    await stage.pass_time(days=2)
    return seller


async def lost_while_paused(stage: Stage) -> Seller:
    """Started by the watchdog with a pause that has an end."""
    stage.steps.answer = seldom
    now = await stage.world.get_current_time()
    facts = PauseFacts("stocktaking", now + timedelta(hours=4), "os:alice", now)
    stage.steps.lost = [OperatorOverrides(seller_id=ANNA, paused=facts.reason, pause=facts)]
    await stage.watchdog()
    await stage.pass_time(hours=5)
    return stage.world.client.get_workflow_handle_for(SellerPolling.run, workflow_id(ANNA))


async def speed_up_saved(stage: Stage) -> Seller:
    """It is stored with its author; a pause in the middle leaves its end where it was."""
    seller = await stage.seller(Stream.ORDERS)
    await stage.pass_time(minutes=1)
    message = SpeedUp(every=timedelta(seconds=30), lasting=timedelta(minutes=3), by="page")
    await seller.signal(SellerPolling.speed_up, message)
    await stage.pass_time(minutes=1)
    await pause_until(stage, seller, minutes=1)
    await stage.pass_time(minutes=10)
    return seller
