"""When a listing that sold is read: with the regular poll or before it, alone or with others, and at what cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.pacing import Fleet, Level, Plan, Stream
from simulator.state.listings import sold_good
from tests.activities.selling import announced, figures, orders, selling_hub
from tests.support.listed import begin, of, poll, report, row
from tests.support.rig import Rig

hub = pytest.fixture(selling_hub)


def trading(it: Rig) -> int:
    return it.calls("anna", "trading")


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
    for minute in range(1, 25):
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
            """UPDATE sellerbeat.inventory
                SET read_from = 'derived', counts = NULL, digest = '', data = data || '{"available": 7, "quantitySold": 33}'
            WHERE entity_id = 'listing:110011'"""
        )
        connection.exec_driver_sql(
            "INSERT INTO sellerbeat.stock_due (seller_id, entity_id, due_at) VALUES ('anna', 'listing:110011', '2026-01-01Z')"
        )

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
