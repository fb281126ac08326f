"""The judge on sales: each line of an order that is none of the past is told once, and as the order has it."""

import copy
from collections.abc import Callable
from datetime import timedelta

import pytest

from simulator.judge import judge
from tests.simulator.conftest import START, stamp
from tests.simulator.perfect import Event, poll
from tests.simulator.sold import END, counts, judged, recorded, shop_with_a_sale, sold, without_sales
from tests.support.manual_world import ManualWorld

shop = pytest.fixture(shop_with_a_sale)


def with_sale(events: list[Event], **fields: object) -> list[Event]:
    """The one sale with other fields, of the event or of its data."""
    changed = copy.deepcopy(events)
    (sale,) = sold(changed)
    for name, value in fields.items():
        target = sale if name in sale else sale["data"]
        assert name in target
        target[name] = value
    return changed


def test_a_sale_is_recorded_once(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5, sku="L-1")
    shop.sell("anna", item, 2)
    events = recorded(shop)

    (sale,) = sold(events)

    assert (sale["entity_id"], sale["data"]["quantity"]) == (f"listing:{item}", 2)
    assert judged(shop, events).ok
    never = judged(shop, without_sales(events))
    assert counts(never) == (1, 0, 0)
    assert f"the sale of line {sale['data']['lineItemId']} of order {sale['data']['orderId']} was never recorded" in never.examples[0]
    assert counts(judged(shop, [*events, {**sale, "id": "another"}])) == (0, 1, 0)
    assert counts(judged(shop, [*events, sale])) == (0, 1, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"quantity": 1},
        {"quantity": None},
        {"quantity": 2.0},
        {"quantity": "2"},
        {"sku": "L-2"},
        {"sku": None},
        {"legacyItemId": "110011", "entity_id": "listing:110011", "version": 0},
        {"orderId": "03-00000-00000"},
        {"lineItemId": "1"},
        {"soldAt": stamp(START + timedelta(seconds=1)), "occurred_at": stamp(START + timedelta(seconds=1))},
        {"occurred_at": stamp(START + timedelta(seconds=1))},
        {"entity_id": "L-1"},
        {"entity_id": "listing:110011", "version": 0},
        {"version": 0},
        {"version": 2},
        {"changed": ["available"]},
        {"previous": {"available": 5}},
    ],
    ids=str,
)
def test_whatever_differs_from_the_order_is_wrong(shop: ManualWorld, fields: dict[str, object]) -> None:
    item = shop.list_item("anna", quantity=5, sku="L-1")
    shop.sell("anna", item, 2)
    events = recorded(shop)

    found = judged(shop, with_sale(events, **fields))

    assert (found.wrong, found.twice, found.lost) == (1, 0, int("lineItemId" in fields))
    assert judged(shop, events).ok


@pytest.mark.parametrize("spoil", [lambda data: data.pop("sku"), lambda data: data.update(title="x")])
def test_a_sale_has_these_fields_and_no_others(shop: ManualWorld, spoil: Callable[[Event], object]) -> None:
    shop.sell("anna", shop.list_item("anna", quantity=5))
    events = recorded(shop)
    spoil(sold(events)[0]["data"])

    assert judged(shop, events).wrong == 1


def test_a_sale_is_one_of_the_sku_where_its_row_stands_and_else_of_the_listing(shop: ManualWorld) -> None:
    shop.add_sku("anna", "S-1", 9)
    item = shop.list_item("anna", sku="S-1")
    shop.sell("anna", item)
    events = recorded(shop)

    (sale,) = sold(events)

    assert sale["entity_id"] == "S-1"
    assert judged(shop, events).ok
    of_listing = judged(shop, with_sale(events, entity_id=f"listing:{item}", version=0))
    assert counts(of_listing) == (0, 0, 1)
    assert "it is a sale of S-1" in of_listing.examples[0]
    last = [event for event in events if event is not sale] + [sale]
    first = [sale] + [event for event in events if event is not sale]
    assert judged(shop, last).ok
    assert judged(shop, first).wrong == 1  # no row stands yet
    assert judged(shop, with_sale(first, entity_id=f"listing:{item}", version=0)).ok


