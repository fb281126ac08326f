from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.state.listings import skus
from tests.simulator.conftest import START
from tests.support.examples import examples
from tests.support.manual_world import ManualWorld
from tests.support.present import present

SHIRT = [{"sku": "T-S", "specifics": {"Size": "S"}, "quantity": 2}, {"specifics": {"Size": "M"}, "quantity": 3, "price": "12.50"}]


def history(world: ManualWorld, entity_id: str) -> list[dict[str, Any]]:
    return [row for row in world.rows() if row["entity_id"] == entity_id]


def counts(document: dict[str, Any]) -> tuple[int, int, int]:
    return document["available"], document["quantity"], document["quantitySold"]


def test_a_listing_of_seller_hub_is_an_entity_of_its_own_and_no_sku(world: ManualWorld) -> None:
    item = world.list_item("anna", title="A lamp", sku="L-1", quantity=4, price="20.00")

    (row,) = world.rows()

    assert (row["kind"], row["entity_id"], row["removed"]) == ("inventory", f"listing:{item}", False)
    assert row["document"] == {
        "itemId": item,
        "sku": "L-1",
        "title": "A lamp",
        "status": "Active",
        "available": 4,
        "quantity": 4,
        "quantitySold": 0,
        "price": {"value": "20.0", "currency": "USD"},
    }
    assert world.skus("anna") == []


def test_a_listing_with_variations_has_their_sums_and_their_lowest_price(world: ManualWorld) -> None:
    item = world.list_item("anna", price="15.00", variations=SHIRT)

    document = world.listing("anna", item)

    assert counts(document) == (5, 5, 0)
    assert document["price"]["value"] == "12.5"
    assert "sku" not in document
    assert [(row.get("sku"), row["specifics"], row["price"]["value"]) for row in document["variations"]] == [
        ("T-S", {"Size": "S"}, "15.0"),
        (None, {"Size": "M"}, "12.5"),
    ]


def test_a_sale_raises_what_is_sold_and_the_order_names_listing_and_sku(world: ManualWorld) -> None:
    item = world.list_item("anna", sku="L-1", quantity=4)
    bare = world.list_item("anna", quantity=1)

    order = world.order("anna", world.sell("anna", item, 3))
    other = world.order("anna", world.sell("anna", bare))

    (line,) = order["lineItems"]
    assert (line["legacyItemId"], line["sku"], line["quantity"]) == (item, "L-1", 3)
    assert not {"legacyVariationId", "variationAspects"} & line.keys()
    assert "sku" not in other["lineItems"][0]
    assert counts(world.listing("anna", item)) == (1, 4, 3)
    with pytest.raises(ValueError, match="1 on sale, not 2"):
        world.sell("anna", item, 2)


@pytest.mark.parametrize("which", [1, "by id"])
def test_a_sale_of_a_variation_names_it_by_number_and_aspects(world: ManualWorld, which: int | str) -> None:
    item = world.list_item("anna", variations=SHIRT)
    first = world.order("anna", world.sell("anna", item, variation="T-S"))["lineItems"][0]
    number = world.order("anna", world.sell("anna", item, variation=1))["lineItems"][0]["legacyVariationId"]

    line = world.order("anna", world.sell("anna", item, variation=number if which == "by id" else which))["lineItems"][0]

    assert (first["sku"], first["variationAspects"]) == ("T-S", [{"name": "Size", "value": "S"}])
    assert line["legacyVariationId"] == number != first["legacyVariationId"]
    assert "sku" not in line
    assert [counts(row) for row in world.listing("anna", item)["variations"]] == [(1, 2, 1), (1, 3, 2)]


def test_revisions_leave_what_was_sold(world: ManualWorld) -> None:
    item = world.list_item("anna", sku="L-1", quantity=4)
    world.sell("anna", item, 3)

    world.revise("anna", item, available=8, price="7.00", title="A better lamp", sku="L/2 \N{GRINNING FACE}")
    document = world.listing("anna", item)
    world.out_of_stock("anna", item)
    world.revise("anna", item, sku="")

    assert counts(document) == (8, 11, 3)
    assert (document["price"]["value"], document["title"], document["sku"]) == ("7.0", "A better lamp", "L/2 \N{GRINNING FACE}")
    assert counts(world.listing("anna", item)) == (0, 3, 3)
    assert "sku" not in world.listing("anna", item)
    assert world.listing("anna", item)["status"] == "Active"


