"""Scenes of `lasting.py` about records that fail for ever, orders that never end, and an operator's slip."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from domain.pacing import Stream
from lab.chaos.lasting import POLLED, WITH_LISTINGS, WITH_STOCK, SceneOutcome, SceneSetup, conclude, live, trade
from lab.chaos.skipped import SkippedFleet
from simulator import World
from simulator.poison import How, Where

DAYS, CURED = timedelta(days=2), timedelta(hours=26)
MANY, BUSY = 10_000, 1_000  # orders within 30 days; both are polled as often
OLD = 2_000
MOST_OF_ROUNDS, MOST_OF_SWEEPS = 60, 100  # calls of two days
MOST_A_DAY = 200  # calls for what fails
KEYS_WRONG, BACK_WITHIN = timedelta(minutes=10), timedelta(minutes=2)


def an_order(world: World, seller: str) -> str:
    return world.place_order(seller)


def parcels(how: How) -> Callable[[World, str], str]:
    """The parcels of one order."""

    def spoil(world: World, seller: str) -> str:
        order = an_order(world, seller)
        world.lasting.poison(seller, order, how=how, where=Where.NAMED, resources={"shipping_fulfillment"})
        world.ship(seller, order)
        return order

    return spoil


def alone(world: World, seller: str) -> str:
    """An order that cannot be read alone, which somebody asks to cancel."""
    order = an_order(world, seller)
    world.lasting.poison(seller, order, where=Where.ALONE, resources={"order"})
    world.cancel(seller, order, "CANCEL_REQUESTED")
    return order


def page(world: World, seller: str) -> str:
    """An order that no list can show."""
    order = an_order(world, seller)
    world.lasting.poison(seller, order, where=Where.LISTED, resources={"order"})
    return order


def by_number(world: World, seller: str) -> str:
    """An order that no answer can show that names it."""
    order = an_order(world, seller)
    world.lasting.poison(seller, order, where=Where.NAMED, resources={"order"})
    return order


def sku(how: How, where: Where) -> Callable[[World, str], str]:
    def spoil(world: World, seller: str) -> str:
        name = world.skus(seller)[3]
        world.lasting.poison(seller, name, how=how, where=where, resources={"inventory_item"})
        world.place_order(seller, lines=[(world.good(seller, 3), 1)])
        return name

    return spoil


def listing(world: World, seller: str) -> str:
    """A listing that GetItem cannot show."""
    item = world.item_ids(seller)[0]
    world.lasting.poison(seller, item, where=Where.NAMED, resources={"trading"})
    return item


POISONS: dict[str, Callable[[World, str], str]] = {
    "parcels-500": parcels(How.FAILS),
    "parcels-4xx": parcels(How.NO_WORD),
    "parcels-refused": parcels(How.REFUSED),
    "order-alone": alone,
    "order-page": page,
    "order-by-number": by_number,
    "sku-in-page": sku(How.FAILS, Where.LISTED),
    "sku-in-bulk": sku(How.FAILS, Where.IN_LISTS),
    "sku-list-refused": sku(How.REFUSED, Where.NAMED),
    "listing": listing,
}


def poison(setup: SceneSetup) -> SceneOutcome:
    """A seller for each kind of record that fails, and one who is well."""
    with setup.fleet(quota_trading=1_000_000) as fleet:
        it, world = SceneOutcome("records that fail for two days, and are well again", fleet), fleet.world
        sellers = [*POISONS, "well"]
        for seller in sellers:
            world.add_seller(seller, skus=30, listings=6 if seller in ("listing", "well") else 0)
            world.move_in(seller)
            more = WITH_LISTINGS if seller in ("listing", "well") else ()
            fleet.enroll(seller, (*WITH_STOCK, *more, Stream.SWEEP), setup.spread(timedelta(minutes=10)))
        live(setup, fleet, sellers, DAYS - timedelta(hours=4), timedelta(hours=4))
        fleet.run(timedelta(hours=1))
        for seller, spoil in POISONS.items():
            it.poisoned.add((seller, spoil(world, seller)))
        fleet.run(DAYS - timedelta(hours=1))
        day = fleet.minute() - 24 * 60
        worst = max(POISONS, key=lambda seller: fleet.called(day, seller=seller))
        more_calls = fleet.called(day, seller=worst) - fleet.called(day, seller="well")
        it.cost.append(
            f"on the second day {fleet.called(day, seller=worst)} calls of {worst}, {fleet.called(day, seller='well')} of who is well"
        )
        it.expect(more_calls <= MOST_A_DAY, f"{worst} costs {more_calls} calls a day more than who is well")
        meanwhile = it.verdict()
        it.held_up = it.judged(meanwhile)[1]
        world.lasting.cure()
        it.poisoned.clear()
        fleet.run(CURED)  # what was set aside is tried again once a day
        return conclude(setup, it, sellers, meanwhile)


def keys(setup: SceneSetup) -> SceneOutcome:
    """For ten minutes the application has the keys of another one, while every access token ends."""
    sellers = [f"seller-{number}" for number in range(max(4, setup.sellers // 4))]
    with setup.fleet() as fleet:
        it, world = SceneOutcome("wrong keys for ten minutes", fleet), fleet.world
        for seller in sellers:
            world.add_seller(seller)
            fleet.enroll(seller, POLLED, setup.spread(timedelta(minutes=5)))
        live(setup, fleet, sellers, timedelta(minutes=50), timedelta(minutes=20))
        fleet.run(timedelta(minutes=30))
        for seller in sellers:
            world.accounts.expire(seller)
        body = {"error": "invalid_grant", "error_description": "the provided authorization refresh token is invalid"}
        world.faults.force(400, body, times=100_000, resource="token")
        fleet.start_worker(fleet.settings.model_copy(update={"ebay_client_id": "Another-Application"}))
        fleet.run(KEYS_WRONG)
        world.faults.forced.clear()
        fleet.start_worker(fleet.settings)
        back = fleet.now()
        fleet.run(timedelta(minutes=15))
        good = {one.seller for one in fleet.polls if one.at >= back and one.result and not one.result.waiting}
        first = [
            min((one.at for one in fleet.polls if one.seller == seller and one.at >= back and one.result), default=None) for seller in good
        ]
        last = max((at - back for at in first if at), default=timedelta())
        it.cost.append(f"{len(good)} of {len(sellers)} polled again, the last after {last.total_seconds():.0f} s")
        it.expect(len(good) == len(sellers), f"{len(sellers) - len(good)} sellers are not polled again")
        it.expect(last <= BACK_WITHIN, f"the last one was polled {last.total_seconds():.0f} s after the right keys were back")
        return conclude(setup, it, sellers)


def old(setup: SceneSetup) -> SceneOutcome:
    """Thousands of old orders that nothing happens to: never marked as sent, or cancelled."""
    with setup.fleet() as fleet:
        it, world, now = SceneOutcome(f"{OLD:,} old open orders and {OLD:,} cancelled ones", fleet), fleet.world, fleet.now()
        for seller in (sellers := ["old", "new"]):
            world.add_seller(seller)
        ids = world.preload_orders("old", 2 * OLD, now - timedelta(days=600), now - timedelta(days=35))
        for order in ids[::2]:
            world.cancel("old", order, at=now - timedelta(days=34))
        for seller in sellers:
            fleet.enroll(seller, (*POLLED, Stream.SWEEP, Stream.BACKFILL), backfill=timedelta(days=700))
        live(setup, fleet, sellers, timedelta(days=2, hours=18), timedelta(hours=6))
        fleet.run(timedelta(days=1))
        since = fleet.now()
        fleet.run(DAYS)
        rounds, usual = (cost_of(fleet, seller, Stream.FULFILLMENT, since) for seller in sellers)
        sweeps, polls = (cost_of(fleet, "old", stream, since) for stream in (Stream.SWEEP, Stream.ORDERS))
        it.cost.append(f"in two days {rounds} calls of rounds, {usual} without old orders, {sweeps} of sweeps, {polls} of polls of orders")
        it.expect(rounds - usual <= MOST_OF_ROUNDS, f"{rounds} calls of rounds in two days, {usual} without old orders")
        it.expect(sweeps <= MOST_OF_SWEEPS, f"{sweeps} calls of sweeps in two days")
        return conclude(setup, it, sellers)


def cost_of(fleet: SkippedFleet, seller: str, stream: Stream, since: datetime) -> int:
    mine = [one.result for one in fleet.polls if one.seller == seller and one.stream is stream and one.at >= since]
    return sum(result.api_calls for result in mine if result)


def many(setup: SceneSetup) -> SceneOutcome:
    """One seller with thousands of orders whose parcels cannot be shown, beside a busy one who is well, and some who sell little."""
    sellers = ["ill", "busy", *(f"seller-{number}" for number in range(5))]
    with setup.fleet() as fleet:
        it, world, now = SceneOutcome(f"one seller with {MANY:,} records that fail", fleet), fleet.world, fleet.now()
        for seller in sellers:
            world.add_seller(seller)
        ids = world.preload_orders("ill", MANY, now - timedelta(days=28), now - timedelta(days=1), shipped=1.0)
        world.lasting.poison("ill", *ids, where=Where.NAMED, resources={"shipping_fulfillment"})
        it.poisoned.update(("ill", one) for one in ids)
        world.preload_orders("busy", BUSY, now - timedelta(days=28), now - timedelta(days=1), shipped=1.0)
        for seller in sellers:
            much = seller in ("ill", "busy")
            streams = (*POLLED, Stream.BACKFILL) if much else POLLED
            fleet.enroll(seller, streams, setup.spread(timedelta(minutes=10)), backfill=timedelta(days=30) if much else None)
        live(setup, fleet, sellers, DAYS - timedelta(hours=4), timedelta(hours=4))
        fleet.run(timedelta(days=1))
        failed, made = len(fleet.polls), fleet.called(seller="ill")
        fleet.run(DAYS - timedelta(days=1))
        ill, other = fleet.called(seller="ill") - made, fleet.called(fleet.minute() - 24 * 60, seller="busy")
        it.cost.append(f"on the second day {ill} calls of the ill seller, {other} of a busy one; {len(fleet.polls) - failed} steps of all")
        it.expect(ill - other <= MOST_A_DAY, f"{ill} calls on the second day for what fails")
        return conclude(setup, it, sellers)


__all__ = ["keys", "many", "old", "poison", "trade"]
