"""The promise, with nothing left out: real Temporal, real Postgres, eBay over HTTP, `worker.py` as a process that may die at any moment."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from random import Random

import pytest

from simulator import Life, World
from simulator.judge import Verdict, judge
from simulator.requests import Request
from tests.support.house import House
from tests.support.waiting import eventually_here

SELLERS = {"anna": (90.0, 250), "bert": (30.0, 40), "carla": (3.0, 5)}  # orders a day, SKUs
RATE = 2000.0  # a day of a seller within 43 s
FAST = {"orders_every": "0.5s", "fulfillment_every": "1s", "inventory_every": "1s"}
RESUMED_WITHIN_S = 20.0  # 15 s, and a loaded machine


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House]) -> House:
    world = World(seed=11)
    for name, (orders_a_day, skus) in SELLERS.items():
        world.add_seller(name, orders_a_day, skus)
        world.preload_skus(name)
    house = open_house(world, **FAST)
    house.enroll(*SELLERS)
    return house


@pytest.fixture
def living(house: House) -> Iterator[Life]:
    life = Life(house.world, RATE)
    with life:
        yield life


def verdict(house: House, events: list[dict]) -> Verdict:
    kinds = {"orders", "fulfillments", "inventory"}
    snapshots = {(seller, kind): list(house.store.snapshot(seller, kind)) for seller in SELLERS for kind in kinds}
    return judge(house.world.rows(), events, snapshots, at=house.world.clock.now())


def settled(house: House, within: float = RESUMED_WITHIN_S) -> Verdict:
    """The verdict once everything that eBay shows is recorded."""
    looked = 0.0

    def seen() -> Verdict | None:
        nonlocal looked
        if time.monotonic() - looked < 0.2:
            return None
        found = verdict(house, house.events())
        looked = time.monotonic()
        return found if found.lost == 0 else None

    eventually_here(seen, within)
    return verdict(house, house.changes())


def assert_all_recorded(house: House, at_least: int) -> None:
    found = settled(house)
    assert (found.lost, found.twice, found.wrong, found.set_aside) == (0, 0, 0, 0), found.examples
    assert found.changes >= at_least
    for seller in SELLERS:
        sequence = [event["sequence"] for event in house.events(seller)]
        assert sequence == list(range(1, len(sequence) + 1))


def of_poll(request: Request) -> bool:
    return bool(request.seller) and not request.resource.startswith("token")


def test_what_three_sellers_do_is_recorded_once_and_right(house: House, living: Life) -> None:
    worker = house.worker()
    kinds = ("order.updated", "fulfillment.created", "inventory.updated")
    eventually_here(lambda: all(any(event["type"] == kind for event in house.events()) for kind in kinds), within=30)

    living.stop()

    assert_all_recorded(house, at_least=sum(skus for _, skus in SELLERS.values()) + 10)
    assert worker.end(signal.SIGTERM) == 0


def test_a_worker_killed_in_the_middle_of_polls_loses_nothing_and_repeats_nothing(house: House, living: Life) -> None:
    random, calls = Random(5), count(1)
    before = len(house.events())
    for _ in range(4):
        worker = house.worker()
        fatal = next(calls) + random.randint(3, 25)  # the call to eBay at which it dies: once asked, once answered, never ready for it
        when = random.choice(["before_answer", "after_answer"])

        def kill(request: Request, fatal: int = fatal, worker=worker) -> None:
            if of_poll(request) and next(calls) == fatal:
                worker.tell(signal.SIGKILL)

        setattr(house.world.faults, when, kill)
        assert worker.process.wait(60) == -signal.SIGKILL
        setattr(house.world.faults, when, None)

    living.stop()
    house.worker()

    assert_all_recorded(house, at_least=before + 10)