def test_an_ended_listing_is_removed_and_listed_again_under_another_id(world: ManualWorld) -> None:
    item = world.list_item("anna", sku="L-1", quantity=4)
    world.sell("anna", item)
    world.end_listing("anna", item)

    again = world.relist("anna", item)

    last = history(world, f"listing:{item}")[-1]
    assert (last["removed"], last["document"]["status"]) == (True, "Completed")
    assert again != item
    assert counts(world.listing("anna", again)) == (3, 3, 0)
    assert world.item_ids("anna") == [again]
    with pytest.raises(ValueError, match="Completed"):
        world.sell("anna", item)


@pytest.mark.parametrize(("restock", "left"), [(True, 4), (False, 1)])
def test_a_cancellation_gives_the_stock_back_or_not(world: ManualWorld, restock: bool, left: int) -> None:
    world.add_sku("anna", "S-1", 4)
    items = [world.list_item("anna", sku=sku, quantity=4) for sku in ("L-1", "S-1")]
    orders = [world.sell("anna", item, 3) for item in items]

    for order_id in orders:
        world.cancel("anna", order_id, restock=restock)

    assert [world.listing("anna", item)["available"] for item in items] == [left, left]
    assert world.stock("anna", "S-1") == left


def test_a_listed_sku_has_one_stock_and_its_listing_is_nothing_to_record(world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 9)
    item = world.list_item("anna", sku="S-1", quantity=1)
    world.sell("anna", item, 2)
    world.set_stock("anna", "S-1", 5)
    world.revise("anna", item, available=6)

    assert world.stock("anna", "S-1") == 6
    assert counts(world.listing("anna", item)) == (6, 8, 2)
    assert {row["entity_id"] for row in world.rows() if row["kind"] == "inventory"} == {"S-1"}
    assert [counts(row["document"])[0] for row in history(world, item)] == [9, 7, 5, 6]
    assert {row["kind"] for row in history(world, item)} == {"listing"}


def test_a_listing_is_to_be_recorded_until_the_inventory_api_has_all_its_skus(world: ManualWorld) -> None:
    item = world.list_item("anna", variations=[{"sku": sku, "specifics": {"Size": sku}, "quantity": 3} for sku in ("A", "B")])
    world.add_sku("anna", "A", 7)
    between = history(world, f"listing:{item}")
    world.add_sku("anna", "B", 8)

    assert [row["removed"] for row in between] == [False, False]
    assert [row["available"] for row in between[-1]["document"]["variations"]] == [7, 3]
    gone = history(world, f"listing:{item}")[-1]
    assert (gone["removed"], gone["document"]) == (True, between[-1]["document"])
    assert history(world, item)[-1]["document"]["available"] == 15
    world.revise("anna", item, variation=1, sku="C")
    assert [row["removed"] for row in history(world, f"listing:{item}")] == [False, False, True, False]


def test_a_sku_that_goes_takes_its_listing_with_it(world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 2)
    item = world.list_item("anna", sku="S-1")

    world.remove_sku("anna", "S-1")

    assert world.listing("anna", item)["status"] == "Completed"
    assert not world.has_sku("anna", "S-1")


def test_sellers_start_with_listings_of_both_kinds(world: ManualWorld) -> None:
    world.add_seller("dora", skus=8, listings=40, published=5)
    world.move_in("dora")
    world.move_in("dora")

    entities = {row["entity_id"] for row in world.rows()}

    assert len(world.item_ids("dora")) == 45
    assert len([one for one in entities if one.startswith("listing:")]) == 40
    documents = [world.listing("dora", item) for item in world.item_ids("dora")]
    assert any("" in skus(document) for document in documents)
    assert any("variations" in document for document in documents)
    assert max(len(sku) for document in documents for sku in skus(document)) == 50
    assert [world.listed_as("dora", world.good("dora", k).sku) for k in (4, 5)] == [[world.good("dora", 4).listing], []]


