"""The daily report: what polling missed is found, counted and told, what ended is removed, and a report that does not come is no end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from tests.support.listed import of, poll, report, verdict
from tests.support.rig import START, Rig, rig

BASE = "https://api.ebay.com/oauth/api_scope"
ORDERS_ALONE = (BASE, f"{BASE}/sell.fulfillment")


def test_the_first_report_tells_of_what_was_there_as_backfill_in_one_trading_call(anna: Rig) -> None:
    anna.world.add_seller("anna", listings=40)
    anna.world.preload_listings("anna")
    anna.poll("anna", Stream.INVENTORY)

    result = report(anna)

    assert {event["source"] for event in anna.events("anna")} == {"backfill"}
    assert (anna.calls("anna", "trading"), anna.calls("anna", "feed")) == (1, 1 + 1 + 2)  # asked for, ready at once, read twice
    assert anna.store.cursor("anna", Stream.LISTINGS) == START - timedelta(minutes=2)
    assert timedelta(hours=12) <= result.next_due - anna.world.clock.now() <= timedelta(hours=24, seconds=10)
    assert verdict(anna) == (0, 0, 0)


def test_the_first_report_waits_for_the_scan_of_the_inventory_api(anna: Rig) -> None:
    anna.world.add_seller("anna", skus=20, published=20, listings=5)
    anna.world.preload_skus("anna")
    anna.world.preload_listings("anna")
    for _ in range(3):
        anna.poll("anna", Stream.REPORT)
        anna.advance(minutes=1)
    before = anna.stored("anna", "inventory")
    anna.poll("anna", Stream.INVENTORY)

    report(anna)

    assert before == {}
    assert len(anna.stored("anna", "inventory")) == 25
    assert verdict(anna) == (0, 0, 0)


def test_a_report_after_good_polling_finds_nothing_missed(hub: Rig) -> None:
    hub.world.revise("anna", hub.world.item_ids("anna")[0], available=77)
    hub.world.list_item("anna")
    hub.world.end_listing("anna", hub.world.item_ids("anna")[1])
    trading = hub.calls("anna", "trading")

    result = report(hub)

    assert missed(hub) == 0
    assert hub.calls("anna", "trading") - trading == 1  # polling catches up first
    assert timedelta(hours=23) < result.next_due - hub.world.clock.now() < timedelta(hours=25)
    assert [event["source"] for event in hub.events("anna")[40:]] == ["poll"] * 3
    assert hub.store.alerts() == []
    assert verdict(hub) == (0, 0, 0)


def test_what_polling_missed_is_recorded_counted_and_alerted_and_the_next_clean_report_closes_it(hub: Rig) -> None:
    at = hub.world.clock.now()
    hidden = at + timedelta(hours=1)  # eBay shows it far later than the overlap covers
    made = hub.world.list_item("anna", at=at, visible_at=hidden)
    revised, ended = hub.world.item_ids("anna")[:2]
    hub.world.revise("anna", revised, price="1.23", at=at, visible_at=hidden)
    hub.world.end_listing("anna", ended, at=at, visible_at=hidden)
    for _ in range(4):
        poll(hub)

    report(hub)

    assert [(of(hub, item)[-1]["type"], of(hub, item)[-1]["source"]) for item in (made, revised, ended)] == [
        ("inventory.created", "sweep"),
        ("inventory.updated", "sweep"),
        ("inventory.removed", "sweep"),
    ]
    assert missed(hub) == 3
    assert [alert["kind"] for alert in hub.store.alerts()] == ["missed_listings"]
    assert verdict(hub) == (0, 0, 0)

    report(hub)
    assert hub.store.alerts() == []
    assert missed(hub) == 3


def test_a_change_that_comes_while_the_report_is_read_is_none_that_was_missed(hub: Rig) -> None:
    first, second = hub.world.item_ids("anna")[:2]
    hub.world.revise("anna", first, price="1.23", at=START, visible_at=hub.world.clock.now() + timedelta(minutes=10))
    poll(hub)
    hub.poll("anna", Stream.REPORT)
    hub.advance(seconds=20)
    hub.poll("anna", Stream.REPORT)
    hub.advance(minutes=3)
    hub.world.revise("anna", second, price="4.56")  # what is read page by page shows this too

    report(hub)

    assert missed(hub) == 1
    assert verdict(hub) == (0, 0, 0)


@pytest.mark.parametrize("before", [timedelta(seconds=60), timedelta()])
def test_a_listing_that_changes_while_it_is_read_and_once_more_is_none_that_was_missed(database: str, before: timedelta) -> None:
    with rig(database, "anna") as it:
        it.world.switches.listing_late = 0
        it.world.accounts.open("anna", ORDERS_ALONE)  # so that pages are read, which show what no window tells yet
        it.world.add_seller("anna", listings=40)
        it.world.preload_listings("anna")
        it.enroll("anna")
        with pytest.raises(Exception, match="1100"):
            it.poll("anna", Stream.INVENTORY)
        report(it)
        poll(it)
        busy = it.world.item_ids("anna")[0]
        it.advance(minutes=10)
        waits = it.poll("anna", Stream.REPORT)
        it.advance(seconds=100)
        it.world.revise("anna", busy, price="1.23")
        it.advance(seconds=30)
        judged = it.poll("anna", Stream.REPORT).next_due
        found = of(it, busy)[-1]["source"]
        it.advance(seconds=(judged - before - it.world.clock.now()).total_seconds() + 1)
        it.world.revise("anna", busy, price="4.56")  # now no window up to two minutes ago has it, or none up to what we take for now
        it.behind = timedelta(seconds=1)

        report(it)

        assert (waits.why.startswith("the report of all listings"), found) == (True, "sweep")
        assert missed(it) == 0
        assert verdict(it) == (0, 0, 0)


def test_a_report_is_read_page_by_page_where_much_differs(hub: Rig) -> None:
    at = hub.world.clock.now()
    for item in hub.world.item_ids("anna")[:30]:
        hub.world.revise("anna", item, price="1.23", at=at, visible_at=at + timedelta(hours=1))
    for _ in range(4):
        poll(hub)
    trading = hub.calls("anna", "trading")

    report(hub)

    assert missed(hub) == 30
    assert hub.calls("anna", "trading") - trading == 1 + 1 + 3  # catching up, one page, and three looks whether polling told of the same
    assert verdict(hub) == (0, 0, 0)


def test_many_listings_that_two_lists_lack_are_removed_without_asking_for_each(hub: Rig) -> None:
    at = hub.world.clock.now()
    for item in hub.world.item_ids("anna")[:30]:
        hub.world.end_listing("anna", item, at=at, visible_at=at + timedelta(hours=1))
    for _ in range(4):
        poll(hub)
    trading = hub.calls("anna", "trading")

    report(hub)

    assert sum(1 for one in hub.stored("anna", "inventory").values() if one["removed_at"]) == 30
    assert missed(hub) == 30
    assert hub.calls("anna", "trading") - trading == 1 + 1 + 3
    assert verdict(hub) == (0, 0, 0)


def test_without_the_scope_all_pages_are_read_instead_and_what_was_missed_is_counted_too(database: str) -> None:
    with rig(database, "anna") as it:
        it.world.switches.listing_late = 0
        it.world.accounts.open("anna", ORDERS_ALONE)
        it.world.add_seller("anna", listings=450)
        it.world.preload_listings("anna")
        it.enroll("anna")
        with pytest.raises(Exception, match="1100"):
            it.poll("anna", Stream.INVENTORY)
        report(it)
        first, calls = verdict(it), (it.calls("anna", "trading"), it.calls("anna", "feed"))
        at = it.world.clock.now()
        ended, revised = it.world.item_ids("anna")[:2]
        it.world.end_listing("anna", ended, at=at, visible_at=at + timedelta(hours=1))
        it.world.revise("anna", revised, price="1.23", at=at, visible_at=at + timedelta(hours=1))
        for _ in range(4):
            poll(it)

        report(it)

        assert first == (0, 0, 0)
        assert calls == (3, 2)  # the refusal is tried once more with a fresh token
        assert missed(it) == 2
        assert [alert["kind"] for alert in it.store.alerts()] == ["missed_listings"]
        assert verdict(it) == (0, 0, 0)


@pytest.mark.parametrize("scopes", [None, ORDERS_ALONE])
def test_listings_that_end_while_pages_are_read_hide_none(database: str, scopes: tuple[str, ...] | None) -> None:
    with rig(database, "anna") as it:
        it.world.accounts.open("anna", scopes)
        it.world.add_seller("anna", listings=450)
        it.world.preload_listings("anna")
        it.advance(hours=1)  # so that no window of modified listings brings them
        it.enroll("anna", inventory_source="trading")
        active = it.world.inventories["anna"].active
        victims = [item for _, item in active[:3]]  # of the first page: all behind them move up

        def end(request: object) -> None:
            if getattr(request, "call", "") == "GetMyeBaySelling" and 0 < it.calls("anna", "trading") < 3 and victims:
                it.world.end_listing("anna", victims.pop())

        it.world.faults.before_answer = end
        report(it)
        it.world.faults.before_answer = None
        poll(it)

        assert len(victims) < 3
        assert verdict(it) == (0, 0, 0)


def missed(it: Rig) -> int:
    with it.store.engine.connect() as connection:
        return int(connection.execute(text("SELECT sum(missed) FROM sellerbeat.poll_runs")).scalar_one())
