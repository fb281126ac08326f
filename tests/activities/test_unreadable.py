"""One record that eBay cannot show, for ever, stops nothing behind it; it is set aside, told, tried again, and comes when it can."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from domain.pacing import Stream
from ebay.errors import EbayError
from simulator.hostility import Hostility
from simulator.poison import How, Where
from tests.support.listed import report
from tests.support.rig import START, Rig, rig

PARCELS = "shipping_fulfillment"


def live(it: Rig, hours: float, streams: Sequence[Stream] = (Stream.ORDERS, Stream.FULFILLMENT)) -> list[str]:
    """Polls every quarter of an hour, as the workflow would make them; gives what failed."""
    failed = []
    for _ in range(int(hours * 4)):
        it.advance(minutes=15)
        for stream in streams:
            try:
                it.poll("anna", stream)
            except EbayError as error:
                failed.append(f"{stream}: {error}")
    return failed


def days(it: Rig, number: int, streams: Sequence[Stream] = (Stream.ORDERS, Stream.FULFILLMENT)) -> None:
    """Polls every two hours."""
    for _ in range(number * 12):
        it.advance(hours=2)
        for stream in streams:
            with suppress(EbayError):
                it.poll("anna", stream)


def shipped(it: Rig, count: int) -> list[str]:
    orders = sorted(it.world.place_order("anna") for _ in range(count))
    for order in orders:
        it.world.ship("anna", order)
    it.advance(minutes=5)
    it.poll("anna")
    return orders


def why(it: Rig, stream: Stream) -> str:
    return str(it.store.seller("anna")["streams"][stream]["why"])


def alerts(it: Rig) -> list[str]:
    return [alert["kind"] for alert in it.store.alerts(seller_id="anna")]


@pytest.mark.parametrize("how", [How.FAILS, How.GATEWAY, How.SILENT])
def test_parcels_that_always_fail_hold_up_no_other_and_come_when_they_can(anna: Rig, how: How) -> None:
    orders = shipped(anna, 8)
    sick = orders[3]
    anna.world.lasting.poison("anna", sick, how=how, resources=[PARCELS])

    first = live(anna, 0.25)
    reported_at_once = len(anna.stored("anna", "fulfillments"))
    failed = first + live(anna, 2)
    [aside] = anna.store.set_aside("anna")
    [alert] = anna.store.alerts(seller_id="anna")
    said = why(anna, Stream.FULFILLMENT)
    calls = anna.calls("anna", PARCELS)
    days(anna, 5)
    daily = anna.calls("anna", PARCELS) - calls
    anna.world.lasting.cure(sick)
    days(anna, 2)

    assert (reported_at_once, failed) == (7, [])
    assert aside["reason"].startswith("unreadable at eBay")
    assert sick in alert["text"]
    assert said.endswith("; 1 order's parcels set aside")
    assert 4 <= daily <= 7
    assert len(anna.stored("anna", "fulfillments")) == 8
    assert (anna.store.set_aside("anna"), alerts(anna)) == ([], [])
    assert why(anna, Stream.FULFILLMENT).endswith("min")


def test_an_hour_without_parcels_of_anybody_sets_nothing_aside_and_all_come_then(anna: Rig) -> None:
    shipped(anna, 3)
    anna.poll("anna", Stream.FULFILLMENT)
    shipped(anna, 40)
    anna.world.lasting.stop(PARCELS)

    failed = live(anna, 1)
    aside, spent = list(anna.store.set_aside("anna")), anna.calls("anna", PARCELS)
    anna.world.lasting.start()
    anna.advance(minutes=1)
    anna.poll("anna", Stream.FULFILLMENT)

    assert len(failed) == 4
    assert aside == []
    assert spent <= 3 + 4 * 7
    assert len(anna.stored("anna", "fulfillments")) == 43


def test_without_any_connection_nothing_counts_against_a_record(anna: Rig) -> None:
    shipped(anna, 2)
    anna.poll("anna", Stream.FULFILLMENT)
    [order] = shipped(anna, 1)
    anna.world.lasting.stop("token", how=How.GATEWAY)
    anna.advance(hours=3)  # its access token ends meanwhile

    failed = live(anna, 3)
    anna.world.lasting.start()

    assert failed
    assert anna.store.set_aside("anna") == []
    with anna.store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM rereads WHERE failures > 0").scalar() == 0
    live(anna, 0.5)
    assert len(anna.stored("anna", "fulfillments")) == 3
    assert order in anna.stored("anna")


def accompanied(it: Rig) -> None:
    """Not the only seller: what fails for one alone is no outage."""
    for other in ("bert", "carla"):
        it.world.add_seller(other)
        it.enroll(other)


def test_a_lone_order_whose_parcels_fail_counts_only_beside_good_polls_of_the_orders(anna: Rig) -> None:
    accompanied(anna)
    shipped(anna, 1)
    anna.world.lasting.poison("anna", *anna.world.order_ids("anna"), resources=[PARCELS])

    alone = live(anna, 2, [Stream.FULFILLMENT])
    before = list(anna.store.set_aside("anna"))
    beside = live(anna, 2)

    assert len(alone) == 8
    assert before == []
    assert beside == []
    assert len(anna.store.set_aside("anna")) == 1


def test_three_hundred_poison_parcels_cost_three_calls_each_then_twenty_a_day(anna: Rig) -> None:
    orders = shipped(anna, 300)
    good = orders[:3]
    anna.world.lasting.poison("anna", *orders[3:], resources=[PARCELS])

    live(anna, 12)
    aside, spent = len(anna.store.set_aside("anna")), anna.calls("anna", PARCELS)
    days(anna, 3)
    later = anna.calls("anna", PARCELS) - spent
    [alert] = anna.store.alerts(seller_id="anna")

    assert aside == 297
    assert spent <= 3 * 300 + 300
    assert later <= 20 * 4
    assert "292 more" in alert["text"]
    assert {
        row["data"]["orderId"] if "orderId" in (row["data"] or {}) else one.partition("/")[0]
        for one, row in anna.stored("anna", "fulfillments").items()
    } == set(good)


def test_of_a_past_that_is_mostly_poison_one_record_a_round_is_tried_and_new_parcels_are_read_meanwhile(anna: Rig) -> None:
    anna.world.add_seller("bert")
    old = anna.world.preload_orders("bert", 600, START - timedelta(days=5), START - timedelta(days=1), shipped=1.0)
    anna.world.lasting.poison("bert", *old[:590], resources=[PARCELS])  # the newest can be read
    anna.enroll("bert", backfill=timedelta(days=6))
    while anna.poll("bert", Stream.BACKFILL).more:
        pass
    rounds = []
    for _ in range(40):
        anna.advance(minutes=15)
        before = anna.calls("bert", PARCELS)
        with suppress(EbayError):
            while anna.poll("bert", Stream.FULFILLMENT).more:
                pass
        rounds.append(anna.calls("bert", PARCELS) - before)
    new = anna.world.place_order("bert")
    anna.world.ship("bert", new)
    anna.advance(minutes=5)
    anna.poll("bert")
    anna.poll("bert", Stream.FULFILLMENT)

    aside = len(anna.store.set_aside("bert"))
    assert 100 <= aside <= 400
    assert max(rounds[-20:]) <= 3  # with a record that can be read, which tells that eBay is well
    assert {one.partition("/")[0] for one in anna.stored("bert", "fulfillments")} == {*old[590:], new}


def test_an_open_order_that_breaks_every_list_is_found_and_the_others_are_compared(anna: Rig) -> None:
    accompanied(anna)
    orders = sorted(anna.world.place_order("anna") for _ in range(60))
    anna.advance(minutes=5)
    anna.poll("anna")
    sick = orders[7]
    anna.world.lasting.poison("anna", sick)
    for order in orders[10:20]:  # which no date tells
        anna.world.modify("anna", order, {"orderFulfillmentStatus": "FULFILLED"}, bump=False)

    failed = live(anna, 2, [Stream.FULFILLMENT])
    stored = anna.stored("anna")

    assert len(failed) <= 1
    assert sum(row["data"]["orderFulfillmentStatus"] == "FULFILLED" for row in stored.values()) == 10
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

        failed = live(it, 4, [Stream.INVENTORY])
        stored = it.stored("anna", "inventory")
        [aside] = it.store.set_aside("anna")
        calls = it.calls("anna", "inventory_item")
        live(it, 2, [Stream.INVENTORY])

        assert len(failed) <= 1
        assert [sku for sku in skus if stored[sku]["removed_at"]] == gone
        assert (aside["entity_id"], stored[sick]["set_aside"]) == (sick, aside["reason"])
        assert it.calls("anna", "inventory_item") - calls <= 8 + 3  # a page each, and what is tried again
        assert why(it, Stream.INVENTORY).endswith("; 1 SKU set aside")
        it.world.lasting.cure()
        days(it, 2, [Stream.INVENTORY])
        assert it.stored("anna", "inventory")[sick]["removed_at"]
        assert (it.store.set_aside("anna"), alerts(it)) == ([], [])


def test_what_is_set_aside_is_tried_at_once_when_somebody_asks(anna: Rig) -> None:
    [sick, *_] = shipped(anna, 5)
    anna.world.lasting.poison("anna", sick, resources=[PARCELS])
    live(anna, 30)
    [aside] = anna.store.set_aside("anna")
    anna.world.lasting.cure()

    assert anna.store.retry_set_aside(aside["id"]) is False
    anna.advance(minutes=1)
    anna.poll("anna", Stream.FULFILLMENT)

    assert anna.store.set_aside("anna") == []
    assert len(anna.stored("anna", "fulfillments")) == 5


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
        connection.exec_driver_sql("UPDATE inventory SET read_from = 'derived' WHERE entity_id = ANY(%s)", (ids,))
        connection.exec_driver_sql("INSERT INTO stock_due (seller_id, entity_id, due_at) SELECT 'anna', unnest(%s), '2026-01-01Z'", (ids,))
    hub.world.lasting.poison("anna", items[0], where=Where.ALONE)

    failed = live(hub, 3, [Stream.LISTINGS])

    rows = hub.stored("anna", "inventory")
    assert failed == []
    assert [rows[one]["read_from"] for one in ids] == ["derived", "item", "item"]
    assert "unreadable" in rows[ids[0]]["set_aside"]
    assert why(hub, Stream.LISTINGS).endswith("; 1 listing set aside")


def test_a_first_passing_failure_sets_nothing_aside(anna: Rig) -> None:
    orders = shipped(anna, 6)
    anna.world.lasting.poison("anna", *orders[:2], resources=[PARCELS])
    anna.poll("anna", Stream.FULFILLMENT)
    anna.world.lasting.cure()

    failed = live(anna, 1)

    assert failed == []
    assert len(anna.stored("anna", "fulfillments")) == 6
    assert "alert.opened" not in anna.types("anna")


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
