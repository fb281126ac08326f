"""A listing's sale is told from its order at once, and confirmed by a reading that is new enough to show it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pacing import Stream
from simulator.listings import sold_good
from tests.support.listed import begin, of, poll, report, row, verdict
from tests.support.rig import START, Rig

SIZES = [{"sku": f"SIZE-{size}", "specifics": {"Size": size}, "quantity": 4} for size in "SML"]


@pytest.fixture
def hub(anna: Rig) -> Rig:
    """With one listing of Seller Hub, five on sale, and one with three sizes; nothing is shown late."""
    anna.world.switches.listing_late = 0
    anna.world.list_item("anna", item_id="110011", quantity=5, sku="OWN-1")
    anna.world.list_item("anna", item_id="220022", variations=SIZES)
    begin(anna)
    poll(anna)
    return anna


def sell(it: Rig, item_id: str, quantity: int = 1, **more: Any) -> None:
    it.world.sell("anna", item_id, quantity, **more)
    it.advance(minutes=1)
    it.poll("anna")


def stock(it: Rig, item_id: str) -> tuple[Any, Any, str]:
    found = row(it, item_id)
    return found["data"]["available"], found["data"]["quantitySold"], found["read_from"]


def test_a_sale_shows_after_one_poll_of_orders_without_a_further_call(hub: Rig) -> None:
    trading, calls = hub.calls("anna", "trading"), hub.calls("anna")
    sold_at = hub.world.clock.now()

    sell(hub, "110011", 2)

    assert stock(hub, "110011") == (3, 2, "derived")
    assert row(hub, "110011")["as_of"] == sold_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert (hub.calls("anna") - calls, hub.calls("anna", "trading") - trading) == (1, 0)
    assert verdict(hub) == (0, 0, 0)


def test_the_next_poll_of_listings_confirms_it_without_a_change(hub: Rig) -> None:
    sell(hub, "110011")
    sell(hub, "220022", variation="SIZE-M")
    events, trading = len(hub.events()), hub.calls("anna", "trading")

    result = poll(hub)

    assert (result.changes, result.duplicates) == (0, 2)
    assert stock(hub, "110011") == (4, 1, "events")
    assert stock(hub, "220022") == (11, 1, "events")
    assert row(hub, "110011")["as_of"] > hub.world.clock.now().isoformat()[:16]
    assert len(hub.events()) == events
    assert hub.calls("anna", "trading") - trading == 1
    assert verdict(hub) == (0, 0, 0)


def test_a_reading_that_may_show_the_stock_before_the_sale_changes_nothing_and_is_repeated(hub: Rig) -> None:
    hub.world.switches.listing_late = 1.0
    hub.world.sell("anna", "110011", 2)
    hub.advance(seconds=1)
    hub.poll("anna")
    derived = stock(hub, "110011")
    mark(hub, "listing:110011")
    trading = hub.calls("anna", "trading")

    hub.poll("anna", Stream.LISTINGS)  # the window ends before the sale; the listing is read alone, too early

    assert derived == stock(hub, "110011") == (3, 2, "derived")
    assert due(hub) == ["listing:110011"]
    assert hub.calls("anna", "trading") - trading == 2

    poll(hub, minutes=4)

    assert stock(hub, "110011") == (3, 2, "events")
    assert due(hub) == []
    assert hub.calls("anna", "trading") - trading == 3
    assert verdict(hub) == (0, 0, 0)


def test_a_sale_that_no_window_tells_of_is_confirmed_by_reading_the_listing_alone(hub: Rig) -> None:
    good = sold_good(hub.world.listing("anna", "110011"), None)
    hub.world.take("anna", hub.world.place_order("anna", lines=[(good, 1)]), at=START)  # the listing keeps its date of modification
    hub.advance(minutes=1)
    hub.poll("anna")
    derived, trading = stock(hub, "110011"), hub.calls("anna", "trading")

    poll(hub)
    poll(hub)

    assert derived == (4, 1, "derived")
    assert stock(hub, "110011") == (4, 1, "item")
    assert hub.calls("anna", "trading") - trading == 1 + 1 + 1


def test_a_sale_that_was_derived_wrongly_is_put_right(hub: Rig) -> None:
    sell(hub, "110011")
    hub.world.revise("anna", "110011", available=9)

    poll(hub)

    assert stock(hub, "110011") == (9, 1, "events")
    assert [event["type"] for event in of(hub, "110011")][-1] == "inventory.updated"
    assert verdict(hub) == (0, 0, 0)


def test_a_sale_within_seconds_of_a_reading_is_read_and_not_told_from_its_order(hub: Rig) -> None:
    hub.world.revise("anna", "110011", title="Now with a lid")
    poll(hub)
    hub.advance(seconds=1)

    sell(hub, "110011", 2)

    assert stock(hub, "110011") == (5, 0, "events")
    assert due(hub) == ["listing:110011"]

    poll(hub)

    assert stock(hub, "110011")[:2] == (3, 2)
    assert due(hub) == []
    assert verdict(hub) == (0, 0, 0)


def test_a_sale_whose_order_has_no_date_is_read_and_not_told_from_its_order(hub: Rig) -> None:
    hub.world.sell("anna", "110011", 2, raw=lambda text: text.replace('"creationDate":"', '"creationDate":"yesterday, '))
    poll(hub)
    read = stock(hub, "110011")

    hub.poll("anna")  # tells of an order that may have been placed after that reading

    assert read == stock(hub, "110011") == (3, 2, "events")
    assert due(hub) == ["listing:110011"]


def test_a_report_that_says_what_was_derived_confirms_it(hub: Rig) -> None:
    sell(hub, "110011")
    hub.advance(minutes=5)

    report(hub)

    assert stock(hub, "110011")[2] in ("report", "events")
    assert stock(hub, "110011")[:2] == (4, 1)
    assert verdict(hub) == (0, 0, 0)


def test_the_last_one_sold_is_out_of_stock_once(hub: Rig) -> None:
    sell(hub, "110011", 5)
    poll(hub)

    assert [event["type"] for event in of(hub, "110011")] == ["inventory.created", "inventory.updated", "inventory.out_of_stock"]
    assert verdict(hub) == (0, 0, 0)


def mark(it: Rig, entity_id: str) -> None:
    with it.store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO stock_due VALUES ('anna', %s, now() - interval '10 years')", (entity_id,))


def due(it: Rig) -> list[str]:
    return it.store.stock_due("anna", it.world.clock.now() + timedelta(days=1), 10, listings=True)
