"""The promise, with nothing left out: real Temporal, real Postgres, eBay over HTTP, `worker.py` as a process that may die at any moment."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import count
from random import Random

import pytest

from simulator import Life, World
from simulator.judge import Row, Verdict, judge
from simulator.requests import Request
from tests.support.histories import forget_dead_worker
from tests.support.house import Child, House
from tests.support.waiting import PATIENCE_S, eventually_here

SELLERS = {"anna": (45.0, 250), "bert": (15.0, 40), "carla": (1.5, 5)}  # orders a day, SKUs
STREAMS = ("shipping_fulfillment", "inventory_item", "order")  # what eBay is asked for when the worker dies
RATE = 4000.0  # a day of a seller within 22 s
FAST = {"orders_every": "1s", "fulfillment_every": "2s", "inventory_every": "3s", "order_overlap": "10s"}
TRIED_AGAIN_WITHIN = timedelta(seconds=15)


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House]) -> House:
    world = World(seed=11)
    for name, (orders_a_day, skus) in SELLERS.items():
        world.add_seller(name, orders_a_day, skus)
        world.preload_skus(name)
    house = open_house(world, **FAST)
    for name in SELLERS:
        house.enroll(name)
    return house


@pytest.fixture
def living(house: House) -> Iterator[Life]:
    life = Life(house.world, RATE)
    with life:
        yield life


def verdict(house: House, events: Iterable[Row]) -> Verdict:
    kinds = {"orders", "fulfillments", "inventory"}
    snapshots = {(seller, kind): list(house.store.snapshot(seller, kind)) for seller in SELLERS for kind in kinds}
    return judge(house.world.rows(), events, snapshots, at=house.world.clock.now())


def settled(house: House) -> Verdict:
    """The verdict of what `changes --json` prints, once everything that eBay shows is recorded, or when it should be."""
    deadline, looked = time.monotonic() + PATIENCE_S, time.monotonic()
    while verdict(house, house.events()).lost and (now := time.monotonic()) < deadline:
        time.sleep(max(0.2, 3 * (now - looked)))  # between two looks: judging takes what the worker needs
        looked = time.monotonic()
    return verdict(house, house.changes())


def assert_all_recorded(house: House, at_least: int) -> None:
    found = settled(house)
    assert (found.lost, found.twice, found.wrong, found.set_aside) == (0, 0, 0, 0), found.examples
    assert found.changes >= at_least
    for seller in SELLERS:
        sequence = [event["sequence"] for event in house.events(seller)]
        assert sequence == list(range(1, len(sequence) + 1))


def test_what_three_sellers_do_is_recorded_once_and_right(house: House, living: Life) -> None:
    worker = house.worker()
    kinds = ("order.updated", "fulfillment.created", "inventory.updated")
    eventually_here(lambda: all(any(event["type"] == kind for event in house.events()) for kind in kinds))

    living.stop()

    assert_all_recorded(house, at_least=sum(skus for _, skus in SELLERS.values()) + 10)
    assert worker.end(signal.SIGTERM) == 0


def test_a_worker_killed_in_the_middle_of_polls_loses_nothing_and_repeats_nothing(
    house: House, living: Life, temporal_address: str
) -> None:
    random, before = Random(5), len(house.events())
    for resource in STREAMS:
        worker = house.worker()
        forget_dead_worker(temporal_address)
        victim = kill_at(house, worker, resource, call=random.randint(1, 8), asked=random.random() < 0.5)
        assert worker.process.wait(PATIENCE_S) == -signal.SIGKILL
    died_ms = house.world.clock.now_ms()

    house.worker()

    eventually_here(lambda: any(ask.seller == victim and ask.at_ms > died_ms for ask in house.world.requests))
    living.stop()
    assert_all_recorded(house, at_least=before + 10)
    assert tried_again_after(house, victim) <= TRIED_AGAIN_WITHIN


def tried_again_after(house: House, seller: str) -> timedelta:
    """How long after its last heartbeat a step is tried again at the latest, as the workflow asked Temporal for it."""
    events = [event for history in house.chain(seller) for event in history.events]
    scheduled = [one.activity_task_scheduled_event_attributes for one in events if one.HasField("activity_task_scheduled_event_attributes")]
    steps = [one for one in scheduled if one.HasField("heartbeat_timeout") and one.heartbeat_timeout.ToTimedelta()]
    assert steps
    return max(one.heartbeat_timeout.ToTimedelta() + one.retry_policy.initial_interval.ToTimedelta() for one in steps)


def kill_at(house: House, worker: Child, resource: str, call: int, asked: bool) -> str:
    """Waits until eBay is asked for this for the so manyeth time, and kills the worker: before the answer is made, or on its way.

    Gives the seller whose step died.
    """
    calls, victims = count(1), []

    def kill(request: Request) -> None:
        if request.resource == resource and next(calls) == call:
            worker.tell(signal.SIGKILL)
            victims.append(request.seller)

    hook = "before_answer" if asked else "after_answer"
    setattr(house.world.faults, hook, kill)
    eventually_here(lambda: victims)
    setattr(house.world.faults, hook, None)
    return victims[0]
