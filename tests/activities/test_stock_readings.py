"""A sale is told from its order at once; the stock that it moved is read soon, and is told as eBay showed it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.polling.poll import PollResult
from domain.pacing import Fleet, Level, Plan, Stream
from simulator.state.listings import sold_good
from tests.support.listed import begin, of, poll, report, row
from tests.support.rig import Rig

SIZES = [{"sku": f"SIZE-{size}", "specifics": {"Size": size}, "quantity": 4} for size in "SML"]
STOCK = ("inventory.created", "inventory.updated", "inventory.out_of_stock", "inventory.removed")


@pytest.fixture
def hub(anna: Rig) -> Rig:
    """With listings of Seller Hub, all read: 110011 with forty on sale, 330033 with one, 220022 with three sizes; nothing shows late."""
    anna.world.switches.listing_late = 0
    anna.world.list_item("anna", item_id="110011", quantity=40, sku="OWN-1", price="20.0")
    anna.world.list_item("anna", item_id="330033", quantity=1)
    anna.world.list_item("anna", item_id="220022", variations=SIZES)
    begin(anna)
    poll(anna)
    anna.advance(minutes=10)
    return anna


def orders(it: Rig, **by: float) -> PollResult:
    it.advance(**(by or {"minutes": 5}))
    return it.poll("anna")


def announced(it: Rig, result: PollResult, **request: Any) -> PollResult | None:
    """The poll of the listings that an order announced, at its time; None: it announced none."""
    due = it.world.clock.now() if Stream.LISTINGS in result.due else result.due_at.get(Stream.LISTINGS)
    if due is None:
        return None
    it.advance(seconds=max((due - it.world.clock.now()).total_seconds(), 0))
    return it.poll("anna", Stream.LISTINGS, announced=True, **request)


def sold(it: Rig) -> list[dict[str, Any]]:
    return [event for event in it.events("anna") if event["type"] == "inventory.sold"]


def figures(it: Rig, item_id: str) -> tuple[Any, Any]:
    data = row(it, item_id)["data"]
    return data["available"], data["quantitySold"]


def shown(it: Rig, item_id: str) -> list[tuple[Any, Any]]:
    """What the stock events about a listing told, in order."""
    return [(event["data"]["available"], event["data"]["quantitySold"]) for event in of(it, item_id) if event["type"] in STOCK[:2]]


def written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def trading(it: Rig) -> int:
    return it.calls("anna", "trading")


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


# when listings are read


def test_a_sale_brings_the_poll_of_listings_forward_in_place_of_the_regular_one(hub: Rig) -> None:
    half_an_hour = timedelta(minutes=30)
    planned = hub.poll("anna", Stream.LISTINGS, cadence=half_an_hour).next_due
    hub.world.sell("anna", "110011")
    sold_at, calls = hub.world.clock.now(), trading(hub)

    result = orders(hub, minutes=2)
    read = announced(hub, result, cadence=half_an_hour)

    assert abs(result.due_at[Stream.LISTINGS] - sold_at - timedelta(minutes=4)) < timedelta(seconds=5)
    assert trading(hub) - calls == 1
    assert read is not None
    assert abs(read.next_due - (planned + half_an_hour)) < timedelta(seconds=5)


def test_a_sale_that_is_found_late_has_its_listing_read_at_once(hub: Rig) -> None:
    hub.world.sell("anna", "110011")

    result = orders(hub, minutes=25)

    assert Stream.LISTINGS in result.due


def test_sales_within_four_minutes_share_a_poll(hub: Rig) -> None:
    hub.world.sell("anna", "110011")
    hub.advance(minutes=1)
    hub.world.sell("anna", "330033")
    result = orders(hub, minutes=1)
    calls = trading(hub)

    announced(hub, result)

    assert (figures(hub, "110011"), figures(hub, "330033")) == ((39, 1), (0, 1))
    assert trading(hub) - calls == 1
    hub.world.sell("anna", "110011")
    assert orders(hub, minutes=1).due_at[Stream.LISTINGS] >= hub.world.clock.now() + timedelta(minutes=2, seconds=59)


def test_where_tradings_calls_are_short_no_second_poll_comes_before_the_first_ones_place(hub: Rig) -> None:
    short = {"trading": Fleet(Plan(level=Level(k=40.0)))}
    hub.steps.pace._fleets = lambda: short
    hub.steps.pace._read = -1e9
    place = poll(hub).next_due
    hub.world.sell("anna", "110011")
    first = orders(hub, minutes=2)
    read = announced(hub, first)
    hub.world.sell("anna", "110011")

    second = orders(hub, minutes=2)

    assert first.due_at[Stream.LISTINGS] < place
    assert read is not None
    assert read.next_due > place
    assert abs(second.due_at[Stream.LISTINGS] - place) < timedelta(seconds=5)


def test_a_listing_that_sells_steadily_is_read_with_what_its_seller_changed(hub: Rig) -> None:
    for minute in range(1, 41):
        if minute == 5:
            hub.world.revise("anna", "110011", available=500, price="25.0", title="Now in blue")
        hub.world.sell("anna", "110011")
        hub.advance(minutes=1)
        if minute % 2 == 0:
            announced(hub, hub.poll("anna"))

    data = row(hub, "110011")["data"]
    assert (data["title"], data["price"]["value"]) == ("Now in blue", "25.0")
    assert data["available"] > 450
    assert "inventory.out_of_stock" not in hub.types("anna")
    assert (
        row(hub, "110011")["expected"] is None
        or row(hub, "110011")["expected"]["available"] == hub.world.listing("anna", "110011")["available"]
    )


def test_a_cancellation_that_gives_stock_back_is_read_soon(hub: Rig) -> None:
    order = hub.world.sell("anna", "330033")
    announced(hub, orders(hub))
    before = figures(hub, "330033")
    hub.advance(minutes=10)
    hub.world.cancel("anna", order, restock=True)

    announced(hub, orders(hub))

    assert (before, figures(hub, "330033")) == ((0, 1), (1, 0))
    assert hub.types("anna").count("inventory.out_of_stock") == 1


def test_a_cancellation_that_gives_nothing_back_costs_the_call_that_shows_it_and_no_other(hub: Rig) -> None:
    order = hub.world.sell("anna", "110011")
    announced(hub, orders(hub))
    hub.advance(minutes=10)
    hub.world.cancel("anna", order)
    calls = trading(hub)

    announced(hub, orders(hub))
    poll(hub)

    assert trading(hub) - calls == 2  # this one and the regular one
    assert hub.store.listings_due("anna", hub.world.clock.now() + timedelta(days=1), hub.world.clock.now(), 10) == []


def test_a_sale_that_no_list_shows_is_read_alone_once(hub: Rig) -> None:
    good = sold_good(hub.world.listing("anna", "110011"), None)
    before = hub.world.clock.now() - timedelta(hours=1)
    hub.world.take("anna", hub.world.place_order("anna", lines=[(good, 1)]), at=before)  # the listing keeps its date of modification
    result, calls = orders(hub), trading(hub)

    announced(hub, result)
    poll(hub)

    assert figures(hub, "110011") == (39, 1)
    assert row(hub, "110011")["read_from"] == "item"
    assert trading(hub) - calls == 3  # two polls and GetItem


@pytest.mark.parametrize("minutes_before", [1, 200])
def test_a_listing_that_nobody_knows_is_told_as_soon_as_an_order_names_it(hub: Rig, minutes_before: int) -> None:
    """Listed just now, or so that no list shows it any more."""
    hub.world.list_item("anna", item_id="440044", quantity=7, at=hub.world.clock.now() - timedelta(minutes=minutes_before))
    hub.world.sell("anna", "440044", 2)

    result = orders(hub, minutes=1)
    announced(hub, result)

    assert Stream.LISTINGS in result.due
    assert [(event["type"], event["version"]) for event in of(hub, "440044")] == [("inventory.sold", 0), ("inventory.created", 1)]
    assert figures(hub, "440044") == (5, 2)


def test_the_first_listing_of_a_seller_without_any_is_told_with_its_first_sale(anna: Rig) -> None:
    anna.world.switches.listing_late = 0
    begin(anna)
    asleep = poll(anna)
    anna.world.list_item("anna", item_id="440044", quantity=7)
    anna.advance(minutes=10)
    anna.world.sell("anna", "440044")

    read = announced(anna, orders(anna))

    assert asleep.next_due - anna.world.clock.now() > timedelta(hours=20)
    assert figures(anna, "440044") == (6, 1)
    assert read is not None
    assert read.next_due - anna.world.clock.now() < timedelta(hours=1)


def test_a_listing_that_nobody_finds_is_asked_for_once_and_left_to_the_report(hub: Rig) -> None:
    nothing = {"lineItemId": "1", "legacyItemId": "999999", "quantity": 1}
    calls = trading(hub)
    for number in range(3):
        hub.world.place_order("anna", change={"lineItems": [{**nothing, "lineItemId": str(number)}]})
        announced(hub, orders(hub))
    poll(hub)

    assert trading(hub) - calls == 3  # the poll that the first one announced, GetItem, and the regular poll
    hub.advance(hours=1)
    report(hub)
    calls = trading(hub)
    hub.world.place_order("anna", change=lambda document: document.update(lineItems=[{**nothing, "lineItemId": "9"}]))
    announced(hub, orders(hub))
    assert trading(hub) - calls == 2


def test_listings_that_end_while_they_sell_are_removed_as_ebay_showed_them(hub: Rig) -> None:
    hub.world.sell("anna", "330033")
    hub.world.end_listing("anna", "330033")

    announced(hub, orders(hub))

    assert [event["type"] for event in of(hub, "330033")] == ["inventory.created", "inventory.sold", "inventory.removed"]
    assert row(hub, "330033")["expected"] is None
    assert hub.store.listings_due("anna", hub.world.clock.now() + timedelta(days=1), hub.world.clock.now(), 10) == []


@pytest.mark.parametrize("who", ["round", "sweep", "alone"])
def test_whoever_finds_that_an_order_moved_stock_has_it_read(hub: Rig, who: str) -> None:
    """The date of the order does not move, so no poll of orders shows it."""
    hub.poll("anna", Stream.SWEEP)  # the first one is put off
    dated = hub.world.clock.now()
    order = hub.world.sell("anna", "110011")
    announced(hub, orders(hub))
    if who == "alone":
        dated = hub.world.clock.now()
        hub.world.cancel("anna", order, "IN_PROGRESS")
        orders(hub)
    hub.advance(minutes=30)
    orders(hub)
    hub.world.cancel("anna", order, at=dated)
    hub.world.take("anna", order, back=True)
    hub.advance(minutes=5)

    result = hub.poll("anna", Stream.SWEEP if who == "sweep" else Stream.FULFILLMENT)

    assert "order.cancelled" in hub.types("anna")
    announced(hub, result)
    assert figures(hub, "110011") == (40, 0)


def test_stock_that_an_earlier_version_derived_is_read_again(hub: Rig) -> None:
    with hub.store.engine.begin() as connection:
        connection.exec_driver_sql(
            """UPDATE inventory SET read_from = 'derived', counts = NULL, digest = '', data = data || '{"available": 7, "quantitySold": 33}'
            WHERE entity_id = 'listing:110011'"""
        )
        connection.exec_driver_sql("INSERT INTO stock_due (seller_id, entity_id, due_at) VALUES ('anna', 'listing:110011', '2026-01-01Z')")

    poll(hub)

    assert figures(hub, "110011") == (40, 0)
    assert row(hub, "110011")["read_from"] == "item"


def test_a_quiet_poll_of_listings_takes_one_call_and_moves_nothing(hub: Rig) -> None:
    before = row(hub, "110011")
    calls = hub.calls("anna")

    result = poll(hub)

    assert (result.changes, result.duplicates, result.due, result.due_at) == (0, 0, (), {})
    assert hub.calls("anna") - calls == 1
    assert {**row(hub, "110011"), "as_of": None} == {**before, "as_of": None}
