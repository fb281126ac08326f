"""A sale is told from its order at once; the stock that it moved is read soon, and is told as eBay showed it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.pacing import Stream
from simulator.state.listings import sold_good
from tests.activities.selling import announced, figures, orders, selling_hub
from tests.support.listed import of, row
from tests.support.rig import Rig

hub = pytest.fixture(selling_hub)

STOCK = ("inventory.created", "inventory.updated", "inventory.out_of_stock", "inventory.removed")


def sold(it: Rig) -> list[dict[str, Any]]:
    return [event for event in it.events("anna") if event["type"] == "inventory.sold"]


def shown(it: Rig, item_id: str) -> list[tuple[Any, Any]]:
    """What the stock events about a listing told, in order."""
    return [(event["data"]["available"], event["data"]["quantitySold"]) for event in of(it, item_id) if event["type"] in STOCK[:2]]


def written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_sale_is_told_with_its_order_and_without_a_further_call(hub: Rig) -> None:
    calls, sold_at = hub.calls("anna"), hub.world.clock.now()
    order = hub.world.sell("anna", "110011", 2)

    orders(hub)

    [event] = sold(hub)
    [line] = hub.world.order("anna", order)["lineItems"]
    assert event["data"] == {
        "orderId": order,
        "lineItemId": line["lineItemId"],
        "sku": "OWN-1",
        "legacyItemId": "110011",
        "quantity": 2,
        "soldAt": written(sold_at),
    }
    assert (event["entity_id"], event["version"], event["source"]) == ("listing:110011", 1, "poll")
    assert (event["occurred_at"], event["changed"], event["previous"]) == (written(sold_at), [], {})
    assert event["sequence"] == hub.events("anna")[-1]["sequence"]
    assert hub.calls("anna") - calls == 1


def test_until_it_is_read_the_stock_is_as_it_was_and_what_is_expected_stands_beside_it(hub: Rig) -> None:
    order = hub.world.sell("anna", "110011", 2)
    result = orders(hub)

    line = hub.world.order("anna", order)["lineItems"][0]["lineItemId"]
    assert figures(hub, "110011") == (40, 0)
    assert row(hub, "110011")["expected"] == {
        "available": 38,
        "sales": [{"orderId": order, "lineItemId": line, "quantity": 2}],
        "variations": [],
    }
    assert row(hub, "330033")["expected"] is None

    announced(hub, result)

    assert figures(hub, "110011") == (38, 2)
    assert row(hub, "110011")["expected"] is None
    assert shown(hub, "110011") == [(40, 0), (38, 2)]


def test_of_sizes_the_one_that_was_sold_is_expected_to_be_fewer(hub: Rig) -> None:
    hub.world.sell("anna", "220022", 3, variation="SIZE-M")
    orders(hub)

    expected = row(hub, "220022")["expected"]
    assert expected["available"] == 9
    assert [one["available"] for one in expected["variations"]] == [4, 1, 4]


@pytest.mark.parametrize("paid", [True, False])
def test_a_sale_is_told_paid_or_not_and_once_for_ever(hub: Rig, paid: bool) -> None:
    order = hub.world.sell("anna", "110011", paid=paid)
    orders(hub)
    hub.world.modify("anna", order, {"salesRecordReference": "4711"})
    orders(hub)
    hub.world.cancel("anna", order, restock=True)
    orders(hub)
    hub.poll("anna", Stream.FULFILLMENT)
    hub.poll("anna", Stream.SWEEP)

    assert [event["data"]["orderId"] for event in sold(hub)] == [order]


def test_an_order_that_was_cancelled_before_it_was_seen_is_a_sale_all_the_same(hub: Rig) -> None:
    order = hub.world.sell("anna", "110011")
    hub.world.cancel("anna", order, restock=True)

    announced(hub, orders(hub))

    assert [event["data"]["orderId"] for event in sold(hub)] == [order]
    assert shown(hub, "110011") == [(40, 0)]


def test_a_line_that_comes_again_in_another_order_is_the_same_sale(hub: Rig) -> None:
    """An unpaid order's id changes when it is paid, together with others."""
    first = hub.world.sell("anna", "110011", 2, paid=False)
    orders(hub)
    lines = hub.world.order("anna", first)["lineItems"]
    second = hub.world.place_order("anna", change=lambda document: document.update(lineItems=lines))

    orders(hub)

    assert [event["data"]["orderId"] for event in sold(hub)] == [first]
    assert [one["orderId"] for one in row(hub, "110011")["expected"]["sales"]] == [second]
    hub.world.cancel("anna", second)
    orders(hub)
    assert row(hub, "110011")["expected"] is None


