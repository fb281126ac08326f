"""A record that breaks its list, or that no single read shows: those around it are read, and it is set aside."""

from __future__ import annotations

import pytest

from domain.pacing import Stream
from ebay.errors import EbayError
from simulator.hostility import Hostility
from simulator.poison import How, Where
from tests.activities.unreadable import accompanied, alerts, days, live, why
from tests.support.listed import report
from tests.support.rig import Rig, rig


def test_an_open_order_that_breaks_every_list_is_found_and_the_others_are_compared(anna: Rig) -> None:
    accompanied(anna)
    orders = sorted(anna.world.place_order("anna") for _ in range(60))
    anna.advance(minutes=5)
    anna.poll("anna")
    sick = orders[7]
    anna.world.lasting.poison("anna", sick)
    for order in orders[10:13]:  # which no date tells
        anna.world.modify("anna", order, {"orderFulfillmentStatus": "FULFILLED"}, bump=False)

    failed = live(anna, 2, [Stream.FULFILLMENT])
    stored = anna.stored("anna")

    assert len(failed) <= 1
    assert sum(row["data"]["orderFulfillmentStatus"] == "FULFILLED" for row in stored.values()) == 3
    assert "unreadable" in stored[sick]["set_aside"]
    assert why(anna, Stream.FULFILLMENT).endswith("; 1 order set aside")
    before = anna.calls("anna")
    anna.advance(minutes=45)
    anna.poll("anna", Stream.FULFILLMENT)
    assert anna.calls("anna") - before <= 4
    anna.world.lasting.cure()
    days(anna, 2)
    assert (anna.store.set_aside("anna"), alerts(anna)) == ([], [])


def test_a_sweep_reads_the_open_orders_around_the_one_that_ebay_refuses(anna: Rig) -> None:
    anna.poll("anna", Stream.SWEEP)
    orders = sorted(anna.world.place_order("anna") for _ in range(60))
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.world.lasting.poison("anna", orders[4], how=How.REFUSED, where=Where.NAMED)
    anna.advance(hours=20)
    anna.poll("anna")

    result = anna.poll("anna", Stream.SWEEP)

    assert not result.more
    assert result.api_calls < 20


@pytest.mark.parametrize("how", [How.REFUSED, How.FAILS, How.NO_WORD])
def test_a_sku_that_ebay_does_not_show_leaves_the_other_24_known_and_is_never_removed(database: str, how: How) -> None:
    with rig(database, "anna", skus=30) as it:
        it.world.preload_skus("anna")
        it.enroll("anna")
        it.poll("anna", Stream.INVENTORY)
        skus = sorted(it.world.skus("anna"))
        sick, gone = skus[3], skus[4:8]
        it.world.lasting.poison("anna", sick, how=how, where=Where.NAMED)
        for sku in (sick, *gone):
            it.world.remove_sku("anna", sku)

        failed = live(it, 2, [Stream.INVENTORY])
        stored = it.stored("anna", "inventory")
        [aside] = it.store.set_aside("anna")
        calls = it.calls("anna", "inventory_item")
        live(it, 1, [Stream.INVENTORY])

        assert len(failed) <= 1
        assert [sku for sku in skus if stored[sku]["removed_at"]] == gone
        assert (aside["entity_id"], stored[sick]["set_aside"]) == (sick, aside["reason"])
        assert it.calls("anna", "inventory_item") - calls <= 4 + 3  # a page each, and what is tried again
        assert why(it, Stream.INVENTORY).endswith("; 1 SKU set aside")
        it.world.lasting.cure()
        days(it, 2, [Stream.INVENTORY])
        assert it.stored("anna", "inventory")[sick]["removed_at"]
        assert (it.store.set_aside("anna"), alerts(it)) == ([], [])


def test_an_order_that_fails_alone_lets_the_others_be_read_alone(anna: Rig) -> None:
    orders = sorted(anna.world.place_order("anna") for _ in range(4))
    anna.advance(minutes=5)
    anna.poll("anna")
    for order in orders:
        anna.world.cancel("anna", order, "CANCEL_REQUESTED")
    anna.world.lasting.poison("anna", orders[0], where=Where.ALONE)
    anna.advance(minutes=5)
    anna.poll("anna")

    failed = live(anna, 2)

    known = [bool(row["data"]["cancelStatus"]["cancelRequests"]) for _, row in sorted(anna.stored("anna").items())]
    assert failed == []
    assert known == [False, True, True, True]
    assert [row["entity_id"] for row in anna.store.set_aside("anna")] == [f"{orders[0]}/?single"]


def test_a_listing_that_getitem_never_shows_holds_up_no_other(hub: Rig) -> None:
    items = sorted(hub.world.item_ids("anna"))[:3]
    ids = [f"listing:{item}" for item in items]
    with hub.store.engine.begin() as connection:  # as an earlier version had derived them from sales
        connection.exec_driver_sql("UPDATE sellerbeat.inventory SET read_from = 'derived' WHERE entity_id = ANY(%s)", (ids,))
        connection.exec_driver_sql(
            "INSERT INTO sellerbeat.stock_due (seller_id, entity_id, due_at) SELECT 'anna', unnest(%s), '2026-01-01Z'", (ids,)
        )
    hub.world.lasting.poison("anna", items[0], where=Where.ALONE)

    failed = live(hub, 3, [Stream.LISTINGS])

    rows = hub.stored("anna", "inventory")
    assert failed == []
    assert [rows[one]["read_from"] for one in ids] == ["derived", "item", "item"]
    assert "unreadable" in rows[ids[0]]["set_aside"]
    assert why(hub, Stream.LISTINGS).endswith("; 1 listing set aside")


def test_a_listing_that_breaks_its_page_of_all_listings_costs_no_other(hub: Rig) -> None:
    items = sorted(hub.world.item_ids("anna"))
    hub.world.hostility = Hostility(seed=1)
    hub.world.hostility.set("not_a_zip", 1.0)  # no report can be read: the pages of all listings are
    made = [hub.world.list_item("anna") for _ in range(3)]
    hub.world.lasting.poison("anna", items[3], where=Where.LISTED)

    with pytest.raises(EbayError):
        report(hub)  # a first failure may pass by itself
    report(hub)

    stored = hub.stored("anna", "inventory")
    [aside] = hub.store.set_aside("anna")
    assert all(f"listing:{item}" in stored for item in made)
    assert not any(row["removed_at"] for row in stored.values())
    assert (aside["kind"], aside["entity_id"]) == ("page", "active listings")
    assert why(hub, Stream.REPORT).endswith("; 1 part of a list set aside")
    hub.world.lasting.cure()
    hub.advance(hours=24)
    report(hub)
    assert hub.store.set_aside("anna") == []
