"""What buyers and sellers do as nobody expects, each switch alone in a living world."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from simulator import Hostility, Life, make_hostile
from simulator.hostile.sales import ACTS
from simulator.judge import judge
from simulator.times import from_iso
from tests.simulator.conftest import START
from tests.simulator.hostile import END, figures
from tests.simulator.perfect import Event, poll
from tests.support.manual_world import ManualWorld
from tests.support.present import present


def lived(seed: int = 1, rate: float = 3.0, **switches: float) -> ManualWorld:
    world = ManualWorld(seed=seed, now=START)
    world.hostility = Hostility(seed)
    for name, value in switches.items():
        world.hostility.set(name, value)
    world.add_seller("dora", orders_a_day=40, listings=25)
    world.add_seller("ella", orders_a_day=40, skus=6)
    for name in world.sellers:
        world.move_in(name)
    Life(world, rate=rate).run_until(END)
    return world


def history(world: ManualWorld, kind: str, seller: str = "dora") -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for row in world.rows():
        if (row["kind"], row["seller"]) == (kind, seller):
            found.setdefault(row["entity_id"], []).append(row)
    return found


def at(row: Event) -> int:
    return from_iso(row["modified_at"])


def test_what_is_paid_later_left_the_stock_before_its_order_was_there() -> None:
    world = lived(paid_later=1.0)
    falls: dict[str, list[int]] = {}
    for entity_id, rows in history(world, "inventory").items():
        sold = [b for a, b in pairwise(rows) if b["document"]["quantitySold"] > a["document"]["quantitySold"]]
        falls[entity_id.removeprefix("listing:")] = [at(row) for row in sold]

    def minutes(order: Event) -> list[float]:
        """How long before the order the last sale of each of its listings was."""
        when = from_iso(order["creationDate"])
        items = [line["legacyItemId"] for line in order["lineItems"]]
        return [min(((when - one) / 60_000 for one in falls[item] if one <= when), default=-1.0) for item in items]

    late = [times for rows in history(world, "order").values() if min(times := minutes(rows[0]["document"])) > 0]

    assert 0 < len(late) <= present(world.hostility).done["paid_later"]
    assert any(len(times) > 1 for times in late)
    assert all(time <= 9 for times in late for time in times)


def test_a_hot_listing_sells_steadily_while_it_is_edited() -> None:
    world = lived(hot=0.2)

    hot = Counter[str]()
    edits: set[str] = set()
    for entity_id, rows in history(world, "inventory").items():
        for one, other in pairwise(rows):
            before, after = one["document"], other["document"]
            if at(other) - at(one) <= 60_000 and after["quantitySold"] > before["quantitySold"]:
                hot[entity_id] += 1
            if hot[entity_id] > 1 and at(other) - at(one) <= 60_000:
                edits |= {name for name in ("title", "price") if after[name] != before[name]}
                edits |= {"quantity"} if after["quantity"] != before["quantity"] else set()

    assert present(world.hostility).done["hot"] > 1
    assert max(hot.values()) >= 6
    assert edits == {"title", "price", "quantity"}


def test_a_variation_is_added_and_sold_within_seconds() -> None:
    world = lived(size_added=0.5)

    soon = []
    for rows in history(world, "inventory").values():
        for one, other in pairwise(rows):
            before, after = (row["document"].get("variations", []) for row in (one, other))
            if before and len(after) > len(before):
                new = after[-1]["specifics"]
                sold = [row for row in rows if any(v["specifics"] == new and v["quantitySold"] for v in row["document"]["variations"])]
                soon += [at(sold[0]) - at(other)] if sold else []

    assert present(world.hostility).done["size_added"] >= len(soon) > 3
    assert min(soon) <= 30_000


@pytest.mark.parametrize("seller", ["dora", "ella"])
def test_an_order_is_cancelled_within_seconds_and_its_stock_is_back(seller: str) -> None:
    world = lived(restocked=0.5)

    cancelled = []
    for rows in history(world, "order", seller).values():
        states = [row["document"]["cancelStatus"]["cancelState"] for row in rows]
        if len(rows) == 2 and states[-1] == "CANCELED":
            cancelled.append(at(rows[1]) - at(rows[0]))

    assert len(cancelled) > 3
    assert max(cancelled) <= 15_000
    if seller == "dora":
        moves = [figures(row["document"]) for rows in history(world, "inventory").values() for row in rows]
        back = [b for a, _, b in zip(moves, moves[1:], moves[2:], strict=False) if a == b]
        assert len(back) > 3


def test_ids_of_unpaid_orders_change_when_they_are_paid() -> None:
    world = lived(id_changes=0.5)
    orders = history(world, "order")

    gone = {rows[-1]["entity_id"]: rows for rows in orders.values() if rows[-1]["removed"]}

    assert 3 < len(gone) <= present(world.hostility).done["id_changes"]
    lines = Counter(line["lineItemId"] for rows in orders.values() for line in rows[-1]["document"]["lineItems"])
    for rows in gone.values():
        assert {row["document"]["orderPaymentStatus"] for row in rows} == {"PENDING"}
        assert all(lines[line["lineItemId"]] == 2 for line in rows[0]["document"]["lineItems"])
        assert at(rows[-1]) - at(rows[0]) <= 5 * 60_000


@pytest.mark.parametrize("switch", ACTS)
def test_a_seed_repeats_it_and_only_what_is_turned_on_happens(switch: str) -> None:
    switches: dict[str, Any] = {switch: 0.3}
    worlds = [lived(**switches), lived(**switches)]

    assert list(worlds[0].rows()) == list(worlds[1].rows())
    assert present(worlds[0].hostility).done.keys() == {switch}


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.repeats) for seed in (2, 3))])
def test_a_perfect_poller_is_acquitted_whenever_it_polls(seed: int) -> None:
    world = ManualWorld(seed=seed, now=START)
    make_hostile(world, seed, huge_bytes=10_000, nameless=0.05)
    world.add_seller("dora", orders_a_day=60, listings=25)
    world.add_seller("ella", orders_a_day=60, skus=6, listings=10, published=4)
    for name in world.sellers:
        world.move_in(name)
    Life(world, rate=3).run_until(END)
    rows = list(world.rows())

    for minutes in (1, 20, 120):
        events = poll(rows, timedelta(minutes=minutes), START, END + timedelta(minutes=10))
        verdict = judge(rows, events, at=END + timedelta(hours=3))
        assert verdict.examples == []
    assert all(present(world.hostility).done[switch] for switch in (*ACTS, "index_late"))


def test_times_shrink_with_the_scale_and_not_with_the_rate() -> None:
    world = ManualWorld(seed=1, now=START)
    world.hostility = Hostility(1, scale=0.02, restocked=1.0)
    world.add_seller("ella", orders_a_day=40, skus=6)
    world.move_in("ella")
    Life(world, rate=6000).run_until(START + timedelta(minutes=1))

    took = [at(rows[1]) - at(rows[0]) for rows in history(world, "order", "ella").values() if len(rows) > 1]

    assert len(took) > 10
    assert (
        max(
            at(rows[-1]) - at(rows[0])
            for rows in history(world, "order", "ella").values()
            if len(rows) == 2 and rows[1]["document"]["cancelStatus"]["cancelState"] == "CANCELED"
        )
        <= 300
    )
