"""Sales that the judge does not ask for: lines that show late, were stored before, or stand in a malformed order."""

import copy
from collections.abc import Callable
from datetime import timedelta

import pytest

from simulator.judge import judge
from tests.simulator.conftest import START
from tests.simulator.perfect import Event, poll
from tests.simulator.sold import END, counts, judged, recorded, shop_with_a_sale, sold, without_sales
from tests.support.manual_world import ManualWorld

shop = pytest.fixture(shop_with_a_sale)


def test_a_line_that_shows_after_the_deadline_need_not_be_recorded(shop: ManualWorld) -> None:
    order_id = shop.place_order("anna", lines=[(shop.good("anna", 1), 1)], change=lambda order: order.update(lineItems=[]))
    line = shop.order("anna", shop.place_order("anna", lines=[(shop.good("anna", 1), 1)]))["lineItems"]
    events = without_sales(recorded(shop))[:1]
    shop.modify("anna", order_id, {"lineItems": line}, visible_at=END)
    rows = [row for row in shop.rows() if row["entity_id"] == order_id]

    assert judge(rows, events, at=END - timedelta(minutes=1)).lost == 0
    assert judge(rows, events, at=END).lost == 2  # the order's change too


def test_lines_that_an_older_version_stored_are_excused(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    lines = [shop.order("anna", shop.sell("anna", item))["lineItems"][0]["lineItemId"] for _ in range(2)]
    events = [{**event, "seller_id": "s-1"} for event in without_sales(recorded(shop))]

    found = judged(shop, events, sellers={"s-1": "anna"}, excused_lines=[("s-1", lines[0])])

    assert counts(found) == (1, 0, 0)
    assert lines[1] in found.examples[0]


def test_a_line_that_two_orders_show_is_recorded_once_for_either(shop: ManualWorld) -> None:
    first = shop.place_order("anna", lines=[(shop.good("anna", 1), 1)], paid=False)
    line = shop.order("anna", first)["lineItems"][0]["lineItemId"]
    shop.clock.advance(minutes=30)
    shop.place_order("anna", lines=[(shop.good("anna", 1), 1)], change=lambda order: order["lineItems"][0].update(lineItemId=line))
    events = recorded(shop)

    assert len(sold(events)) == 1
    assert judged(shop, events).ok
    assert counts(judged(shop, without_sales(events))) == (1, 0, 0)


def test_a_line_that_came_up_just_before_its_order_was_there_no_more_is_not_lost(shop: ManualWorld) -> None:
    old = shop.place_order("anna", paid=False, change=lambda order: order.update(lineItems=[]))
    events = recorded(shop)
    lines = shop.order("anna", shop.place_order("anna", order_id="03-00000-00001"))["lineItems"]
    shop.modify("anna", old, {"lineItems": lines})
    before = [row for row in shop.rows() if row["entity_id"] == old]
    shop.pay_anew("anna", old)
    after = [row for row in shop.rows() if row["entity_id"] == old]

    assert judge(before, events, at=END).lost == 1 + len(lines)
    assert judge(after, events, at=END).lost == 0


MALFORMED: dict[str, Callable[[Event], object]] = {
    "no lines": lambda order: order.pop("lineItems"),
    "lines that are one": lambda order: order.update(lineItems=order["lineItems"][0]),
    "a line that is none": lambda order: order["lineItems"].insert(0, "line"),
    "no date": lambda order: order.update(creationDate="yesterday"),
    "an odd SKU": lambda order: order["lineItems"][0].update(sku=["2"]),
    "a quantity below 0": lambda order: order["lineItems"][0].update(quantity=-1),
    "a quantity in words": lambda order: order["lineItems"][0].update(quantity="2"),
}


@pytest.mark.parametrize("malform", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("at_first", [True, False])
def test_a_malformed_order_excuses_what_nobody_could_know_and_no_more(
    shop: ManualWorld, malform: Callable[[Event], object], at_first: bool
) -> None:
    item = shop.list_item("anna", quantity=5, sku="L-1")
    order_id = shop.sell("anna", item)
    good = shop.order("anna", order_id)
    shop.clock.advance(minutes=30)
    shop.touch("anna", order_id)
    spoilt = copy.deepcopy(good)
    malform(spoilt)
    rows = [dict(row) for row in shop.rows()]
    orders = [row for row in rows if row["kind"] == "order"]
    orders[0 if at_first else 1]["document"] = spoilt
    orders[1 if at_first else 0]["document"] = good

    events = poll(rows, timedelta(minutes=20), START, END)

    assert len(sold(events)) == 1
    assert counts(judge(rows, events, at=END)) == (0, 0, 0)
    (sale,) = sold(events)
    sale["data"]["quantity"] = 3
    assert judge(rows, events, at=END).wrong == 1


def test_an_order_without_a_name_at_last_loses_no_sale(shop: ManualWorld) -> None:
    order_id = shop.sell("anna", shop.list_item("anna", quantity=5))
    events = recorded(shop)
    shop.modify("anna", order_id, raw=lambda text: text.replace(f'"orderId":"{order_id}"', '"orderId":null'))

    assert judged(shop, without_sales(events)).lost == 0
