"""In short what `make chaos PART=hostile` does at length: everything that eBay and the network can do wrong, at least once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from itertools import count

from lab.chaos.deployment import Deployment, until
from lab.chaos.hostile import EBAYS_WAYS, HAPPENS, OF_LISTINGS, POSTGRES_WAYS, Siege, hostile_world
from simulator import Life, World
from simulator.hostility import Hostility
from simulator.proxy import FaultProxy, LineFaults
from tests.support.house import House
from tests.support.waiting import PATIENCE_S

CADENCE = {"orders_every": "1s", "fulfillment_every": "3s", "inventory_every": "3s", "order_overlap": "10s", "ebay_timeout": "2s"}
SEED = 3
SCALE = 0.005  # the longest lateness is 1.2 s
LATE_S = 3.0  # of what is late by hand
MANY = 205  # more than a page, of orders and of SKUs
WITH_MUCH, OTHERS = "anna", ("bert", "carla", "dora", "emil")
HUB = "fay"  # lists in Seller Hub
LAG_S = 0.7  # listings are read so far behind eBay's clock
# Each of these fails a step, which is tried again a second later, or is a lot to read: two sellers see each, so that none waits for long.
# Of a token that is refused only one: of two in a fleet so small the keys are doubted, and all who need a token wait for half a minute.
SHARED = ("failure", "html", "truncated", "reset", "cut", "slow", "expired", "too_many", "revoked", "dateless", "huge")
RATES = {
    **dict.fromkeys(HAPPENS, 0.3),
    **dict.fromkeys(("same_date", "undated", "moving", "coming_and_going", *SHARED), 1.0),
    "clock_off_s": 7 * 60 / SCALE,
    "same_date_s": 1 / SCALE,
    "slow_s": 1 / SCALE,
    "undated_closed": 0.5,
    "nameless": 0.05,
    "huge": 0.1,
    **dict.fromkeys(OF_LISTINGS, 0.7),
}


def limited(hostility: Hostility) -> None:
    """Everything twice at most, for each seller who is to see it; then there is peace."""
    hostility.most = dict.fromkeys(HAPPENS, 2) | dict.fromkeys(("late", "same_date", "malformed", "unknown"), 60)
    hostility.most |= dict.fromkeys(OF_LISTINGS, 1) | {"malformed_listing": 10}
    hostility.most |= {"wrong_total": 3, "empty_page": 6} | dict.fromkeys(("nameless", "late_payer", *SHARED), 1)
    for index, name in enumerate(SHARED):
        seen_by = {OTHERS[index % len(OTHERS)], OTHERS[(index + (name != "revoked")) % len(OTHERS)]}
        for seller in {"", WITH_MUCH, HUB, *OTHERS} - seen_by:  # "": calls for tokens, where a 429 holds everybody for a minute
            hostility.of_seller[name, seller] = 1


def stirring(world: World) -> Callable[[], None]:
    """At each call something happens to each seller's orders and stock."""
    numbers = count()
    lives: dict[str, list[str]] = {name: [] for name in OTHERS}
    listed, (many, single) = world.item_ids(HUB)[0], [world.list_item(HUB, quantity=100, sku=sku) for sku in ("", "A-1")]

    def stir() -> None:
        number = next(numbers)
        for name, orders in lives.items():
            orders.append(world.place_order(name, paid=False))
            if len(orders) > 2:
                world.pay(name, orders[-2])
                world.ship(name, orders[-3])
                world.modify(name, orders[-3], {"buyerCheckoutNotes": f"note {number}"})
            world.set_stock(name, world.skus(name)[0], number)
        world.sell(HUB, (many, single)[number % 2], visible_at=world.clock.now())
        world.revise(HUB, listed, available=number + 1)

    return stir


def plan(proxy: FaultProxy, ways: Iterable[str]) -> None:
    """What has not happened yet is the next to happen; a plan is lost with its connection where that ends otherwise."""
    if not proxy.planned:
        for way in ways:
            if not proxy.done[way]:
                proxy.next(way)


def test_a_hostile_ebay_on_a_bad_network_loses_nothing_and_records_nothing_twice(open_house: Callable[..., House]) -> None:
    world, hostility = hostile_world(SEED, SCALE, **RATES)
    limited(hostility)
    for name in (WITH_MUCH, *OTHERS):
        world.add_seller(name, 4.0, MANY if name == WITH_MUCH else 3)
        world.preload_skus(name)
    world.add_seller(HUB, listings=6)
    world.preload_listings(HUB)
    here = Deployment(open_house(world, **CADENCE))
    here.crew.lag_s = LAG_S
    with Siege(here, hostility, SEED) as siege, Life(world, 6000.0):
        siege.happens = HAPPENS + OF_LISTINGS  # reports take too long
        siege.enroll("1d")
        closed = [(name, world.place_order(name)) for name in OTHERS]
        for name, order_id in closed:
            world.ship(name, order_id)
        siege.begin(LineFaults(after=100, delay_s=0.3), LineFaults(after=20, delay_s=0.3))
        for _ in range(MANY):
            world.place_order(WITH_MUCH)
        stir = stirring(world)

        def happened() -> bool:
            siege.look_after()
            stir()
            plan(siege.to_ebay, EBAYS_WAYS)
            plan(siege.to_postgres, POSTGRES_WAYS)
            return not siege.never()

        with suppress(TimeoutError):  # the assertion says what did not happen
            until(happened, 3 * PATIENCE_S, "everything that is to happen", pause=0.5)
        assert siege.never() == []
        hostility.undated_closed = 0.0
        for name, order_id in closed:  # no round over open orders looks at them; what has a date, polling must find
            late = world.clock.now() + timedelta(seconds=LATE_S)
            world.modify(name, order_id, {"buyerCheckoutNotes": "too late for a poll without overlap"}, visible_at=late)
        siege.relieve()
        siege.settle(within=3 * PATIENCE_S)

        outcome = siege.outcome()
    here.close()
    assert outcome.found.ok, (outcome.found, outcome.found.examples)
    assert outcome.found.changes > 300
    assert outcome.overlooked == []
    assert outcome.aside > 0
