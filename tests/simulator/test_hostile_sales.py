"""What buyers and sellers do as nobody expects: each act by hand, then each switch alone in a living world."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simulator import Hostility, Life, make_hostile
from simulator.hostile import versions
from simulator.hostile.sales import ACTS
from simulator.judge import judge
from simulator.times import from_iso
from tests.simulator.conftest import START, Client, xml
from tests.simulator.perfect import Event, poll
from tests.support.manual_world import ManualWorld
from tests.support.present import present

END = START + timedelta(hours=6)
ITEM = "GetItem", "<ItemID>{}</ItemID>"


def figures(document: Event) -> tuple[int, int]:
    return document["available"], document["quantitySold"]


@pytest.fixture
def shop(world: ManualWorld) -> ManualWorld:
    world.switches.listing_late = 0.0
    return world


# by hand


def test_purchases_take_the_stock_and_are_one_order_of_the_time_of_their_payment(shop: ManualWorld) -> None:
    shirt = shop.list_item("anna", variations=[{"sku": f"T-{size}", "specifics": {"Size": size}, "quantity": 4} for size in "SM"])
    lamp = shop.list_item("anna", quantity=40)
    bought = [shop.purchase("anna", lamp, 2), shop.purchase("anna", shirt, variation="T-M")]
    assert (figures(shop.listing("anna", lamp)), shop.order_ids("anna")) == ((38, 2), [])
    assert [figures(row) for row in shop.listing("anna", shirt)["variations"]] == [(4, 0), (3, 1)]
    shop.clock.advance(minutes=10)

    order = shop.order("anna", shop.place_order("anna", lines=bought))

    assert from_iso(order["creationDate"]) == shop.clock.now_ms()
    assert [(line["legacyItemId"], line.get("sku"), line["quantity"]) for line in order["lineItems"]] == [
        (lamp, None, 2),
        (shirt, "T-M", 1),
    ]
    assert figures(shop.listing("anna", lamp)) == (38, 2)
    with pytest.raises(ValueError, match="38 on sale"):
        shop.purchase("anna", lamp, 39)


def test_a_purchase_of_a_sku_takes_its_stock(shop: ManualWorld) -> None:
    good = shop.good("anna", 3)
    shop.add_sku("anna", good.sku, 9)

    shop.take_lines("anna", [(good, 2)])

    assert shop.stock("anna", good.sku) == 7


def test_a_variation_is_added_and_sold(anna: Client, shop: ManualWorld) -> None:
    item = shop.list_item("anna", variations=[{"specifics": {"Size": "S"}, "quantity": 4}], price="9.99")

    index = shop.add_variation("anna", item, {"sku": "T-L", "specifics": {"Size": "L"}, "quantity": 3, "price": "8.5"})
    shop.sell("anna", item, 2, variation=index)

    rows = xml(anna.trading(ITEM[0], ITEM[1].format(item))).findall(".//Variation")
    assert [(row.findtext("SKU"), row.findtext("Quantity"), row.findtext("SellingStatus/QuantitySold")) for row in rows] == [
        (None, "4", "0"),
        ("T-L", "3", "2"),
    ]
    assert (figures(shop.listing("anna", item)), shop.listing("anna", item)["price"]["value"]) == ((5, 2), "8.5")
    with pytest.raises(ValueError, match="has such a variation"):
        shop.add_variation("anna", item, {"specifics": {"Size": "L"}})
    with pytest.raises(ValueError, match="has no variations"):
        shop.add_variation("anna", shop.list_item("anna"), {"specifics": {"Size": "L"}})


def test_an_unpaid_order_that_is_paid_comes_under_another_id_with_the_same_lines(anna: Client, shop: ManualWorld) -> None:
    old = shop.place_order("anna", paid=False)
    lines = shop.order("anna", old)["lineItems"]
    shop.clock.advance(minutes=5)

    new = shop.pay_anew("anna", old)

    assert anna.ids() == {new} == set(shop.order_ids("anna"))
    assert anna.ids(orderIds=f"{old},{new}") == {new}
    assert anna.get(f"/sell/fulfillment/v1/order/{old}").status_code == 404
    order = anna.get(f"/sell/fulfillment/v1/order/{new}").json()
    assert (order["orderPaymentStatus"], order["lineItems"]) == ("PAID", lines)
    assert from_iso(order["creationDate"]) == shop.clock.now_ms()
    rows = [(row["entity_id"], row["removed"]) for row in shop.rows()]
    assert rows == [(old, False), (new, False), (old, True)]


def test_an_unpaid_order_is_there_until_the_paid_one_is(anna: Client, shop: ManualWorld) -> None:
    old = shop.place_order("anna", paid=False)

    new = shop.pay_anew("anna", old, visible_at=START + timedelta(minutes=2))

    assert anna.ids() == {old}
    versions.touch(shop.state, "anna", old)
    shop.clock.advance(minutes=2)
    assert anna.ids() == {new} == anna.ids(orderIds=f"{old},{new}")


def test_an_order_that_is_no_more_is_neither_lost_nor_wrong_and_its_sale_recorded_once(shop: ManualWorld) -> None:
    old = shop.place_order("anna", paid=False)
    shop.clock.advance(minutes=30)
    shop.touch("anna", old)
    shop.pay_anew("anna", old)
    rows = list(shop.rows())

    for every in (20, 90):  # the first sees the unpaid order
        events = poll(rows, timedelta(minutes=every), START, END)
        verdict = judge(rows, events, at=END)
        assert (verdict.ok, verdict.examples) == (True, [])
        kinds = Counter(event["type"] for event in events)
        assert (kinds["order.created"], kinds["inventory.sold"]) == (1 + (every == 20), len(rows[0]["document"]["lineItems"]))
    assert judge(rows, [event for event in events if event["type"] != "inventory.sold"], at=END).lost == kinds["inventory.sold"]


def test_a_ledger_with_an_order_that_is_no_more_is_taken_up_again(tmp_path: Path) -> None:
    world = ManualWorld(seed=3, now=START, ledger=tmp_path / "ledger.jsonl")
    world.add_seller("anna")
    new = world.pay_anew("anna", world.place_order("anna", paid=False))
    world.close()

    again = ManualWorld(seed=3, now=START, ledger=tmp_path / "ledger.jsonl")

    assert again.order_ids("anna") == [new]
    assert [row[2] for row in again.inventories["anna"].by_modified] == [new]
    assert again.inventories["anna"].open == {new}
    again.close()


# in a living world


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


def bare(document: Event) -> Event:
    """A listing without its figures."""
    left = {name: value for name, value in document.items() if name not in ("available", "quantity", "quantitySold")}
    return left | {"variations": [bare(row) for row in document.get("variations", [])]}


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
