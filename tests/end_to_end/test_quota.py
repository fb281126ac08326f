"""A quota that does not reach, on the running system: our ledger stops first, and eBay never has to refuse."""

from __future__ import annotations

from collections.abc import Callable

from simulator import World
from tests.support.house import House
from tests.support.waiting import eventually_here
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

SELLERS = ("anna", "bert", "carla")
CALLS = 45


def refused(house: House) -> int:
    return sum(request.status == 429 for request in house.world.requests)


def orders_calls(house: House) -> int:
    return house.world.quotas.used["order"] + house.world.quotas.used["shipping_fulfillment"]


def test_a_day_of_few_calls_ends_without_a_refusal_and_people_are_still_served(open_house: Callable[..., House]) -> None:
    world = World(seed=61)
    for name in SELLERS:
        world.add_seller(name, skus=2)
        world.preload_skus(name)
    world.quotas.limits["order"] = CALLS
    house = open_house(world, orders_every="0.5s", backfill="1d", fulfillment_every="1h", inventory_every="2s", quota_orders=str(CALLS))
    house.store.permits.ensure({"orders": CALLS})
    for name in SELLERS:
        house.enroll(name)
    house.worker()

    eventually_here(lambda: all(house.status(name).state == "waiting_for_quota" for name in SELLERS))
    used, inventory = orders_calls(house), house.world.quotas.used["inventory_item"]
    reported = [row["state"] for row in house.command("list", "--json").objects]
    order = house.world.place_order("anna")
    house.signal("anna", SellerPolling.poll_now, PollNow(stream="orders"))
    eventually_here(lambda: any(event["entity_id"] == order for event in house.events("anna")))
    eventually_here(lambda: house.world.quotas.used["inventory_item"] > inventory)

    assert refused(house) == 0
    assert used <= CALLS
    assert reported == ["waiting_for_quota"] * 3
    assert "waits until" in house.status("bert").reason
    assert orders_calls(house) <= CALLS