def test_some_listings_show_late_but_never_after_ninety_seconds_nor_before_older_versions(world: ManualWorld) -> None:
    items = [world.list_item("anna") for _ in range(40)]
    for item in items:
        world.revise("anna", item, price="1.00")
    inventory = world.inventories["anna"]
    at_once = len(inventory.active)

    world.clock.advance(seconds=90)
    inventory.settle(world.clock.now_ms())

    assert 0 < at_once < 40
    assert len(inventory.active) == 40
    for item in items:
        first, second = history(world, f"listing:{item}")
        assert first["modified_at"] <= first["visible_at"] <= second["visible_at"] <= "2026-06-18T12:01:30.000Z"


def test_no_listing_shows_late_when_its_time_is_given_or_the_switch_is_off(world: ManualWorld) -> None:
    world.list_item("anna", visible_at=START + timedelta(minutes=9))
    world.switches.listing_late = 0.0
    for _ in range(20):
        world.list_item("anna")

    shown = [row["visible_at"] for row in world.rows()]

    assert shown == ["2026-06-18T12:09:00.000Z"] + ["2026-06-18T12:00:00.000Z"] * 20


def test_a_second_run_goes_on_with_the_same_listings(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = ManualWorld(seed=7, now=START, ledger=path)
    first.add_seller("dora", skus=3, listings=9, published=2)
    first.move_in("dora")
    hub, published, *_ = first.item_ids("dora")[0], first.good("dora", 1).listing
    first.revise("dora", hub, title="Later", visible_at=START + timedelta(hours=1))
    first.end_listing("dora", published)
    first.close()

    second = ManualWorld(seed=7, now=START, ledger=path)
    second.add_seller("dora", skus=3, listings=9, published=2)
    second.move_in("dora")

    assert second.item_ids("dora") == [item for item in second.item_ids("dora", ended=True) if item != published]
    assert second.listing("dora", hub)["title"] == "Later"
    assert present(second.inventories["dora"].listings[hub].shown).number == 1
    assert {one.newest.status for one in second.inventories["dora"].listings.values()} == {"backed", "alone"}
    new = second.list_item("dora")
    assert new not in [row["document"].get("itemId") for row in list(second.rows())[:-1]]
    second.close()


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["sell", "revise", "stock", "back", "end"]), st.integers(0, 3), st.integers(0, 6)), max_size=25
)


@settings(deadline=None, max_examples=examples(60))
@given(ACTIONS)
def test_whatever_happens_the_figures_of_a_listing_agree(actions: list[tuple[str, int, int]]) -> None:
    world = ManualWorld(seed=3, now=START)
    world.add_seller("anna")
    world.add_sku("anna", "S-1", 5)
    items = [world.list_item("anna", quantity=5), world.list_item("anna", sku="S-1"), world.list_item("anna", variations=SHIRT)]
    orders: list[str] = []
    for what, k, number in actions:
        item = items[k % 3]
        if what == "stock":
            world.set_stock("anna", "S-1", number)
        elif what == "back" and orders:
            world.cancel("anna", orders.pop(), restock=True)
        elif world.listing("anna", item)["status"] != "Active":
            continue
        elif what == "end" and number == 6:
            world.end_listing("anna", item)
        elif what == "revise":
            world.revise("anna", item, variation=k, available=number)
        elif what == "sell" and (world.listing("anna", item).get("variations") or [world.listing("anna", item)])[-1]["available"]:
            orders.append(world.sell("anna", item, variation=-1))

    for item in items:
        document = world.listing("anna", item)
        for row in [document, *document.get("variations", [])]:
            assert row["available"] == row["quantity"] - row["quantitySold"] >= 0
        for name in ("available", "quantity", "quantitySold"):
            assert document[name] == sum(row[name] for row in document.get("variations", [document]))
    backed = world.listing("anna", items[1])
    assert backed["status"] != "Active" or backed["available"] == world.stock("anna", "S-1")