def test_a_line_that_an_order_gets_later_is_told_then(hub: Rig) -> None:
    order = hub.world.sell("anna", "110011")
    orders(hub)
    more = {"lineItemId": "777", "legacyItemId": "330033", "quantity": 1}
    hub.world.modify("anna", order, lambda document: document["lineItems"].append(more))

    orders(hub)

    assert [event["entity_id"] for event in sold(hub)] == ["listing:110011", "listing:330033"]


def test_orders_from_before_the_enrolment_are_no_sales(hub: Rig) -> None:
    good = sold_good(hub.world.listing("anna", "110011"), None)
    hub.world.place_order("anna", lines=[(good, 1)], created_at=hub.world.clock.now() - timedelta(days=3))

    result = orders(hub)

    assert sold(hub) == []
    assert (result.due, result.due_at) == ((), {})


@pytest.mark.parametrize(
    "line",
    [
        {"lineItemId": "1", "quantity": 1},
        {"lineItemId": None, "legacyItemId": "110011", "quantity": 1},
        {"lineItemId": {"n": 1}, "sku": ["x"]},
        None,
        "line",
    ],
)
def test_a_line_that_names_nothing_is_no_sale_and_stops_nobody(hub: Rig, line: Any) -> None:
    hub.world.place_order("anna", change=lambda document: document.update(lineItems=[line]))
    hub.world.place_order("anna", change=lambda document: document.update(lineItems=[]))
    hub.world.place_order("anna", change=lambda document: document.pop("lineItems"))

    orders(hub)

    assert hub.types("anna").count("order.created") == 3
    assert sold(hub) == []


@pytest.mark.parametrize("quantity", [None, 0, -3, "2", 1.5])
def test_a_quantity_that_is_none_is_told_as_none(hub: Rig, quantity: Any) -> None:
    good = sold_good(hub.world.listing("anna", "110011"), None)
    hub.world.place_order("anna", lines=[(good, 1)], change=lambda document: document["lineItems"][0].update(quantity=quantity))

    orders(hub)

    assert [event["data"]["quantity"] for event in sold(hub)] == [None]
    assert row(hub, "110011")["expected"] is None


def test_a_sale_of_an_sku_is_told_of_the_sku_and_its_version(anna: Rig) -> None:
    anna.world.preload_skus("anna", 3)
    anna.poll("anna", Stream.INVENTORY)
    good = anna.world.good("anna", 0)
    anna.world.set_stock("anna", good.sku, 9)
    anna.poll("anna", Stream.INVENTORY)
    anna.advance(minutes=1)
    anna.world.place_order("anna", lines=[(good, 2)])

    result = orders(anna)

    [event] = sold(anna)
    assert (event["entity_id"], event["version"]) == (good.sku, 2)
    assert anna.stored("anna", "inventory")[good.sku]["expected"]["available"] == 7
    assert Stream.INVENTORY in result.due
    anna.poll("anna", Stream.INVENTORY, announced=True)
    assert anna.stored("anna", "inventory")[good.sku]["expected"] is None


def test_an_sku_that_is_read_unchanged_is_as_old_as_that_reading(anna: Rig) -> None:
    """Nobody took the stock away: eBay still says as many, and says so after the sale."""
    anna.world.preload_skus("anna", 1)
    anna.poll("anna", Stream.INVENTORY)
    anna.world.place_order("anna", lines=[(anna.world.good("anna", 0), 1)])
    orders(anna)
    events = len(anna.events())

    anna.poll("anna", Stream.INVENTORY, announced=True)

    [only] = anna.stored("anna", "inventory").values()
    assert only["as_of"] == written(anna.world.clock.now())
    assert only["expected"] is None
    assert len(anna.events()) == events
