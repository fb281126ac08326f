"""Sellers with listings, living: everything happens, it repeats itself, and the judge's word stands."""

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from simulator import Life, make_hostile, serve
from simulator.judge import judge
from tests.simulator.conftest import START
from tests.simulator.perfect import poll
from tests.support.manual_world import ManualWorld
from tests.support.waiting import PATIENCE_S

END, SOONER = START + timedelta(hours=20), START + timedelta(hours=8.5)


def shop(seed: int = 1, unfriendly: bool = False) -> ManualWorld:
    world = ManualWorld(seed=seed, now=START)
    if unfriendly:
        make_hostile(world, seed, huge_bytes=10_000)
    world.add_seller("dora", orders_a_day=60, listings=25)
    world.add_seller("ella", orders_a_day=60, skus=6, listings=10, published=4)
    world.add_seller("fay", orders_a_day=20, skus=4)
    for name in world.sellers:
        world.move_in(name)
    return world


def lived(end: datetime = END, **how: Any) -> ManualWorld:
    world = shop(**how)
    Life(world, rate=3).run_until(end)
    return world


@pytest.fixture(scope="module")
def world() -> ManualWorld:
    return lived()


def test_the_same_seed_gives_the_same_life(world: ManualWorld) -> None:
    assert [json.dumps(row) for row in lived().rows()] == [json.dumps(row) for row in world.rows()]


def test_everything_that_happens_to_listings_happens(world: ManualWorld) -> None:
    versions: dict[str, list[dict[str, Any]]] = {}
    for row in world.rows():
        if row["entity_id"].startswith("listing:"):
            versions.setdefault(row["entity_id"], []).append(row)
    pairs = [(a, b) for rows in versions.values() for a, b in pairwise(rows)]

    def happened(name: str) -> bool:
        return any(a["document"].get(name) != b["document"].get(name) for a, b in pairs)

    assert all(map(happened, ("title", "sku", "price", "available", "quantity", "quantitySold", "variations")))
    assert any(b["removed"] for _, b in pairs)
    assert any(a["document"]["available"] > 0 == b["document"]["available"] for a, b in pairs)
    assert len(versions) > 35  # some came


def test_orders_name_listings_variations_and_skus(world: ManualWorld) -> None:
    lines = {name: [line for one in world.order_ids(name) for line in world.order(name, one)["lineItems"]] for name in world.sellers}

    listed = {name: set(world.item_ids(name, ended=True)) for name in world.sellers}
    assert all(line["legacyItemId"] in listed["dora"] for line in lines["dora"])
    assert any("sku" not in line for line in lines["dora"])
    assert any("legacyVariationId" in line for line in lines["dora"])
    assert any(line["legacyItemId"] in listed["ella"] for line in lines["ella"])
    assert any(line["legacyItemId"] not in listed["ella"] for line in lines["ella"])
    assert not any(line["legacyItemId"] in listed["fay"] for line in lines["fay"])


def test_a_listed_skus_stock_is_that_of_its_listing(world: ManualWorld) -> None:
    shared = [(sku, item) for sku in world.skus("ella") for item in world.listed_as("ella", sku)]

    assert len(shared) >= 2
    assert all(world.stock("ella", sku) == world.listing("ella", item)["available"] for sku, item in shared)


@pytest.mark.parametrize(
    ("seed", "unfriendly", "end"),
    [(1, False, END), (1, True, SOONER), *(pytest.param(seed, True, END, marks=pytest.mark.repeats) for seed in (1, 2))],
    ids=lambda one: one.strftime("until %d %H:%M") if isinstance(one, datetime) else str(one),
)
def test_a_perfect_poller_is_acquitted_and_one_that_misses_a_listing_is_not(
    world: ManualWorld, seed: int, unfriendly: bool, end: datetime
) -> None:
    rows = list((lived(end, seed=seed, unfriendly=True) if unfriendly else world).rows())

    events = poll(rows, timedelta(minutes=30), START, end)

    verdict = judge(rows, events, at=end + timedelta(hours=1))
    assert verdict.examples == []
    assert verdict.changes > 200
    last = next(event for event in reversed(events) if event["entity_id"].startswith("listing:") and event["type"] != "inventory.removed")
    spoilt = [event for event in events if event is not last]
    again = judge(rows, spoilt, at=end + timedelta(hours=1))
    assert again.lost + again.nameless - verdict.nameless == 1 or (again.lost == 0 and last["data"].get("quantity") is None)


def test_a_seller_who_comes_over_http_lives_too() -> None:
    world = ManualWorld(seed=4, now=START)
    life = Life(world, rate=10)
    with serve(world) as running, httpx.Client(base_url=running.url, timeout=PATIENCE_S) as http:
        query: dict[str, str | int] = {"seller": "gus", "orders_a_day": 100, "skus": 3, "listings": 12, "published": 2}
        answer = http.post("/simulator/seller", params=query).json()
        twice = http.post("/simulator/seller", params=query)
        wrong = [http.post("/simulator/seller", params={"seller": "hal", **more}) for more in ({"skus": -1}, {"stock": 1}, {"skus": "x"})]
        life.run_until(START + timedelta(hours=3))

    assert answer == {"seller": "gus", "refresh_token": world.refresh_token("gus")}
    assert [answer.status_code for answer in (twice, *wrong)] == [400] * 4
    assert list(world.sellers) == ["gus"]
    assert len(world.item_ids("gus")) > 10
    assert len(world.order_ids("gus")) > 20
