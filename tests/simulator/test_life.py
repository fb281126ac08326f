from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from simulator import Life, World
from tests.support.manual_world import ManualWorld

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)


def lived(days: float, seed: int = 1) -> ManualWorld:
    world = ManualWorld(seed=seed, now=START)
    world.add_seller("anna", orders_a_day=200, skus=20)
    world.add_seller("carla", orders_a_day=2, skus=3)
    for name in world.sellers:
        world.preload_skus(name)
    Life(world).run_until(START + timedelta(days=days))
    return world


@pytest.fixture(scope="module")
def world() -> ManualWorld:
    return lived(days=4)


def test_the_same_seed_gives_the_same_life_and_another_seed_another() -> None:
    one, same, other = lived(0.5), lived(0.5), lived(0.5, seed=2)

    assert list(one.rows()) == list(same.rows())
    assert list(one.rows()) != list(other.rows())


def test_sellers_differ_as_their_numbers_say(world: ManualWorld) -> None:
    assert 700 < len(world.order_ids("anna")) < 900
    assert 2 <= len(world.order_ids("carla")) < 20


def test_everything_that_happens_to_orders_happens(world: ManualWorld) -> None:
    orders = [row["document"] for row in world.rows() if row["kind"] == "order" and row["seller"] == "anna"]
    seen = {order["orderFulfillmentStatus"] for order in orders} | {order["orderPaymentStatus"] for order in orders}
    seen |= {order["cancelStatus"]["cancelState"] for order in orders}
    parcels = Counter(len(world.parcels("anna", order["orderId"])) for order in orders)
    rows = Counter((row["kind"], row["removed"]) for row in world.rows())

    assert seen >= {"NOT_STARTED", "IN_PROGRESS", "FULFILLED", "PENDING", "PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED", "CANCELED"}
    assert {0, 1, 2} <= set(parcels)
    assert rows["fulfillment", True]
    assert rows["inventory", True]
    assert rows["inventory", False] > 200


def test_every_event_is_dated_when_it_happened(world: ManualWorld) -> None:
    dates = [row["modified_at"] for row in world.rows()]

    assert dates == sorted(dates)
    assert dates[-1] <= "2026-06-22T12:00:00.000Z"


def test_a_faster_world_lives_the_same_life_in_less_time() -> None:
    world = ManualWorld(seed=1, now=START)
    world.add_seller("anna", orders_a_day=200)
    Life(world, rate=96).run_until(START + timedelta(hours=1))

    assert 700 < len(world.order_ids("anna")) < 900


def test_in_real_time_orders_come_by_themselves() -> None:
    world = World(seed=1)
    world.add_seller("anna", orders_a_day=86_400)
    arrived: list[str] = []
    with Life(world, rate=1000) as life:
        while len(arrived) < 20:
            life.stopped.wait(0.005)
            arrived = world.order_ids("anna")

    assert life.thread is not None
    assert not life.thread.is_alive()


def test_a_real_clock_cannot_be_moved() -> None:
    life = Life(World(seed=1))

    with pytest.raises(TypeError):
        life.run_until(START)