def test_a_line_without_an_item_is_a_sale_of_its_sku_and_one_without_both_is_none(shop: ManualWorld) -> None:
    def change(order: Event) -> None:
        first, second, third = order["lineItems"]
        first.pop("legacyItemId")
        second.pop("legacyItemId"), second.pop("sku")
        third.pop("lineItemId")

    shop.place_order("anna", lines=[(shop.good("anna", k), 1) for k in range(3)], change=change)
    (line, bare, _) = shop.order("anna", shop.order_ids("anna")[0])["lineItems"]
    events = without_sales(
        poll([{**row, "document": {**row["document"], "lineItems": []}} for row in shop.rows()], END - START, START, END)
    )
    order = {**events[0], "data": shop.order("anna", shop.order_ids("anna")[0])}
    at = order["data"]["creationDate"]
    data = {"orderId": order["entity_id"], "lineItemId": line["lineItemId"], "sku": line["sku"], "legacyItemId": None, "quantity": 1}
    sale = {**order, "id": "s", "type": "inventory.sold", "entity_id": line["sku"], "version": 0, "occurred_at": at}
    sale["data"] = {**data, "soldAt": at}

    assert counts(judged(shop, [order])) == (1, 0, 0)
    assert counts(judged(shop, [order, sale])) == (0, 0, 0)
    bare_sale = {**sale, "id": "b", "entity_id": "", "data": {**sale["data"], "lineItemId": bare["lineItemId"], "sku": None}}
    bad = judged(shop, [order, sale, bare_sale])
    assert counts(bad) == (0, 0, 1)
    assert "without SKU and item" in bad.examples[0]


def test_an_order_of_the_backfill_has_no_sale(shop: ManualWorld) -> None:
    shop.sell("anna", shop.list_item("anna", quantity=5))
    events = [{**event, "source": "backfill"} for event in recorded(shop)]

    assert judged(shop, without_sales(events)).ok
    found = judged(shop, events)
    assert counts(found) == (0, 0, 1)
    assert "before the enrolment" in found.examples[0]


def test_a_line_of_the_backfill_that_comes_again_in_a_new_order_may_be_recorded_or_not(shop: ManualWorld) -> None:
    old = shop.place_order("anna", lines=[(shop.good("anna", 1), 1)], paid=False)
    line = shop.order("anna", old)["lineItems"][0]["lineItemId"]
    shop.clock.advance(minutes=30)
    new = shop.place_order("anna", lines=[(shop.good("anna", 1), 1)], change=lambda order: order["lineItems"][0].update(lineItemId=line))
    events = [{**event, "source": "backfill" if event["entity_id"] == old else "poll"} for event in recorded(shop)]
    at = shop.order("anna", new)["creationDate"]

    assert judged(shop, without_sales(events)).ok
    assert judged(shop, with_sale(events, orderId=new, soldAt=at, occurred_at=at)).ok
    assert judged(shop, events).wrong == 1


def test_a_sale_of_a_sku_that_is_gone_is_one_of_its_listing(shop: ManualWorld) -> None:
    shop.add_sku("anna", "S-1", 9)
    shop.remove_sku("anna", "S-1", visible_at=START + timedelta(minutes=10))
    shop.clock.advance(minutes=30)
    shop.place_order("anna", lines=[(shop.good("anna", 1), 1)], change=lambda order: order["lineItems"][0].update(sku="S-1"))
    rows = list(shop.rows())
    rows = [rows[0], {**rows[1], "visible_at": stamp(START + timedelta(minutes=25))}, *rows[2:]]
    events = poll(rows, timedelta(minutes=20), START, END)
    item = sold(events)[0]["data"]["legacyItemId"]

    assert [event["type"] for event in events[:2]] == ["inventory.created", "inventory.removed"]
    assert judge(rows, events, at=END).ok
    assert judge(rows, with_sale(events, entity_id="S-1", version=2), at=END).wrong == 1
    assert judge(rows, with_sale(events, entity_id=f"listing:{item}", version=0), at=END).ok


def test_a_sale_leaves_the_versions_of_its_listing_alone(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.clock.advance(minutes=30)
    shop.sell("anna", item)
    events = recorded(shop)
    assert [(event["type"], event["version"]) for event in events if event["entity_id"] == f"listing:{item}"] == [
        ("inventory.created", 1),
        ("inventory.sold", 1),
        ("inventory.updated", 2),
    ]

    assert judged(shop, events).ok


def test_the_sequence_counts_a_sale(shop: ManualWorld) -> None:
    shop.sell("anna", shop.list_item("anna", quantity=5))
    events = recorded(shop)

    found = judge(shop.rows(), [*without_sales(events), {**sold(events)[0], "sequence": 1}], at=END)

    assert found.wrong > 0
    assert judge(shop.rows(), events, at=END).ok


def test_sales_are_judged_with_the_inventory_and_where_there_are_orders(shop: ManualWorld) -> None:
    shop.sell("anna", shop.list_item("anna", quantity=5))
    events = recorded(shop)
    other = with_sale(events, quantity=7)

    assert judged(shop, other, kinds=["inventory"]).wrong == 1
    assert judged(shop, other, kinds=["order", "fulfillment"]).ok
    rows = [row for row in shop.rows() if row["kind"] == "inventory"]
    assert judge(rows, other, at=END, kinds=["inventory"]).ok
