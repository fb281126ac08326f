"""Orders that eBay cannot show: a page fails for one of them, for ever. All others are told, and the moment is set aside."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.pacing import Stream
from ebay.errors import EbayError
from simulator.poison import How, Where
from tests.support.listed import row
from tests.support.rig import Rig

LISTED = {"where": Where.LISTED, "resources": ["order"]}


def attempt(it: Rig, stream: Stream = Stream.ORDERS) -> bool:
    """A poll as the workflow makes it; whether it went well."""
    try:
        return not it.poll("anna", stream).waiting
    except EbayError:
        return False


def until_well(it: Rig, stream: Stream = Stream.ORDERS, most: int = 10) -> int:
    """Attempts, a minute apart, until one goes well; how many failed."""
    for failed in range(most):
        if attempt(it, stream):
            return failed
        it.advance(minutes=1)
    raise AssertionError("it never went well")


def windows_aside(it: Rig) -> list[str]:
    return reasons(it, "window")


def reasons(it: Rig, kind: str) -> list[str]:
    return [row["reason"] for row in it.store.set_aside("anna") if row["kind"] == kind]


@pytest.mark.parametrize("how", [how for how in How if how is not How.UNAUTHORIZED])
def test_all_orders_but_the_one_that_ebay_cannot_show_are_told(anna: Rig, how: How) -> None:
    anna.advance(minutes=5)
    anna.poll("anna")
    sick = anna.world.place_order("anna")
    anna.world.lasting.poison("anna", sick, how=how, where=Where.LISTED)
    anna.advance(minutes=2)
    before = anna.world.place_order("anna")
    anna.advance(minutes=3)

    failed = until_well(anna)
    after = [anna.world.place_order("anna")]
    anna.advance(minutes=5)
    calls = anna.calls("anna")
    assert attempt(anna)

    assert failed == 2
    assert anna.calls("anna") - calls <= 3
    assert {before, *after} <= anna.stored("anna").keys()
    assert len(windows_aside(anna)) in (1, 2)
    assert all(reason.startswith("unreadable at eBay") for reason in windows_aside(anna))
    [alert] = anna.store.alerts(seller_id="anna")
    assert alert["text"].startswith("could not be read or kept, and set aside: what was modified in orders at 2026-06-18T12:0")


def test_several_sick_orders_hold_up_no_other(anna: Rig) -> None:
    anna.advance(minutes=5)
    anna.poll("anna")
    well: list[str] = []
    for _ in range(5):
        anna.world.lasting.poison("anna", anna.world.place_order("anna"), where=Where.LISTED)
        anna.advance(seconds=17)
        well.append(anna.world.place_order("anna"))
        anna.advance(seconds=5)

    until_well(anna)

    assert anna.stored("anna").keys() == set(well)


def test_an_outage_sets_no_moment_aside(anna: Rig) -> None:
    anna.advance(minutes=5)
    anna.poll("anna")
    order = anna.world.place_order("anna")
    anna.world.lasting.stop("order")

    assert not any(attempt(anna) for _ in range(8))
    anna.world.lasting.start()
    anna.advance(minutes=10)
    assert attempt(anna)

    assert order in anna.stored("anna")
    assert windows_aside(anna) == []


def test_a_backfill_reads_around_the_order_that_ebay_cannot_show(anna: Rig) -> None:
    now = anna.world.clock.now()
    anna.world.add_seller("bert")
    ids = anna.world.preload_orders("bert", 220, now - timedelta(days=20), now - timedelta(days=1))  # more than a page
    anna.world.lasting.poison("bert", ids[150], where=Where.LISTED)
    anna.enroll("bert", backfill=timedelta(days=30))

    for _ in range(30):
        try:
            if anna.poll("bert", Stream.BACKFILL).done:
                break
        except EbayError:
            anna.advance(minutes=1)

    assert anna.stored("bert").keys() == set(ids) - {ids[150]}


def test_a_sweep_reads_around_the_order_that_ebay_cannot_show_and_passes_it_over_the_next_day(anna: Rig) -> None:
    anna.poll("anna", Stream.SWEEP)
    orders = []
    for _ in range(6):
        anna.advance(hours=4)
        orders.append(anna.world.place_order("anna"))
    sick, missed = orders[2], orders[4]
    anna.world.lasting.poison("anna", sick, where=Where.LISTED)
    anna.advance(minutes=10)
    with anna.store.engine.begin() as connection:  # polling saw none of them
        connection.exec_driver_sql("UPDATE sellerbeat.streams SET cursor = %s WHERE stream = 'orders'", (anna.world.clock.now(),))

    failed = until_well(anna, Stream.SWEEP, most=25)
    anna.advance(days=1)
    again = until_well(anna, Stream.SWEEP)

    assert missed in anna.stored("anna")
    assert sick not in anna.stored("anna")
    assert (failed <= 20, again) == (True, 0)
    assert len(windows_aside(anna)) in (1, 2)


@pytest.mark.parametrize("how", [How.FAILS, How.REFUSED, How.SILENT])
def test_all_listings_but_the_one_that_ebay_cannot_show_are_told(hub: Rig, how: How) -> None:
    sick, other, later = sorted(hub.world.inventories["anna"].listings)[:3]
    hub.advance(minutes=20)
    hub.world.revise("anna", sick, price="66.0")
    hub.world.lasting.poison("anna", sick, how=how, where=Where.LISTED)
    hub.advance(minutes=1)
    hub.world.revise("anna", other, price="77.0")
    hub.advance(minutes=10)

    failed = until_well(hub, Stream.LISTINGS)
    hub.world.revise("anna", later, price="88.0")
    hub.advance(minutes=30)
    assert attempt(hub, Stream.LISTINGS)

    prices = {item: row(hub, item)["data"]["price"]["value"] for item in (other, later)}
    assert failed == 2
    assert prices == {other: "77.0", later: "88.0"}
    assert len(windows_aside(hub)) in (1, 2)
    assert hub.store.alerts(seller_id="anna")[0]["kind"] == "set_aside"


@pytest.mark.parametrize(
    ("counted", "place"),
    [
        *(("pages", 0), ("rows", 199), ("pages", 249)),
        *(pytest.param("pages", place, marks=pytest.mark.repeats) for place in (37, 199, 220)),
        *(pytest.param("rows", place, marks=pytest.mark.repeats) for place in (0, 37, 220, 249)),
    ],
)
def test_all_skus_but_the_one_that_ebay_cannot_list_are_read(anna: Rig, counted: str, place: int) -> None:
    anna.world.switches.inventory_offset = counted
    anna.world.preload_skus("anna", 250)  # a page and a part of one
    sick = anna.world.inventories["anna"].skus[place][1]
    anna.world.lasting.poison("anna", sick, where=Where.LISTED)

    failed = until_well(anna, Stream.INVENTORY)
    stored, others = set(anna.stored("anna", "inventory")), set(anna.world.skus("anna")) - {sick}
    anna.advance(minutes=30)
    anna.world.set_stock("anna", next(iter(stored)), 777)
    calls = anna.calls("anna")
    assert attempt(anna, Stream.INVENTORY)
    alert, why = anna.store.alerts(seller_id="anna")[0]["text"], anna.store.seller("anna")["streams"]["inventory"]["why"]
    known, calls = reasons(anna, "page"), anna.calls("anna") - calls
    anna.world.add_sku("anna", "NEW-1", 5)  # which may move the row to the next page
    anna.advance(minutes=30)
    until_well(anna, Stream.INVENTORY)
    new = "NEW-1" in anna.stored("anna", "inventory")
    anna.world.lasting.cure()
    anna.advance(days=1, minutes=1)
    assert attempt(anna, Stream.INVENTORY)

    assert failed == 2
    assert stored == others
    assert known == ["unreadable at eBay, which answers for others: 1 of the list of SKUs"]
    assert alert.startswith("could not be read or kept, and set aside: a part of the list of SKUs")
    assert why.endswith("; 1 part of a list set aside")
    assert calls <= 8
    assert new
    assert sick in anna.stored("anna", "inventory")
    assert reasons(anna, "page") == []
    assert anna.types("anna").count("inventory.updated") == 1


@pytest.mark.parametrize("sick", [1, 3, pytest.param(8, marks=pytest.mark.repeats)])
def test_skus_at_which_every_list_breaks_take_turns_alone(anna: Rig, sick: int) -> None:
    anna.world.preload_skus("anna", 250)
    until_well(anna, Stream.INVENTORY)
    names = [name for _, name in anna.world.inventories["anna"].skus[40 : 40 + 20 * sick : 20]]
    anna.world.lasting.poison("anna", *names, where=Where.IN_LISTS)

    for _ in range(2):  # it is learnt which rows they are in, and which they are
        anna.advance(minutes=30)
        until_well(anna, Stream.INVENTORY)
    for name in names:
        anna.world.set_stock("anna", name, 777)
    scans = []
    for _ in range(sick):
        anna.advance(minutes=30)
        before = anna.calls("anna")
        until_well(anna, Stream.INVENTORY)
        scans.append(anna.calls("anna") - before)
    stored = [anna.stored("anna", "inventory")[name]["data"]["availability"] for name in names]

    assert max(scans) <= 13
    assert stored == [{"shipToLocationAvailability": {"quantity": 777}}] * sick
    assert anna.types("anna").count("inventory.removed") == 0


@pytest.mark.parametrize(("skus", "passed"), [(250, 175), (160, 160)])  # whole parts of 25, as far as there are rows
def test_a_list_with_a_sick_row_in_most_parts_of_a_page_is_read_around_them(anna: Rig, skus: int, passed: int) -> None:
    anna.world.preload_skus("anna", skus)
    until_well(anna, Stream.INVENTORY)
    names = [name for _, name in anna.world.inventories["anna"].skus]
    sick, beside = [*names[:150:5], names[-1]], names[1]
    anna.world.lasting.poison("anna", *sick, where=Where.LISTED)

    until_well(anna, Stream.INVENTORY)
    anna.world.set_stock("anna", beside, 777)
    scans = []
    for hours in (1, 1, 23, 1):  # once a day each part is looked at
        anna.advance(hours=hours)
        before = anna.calls("anna")
        assert attempt(anna, Stream.INVENTORY)
        scans.append(anna.calls("anna") - before)
    aside = reasons(anna, "page")
    anna.world.lasting.cure()
    anna.advance(days=1, minutes=1)
    assert attempt(anna, Stream.INVENTORY)

    assert max(scans) <= 30
    assert anna.stored("anna", "inventory")[beside]["data"]["availability"] == {"shipToLocationAvailability": {"quantity": 777}}
    assert aside == [f"unreadable at eBay, which answers for others: {passed} of the list of SKUs"]
    assert reasons(anna, "page") == []
    assert anna.types("anna").count("inventory.removed") == 0


def test_a_moment_is_asked_for_again_by_itself_and_leaves_when_ebay_shows_it(anna: Rig) -> None:
    anna.advance(minutes=5)
    anna.poll("anna")
    sick = anna.world.place_order("anna")
    anna.world.lasting.poison("anna", sick, where=Where.LISTED)
    anna.advance(minutes=5)
    until_well(anna)
    why = anna.store.seller("anna")["streams"]["orders"]["why"]

    anna.world.lasting.cure()
    anna.advance(minutes=20)
    assert attempt(anna)

    assert "set aside" in why
    assert sick in anna.stored("anna")
    assert {event["source"] for event in anna.events("anna") if event["entity_id"] == sick} == {"sweep"}
    assert windows_aside(anna) == []
    assert anna.store.alerts(seller_id="anna") == []
