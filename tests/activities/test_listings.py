"""Stock that the Inventory API does not see: what was modified, window by window, and sales that readings confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.polling.poll import Poll
from domain.pacing import Stream
from ebay.errors import AccessDeniedError, EbayUnavailableError
from tests.support.listed import begin, of, poll, report, row, verdict
from tests.support.rig import Rig, rig

TRADING = "trading"


@pytest.fixture
def hub(anna: Rig) -> Rig:
    """A seller with 12 listings of Seller Hub, all read."""
    anna.world.add_seller("anna", listings=12)
    anna.world.preload_listings("anna")
    begin(anna)
    return anna


def test_a_quiet_poll_is_one_trading_call(hub: Rig) -> None:
    poll(hub)
    calls, trading = hub.calls("anna"), hub.calls("anna", TRADING)

    result = poll(hub)

    assert (result.changes, result.duplicates) == (0, 0)
    assert hub.calls("anna") - calls == hub.calls("anna", TRADING) - trading == 1
    assert "every" in result.why


def test_listings_come_change_sell_out_and_end(hub: Rig) -> None:
    made = hub.world.list_item("anna", title="A kettle", quantity=3, price="12.5")
    poll(hub)
    hub.world.revise("anna", made, price="9.99", title="A small kettle")
    poll(hub)
    hub.world.out_of_stock("anna", made)
    poll(hub)
    hub.world.end_listing("anna", made)
    poll(hub)

    assert [(event["type"], event["changed"], event["source"]) for event in of(hub, made)] == [
        ("inventory.created", [], "poll"),
        ("inventory.updated", ["price", "title"], "poll"),
        ("inventory.updated", ["available", "quantity"], "poll"),
        ("inventory.out_of_stock", ["available", "quantity"], "poll"),
        ("inventory.removed", [], "poll"),
    ]
    assert row(hub, made)["removed_at"] is not None
    assert verdict(hub) == (0, 0, 0)


def test_changes_that_ebay_shows_late_are_not_lost(hub: Rig) -> None:
    items = hub.world.item_ids("anna")
    for number in range(40):
        hub.advance(seconds=40)
        hub.world.revise("anna", items[number % 12], available=number + 50)
        if number % 7 == 0:
            hub.poll("anna", Stream.LISTINGS)

    poll(hub)

    assert verdict(hub) == (0, 0, 0)


def test_a_window_with_more_than_ebay_lists_is_halved_until_it_is_whole(hub: Rig) -> None:
    poll(hub)
    hub.world.switches.events_limit = 15  # ten with all their details
    made = []
    for _ in range(64):
        hub.advance(seconds=20)
        made.append(hub.world.list_item("anna"))
    trading = hub.calls("anna", TRADING)

    poll(hub)

    assert set(made) <= {name.removeprefix("listing:") for name in hub.stored("anna", "inventory")}
    assert 64 / 10 <= hub.calls("anna", TRADING) - trading <= 25
    assert verdict(hub) == (0, 0, 0)


def test_more_in_a_second_than_ebay_lists_opens_an_alert_and_polling_goes_on(hub: Rig) -> None:
    poll(hub)
    hub.world.switches.events_limit = 15
    at = hub.world.clock.now()
    for _ in range(30):
        hub.world.list_item("anna", at=at, visible_at=at)

    poll(hub)

    assert [alert["kind"] for alert in hub.store.alerts()] == ["listings_incomplete"]
    assert cursor(hub) == hub.world.clock.now().replace(microsecond=0) - timedelta(minutes=2)


def test_a_read_that_fails_on_the_way_goes_on_where_it_stopped(hub: Rig) -> None:
    poll(hub)
    hub.world.switches.events_limit = 15
    made = [hub.world.list_item("anna", at=hub.world.clock.now() + timedelta(seconds=20 * number)) for number in range(64)]
    hub.advance(minutes=30)
    hub.world.faults.fail_every = 3
    failures = 0
    while True:
        try:
            if not hub.step("anna", Stream.LISTINGS).more:
                break
        except EbayUnavailableError:
            failures += 1

    assert failures > 0
    assert all(len(of(hub, item)) == 1 for item in made)
    assert verdict(hub) == (0, 0, 0)


def test_without_a_cursor_the_report_comes_first_and_then_calls_the_poll(anna: Rig) -> None:
    anna.world.add_seller("anna", listings=12)
    anna.world.preload_listings("anna")
    anna.poll("anna", Stream.INVENTORY)
    trading = anna.calls("anna", TRADING)

    asked = anna.poll("anna", Stream.LISTINGS)
    read = report(anna)

    assert asked.rounds == (Stream.REPORT,)
    assert anna.calls("anna", TRADING) - trading == 1  # the report said what is there, a page how it is
    assert read.rounds == (Stream.LISTINGS,)
    assert poll(anna).rounds == ()
    assert verdict(anna) == (0, 0, 0)


def test_a_cursor_older_than_47_hours_makes_the_report_come_first_and_nothing_counts_as_missed(hub: Rig) -> None:
    poll(hub)
    made = hub.world.list_item("anna")
    gone = hub.world.item_ids("anna")[0]
    hub.world.end_listing("anna", gone)

    asked = poll(hub, hours=50)
    report(hub)
    poll(hub)

    assert asked.rounds == (Stream.REPORT,)
    assert [(event["type"], event["source"]) for event in of(hub, made)] == [("inventory.created", "poll")]
    assert of(hub, gone)[-1]["type"] == "inventory.removed"
    assert hub.store.alerts() == []
    assert verdict(hub) == (0, 0, 0)


def test_a_listing_of_the_inventory_api_is_told_of_as_its_sku_alone(anna: Rig) -> None:
    anna.world.add_seller("anna", skus=5, published=5)
    anna.world.preload_skus("anna")
    anna.world.preload_listings("anna")
    begin(anna)
    anna.world.add_sku("anna", "NEW-1", 4)
    anna.world.list_item("anna", sku="NEW-1")  # seen by Trading before any scan
    poll(anna)

    assert all(not name.startswith("listing:") for name in anna.stored("anna", "inventory"))
    assert anna.stored("anna", "inventory")["NEW-1"]["read_from"] == "bulk"
    assert verdict(anna) == (0, 0, 0)


def test_a_listing_whose_sku_comes_into_the_inventory_api_is_removed_as_a_listing(hub: Rig) -> None:
    made = hub.world.list_item("anna", sku="MOVED", quantity=2)
    sizes = [{"sku": f"SIZE-{size}", "specifics": {"Size": size}, "quantity": 1} for size in "SML"]
    varied = hub.world.list_item("anna", variations=sizes)
    poll(hub)
    hub.world.add_sku("anna", "MOVED", 2)
    hub.world.add_sku("anna", "SIZE-S", 1)
    hub.poll("anna", Stream.INVENTORY)
    poll(hub)

    assert [event["type"] for event in of(hub, made)] == ["inventory.created", "inventory.removed"]
    assert row(hub, varied)["removed_at"] is None  # two of its sizes are none of the Inventory API
    assert verdict(hub) == (0, 0, 0)


def test_a_seller_whose_source_is_trading_has_every_listing_as_a_listing(database: str) -> None:
    with rig(database, "anna") as it:
        it.world.add_seller("anna", skus=3, published=3)
        it.world.preload_skus("anna")
        it.world.preload_listings("anna")
        it.enroll("anna", inventory_source="trading")

        scan = it.poll("anna", Stream.INVENTORY)
        report(it)

        assert scan.done
        assert it.calls("anna", "inventory_item") == 0
        assert len(it.stored("anna", "inventory")) == 3


def test_a_seller_whose_source_is_the_inventory_api_costs_no_trading_call(database: str) -> None:
    with rig(database, "anna") as it:
        it.enroll("anna", inventory_source="inventory_api")

        assert [it.poll("anna", stream).done for stream in (Stream.LISTINGS, Stream.REPORT)] == [True, True]
        assert it.calls("anna") == 0


def test_where_nothing_is_listed_elsewhere_it_is_looked_at_once_a_day(anna: Rig) -> None:
    begin(anna)

    result = poll(anna)

    assert timedelta(hours=23) < result.next_due - anna.world.clock.now() < timedelta(hours=25)
    assert "once a day" in result.why


def test_an_item_without_an_id_is_set_aside_and_the_others_are_kept(hub: Rig) -> None:
    made = [hub.world.list_item("anna") for _ in range(2)]

    def nameless(_: object) -> None:
        pass

    hub.world.faults.before_answer = nameless
    hub.advance(minutes=30)
    answer = (
        '<?xml version="1.0"?><GetSellerEventsResponse xmlns="urn:ebay:apis:eBLBaseComponents"><Ack>Success</Ack><ItemArray>'
        "<Item><Title>Who am I?</Title></Item>"
        f"<Item><ItemID>{made[0]}</ItemID><Title>x</Title><Quantity>1</Quantity><SellingStatus><QuantitySold>0</QuantitySold>"
        "<ListingStatus>Active</ListingStatus></SellingStatus></Item></ItemArray></GetSellerEventsResponse>"
    )
    hub.world.faults.force(200, answer, resource=TRADING)

    hub.poll("anna", Stream.LISTINGS)

    assert [(aside["kind"], aside["reason"]) for aside in hub.store.set_aside()] == [("inventory", "no id")]
    assert len(of(hub, made[0])) == 1


def test_a_consent_that_trading_refuses_stops_this_stream(hub: Rig) -> None:
    hub.world.faults.force(403, {"errors": [{"errorId": 1100}]}, times=2, resource=TRADING)

    with pytest.raises(AccessDeniedError):
        poll(hub)


def test_spent_trading_calls_make_the_listings_and_the_report_wait_and_nobody_else(hub: Rig) -> None:
    hub.advance(minutes=30)
    hub.world.quotas.limits["trading"] = hub.world.quotas.used["trading"]

    listings = hub.poll("anna", Stream.LISTINGS)
    hub.poll("anna", Stream.REPORT)
    hub.advance(minutes=3)
    hub.poll("anna", Stream.REPORT)
    hub.advance(minutes=3)
    read = hub.poll("anna", Stream.REPORT)

    assert [one.waiting for one in (listings, read, hub.poll("anna"), hub.poll("anna", Stream.INVENTORY))] == [True, True, False, False]
    assert [quota.resource for quota in hub.store.quotas.all() if quota.remaining == 0] == [TRADING]


def cursor(it: Rig) -> datetime | None:
    found = it.store.cursor("anna", Stream.LISTINGS)
    return found.replace(microsecond=0) if found else None


@pytest.mark.parametrize("minutes", [-7, 7])
def test_a_clock_of_ours_that_is_minutes_off_delays_no_listing(hub: Rig, minutes: int) -> None:
    poll(hub)
    made = hub.world.list_item("anna")
    hub.advance(minutes=3)
    hub.steps.ebay.offset = timedelta(minutes=minutes)  # as an answer just now told

    step_at(hub, hub.world.clock.now() - timedelta(minutes=minutes))

    assert [event["type"] for event in of(hub, made)] == ["inventory.created"]
    assert verdict(hub) == (0, 0, 0)


def step_at(it: Rig, ours: datetime) -> None:
    """A poll of listings by our clock, whatever eBay's says."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=ours)
    environment.run(it.activities[Stream.LISTINGS], Poll(seller_id="anna"))
