"""What buyers and sellers do as nobody expects: each act by hand."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from simulator.hostile import versions
from simulator.judge import judge
from simulator.times import from_iso
from tests.simulator.conftest import START, Client, xml
from tests.simulator.hostile import END, figures
from tests.simulator.perfect import Event, poll
from tests.support.manual_world import ManualWorld

ITEM = "GetItem", "<ItemID>{}</ItemID>"


@pytest.fixture
def shop(world: ManualWorld) -> ManualWorld:
    world.switches.listing_late = 0.0
    return world


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


def bare(document: Event) -> Event:
    """A listing without its figures."""
    left = {name: value for name, value in document.items() if name not in ("available", "quantity", "quantitySold")}
    return left | {"variations": [bare(row) for row in document.get("variations", [])]}
