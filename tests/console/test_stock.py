"""Where a seller's stock is read, and what a snapshot says of each figure: where it comes from, and how old it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.pacing import Stream
from tests.support.house import House

NOW = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
LISTING = {"itemId": "110011", "title": "A kettle", "status": "Active", "available": 3, "quantity": 3, "quantitySold": 0}
ORDER = {
    "orderId": "o-1",
    "creationDate": "2100-01-01T00:00:00.000Z",
    "lastModifiedDate": "2100-01-01T00:00:00.000Z",
    "orderFulfillmentStatus": "NOT_STARTED",
    "lineItems": [{"lineItemId": "1", "legacyItemId": "110011", "quantity": 1}],
}


@pytest.mark.parametrize("source", ["inventory_api", "trading", "both"])
def test_the_source_of_the_stock_is_kept_with_the_enrolment(house: House, source: str) -> None:
    house.enroll(f"seller-{source}", "--inventory-source", source)

    [[options]] = house.rows(
        "SELECT options - 'backfill_from' FROM sellerbeat.sellers WHERE seller_id = :seller", seller=f"seller-{source}"
    )
    assert options == {"inventory_source": source}


def test_a_source_that_does_not_exist_is_wrong_usage(house: House) -> None:
    line = house.command("enroll", "nora", "--refresh-token-file", "-", "--inventory-source", "ebay", stdin="x").failure(2)

    assert "inventory-source" in line
    assert "trading" in line


def test_a_snapshot_says_where_each_figure_was_read_and_when(house: House) -> None:
    house.enroll("otto")
    with house.store.commit(house.store.begin("otto", Stream.LISTINGS)) as commit:
        commit.store_listings([LISTING, {**LISTING, "itemId": "220022"}], NOW)
        commit.advance(cursor=NOW + timedelta(minutes=30))
    with house.store.commit(house.store.begin("otto", Stream.INVENTORY)) as commit:
        commit.store_inventory([{"sku": "A-1"}], NOW, read_from="bulk")
    with house.store.commit(house.store.begin("otto", Stream.ORDERS)) as commit:
        commit.store_orders([ORDER], NOW)

    printed = house.command("snapshot", "otto", "inventory").out.splitlines()
    lines = [line for line in printed if not line.startswith(" ")]  # below an item stands what is expected

    assert len(printed) == len(lines) + 1
    assert [line.split()[0] for line in lines] == ["A-1", "listing:110011", "listing:220022"]
    assert [line.split()[-2:] for line in lines] == [
        ["2026-06-18T12:00:00.000Z", "bulk"],
        ["2026-06-18T12:30:00.000Z", "events"],  # a sale moves no time on
        ["2026-06-18T12:30:00.000Z", "events"],
    ]


def chosen(house: House, seller: str) -> tuple[Any, Any]:
    ((options,),) = house.rows("SELECT options FROM sellerbeat.sellers WHERE seller_id = :seller", seller=seller)
    return options.get("inventory_source"), options.get("offers")


def reported(house: House, seller: str) -> list[dict[str, Any]]:
    """The messages that the workflow was sent about it."""
    events = [event for history in house.chain(seller) for event in history.events]
    signals = [event.workflow_execution_signaled_event_attributes for event in events]
    return [json.loads(signal.input.payloads[0].data) for signal in signals if signal.signal_name == "set_sources"]


def test_where_the_stock_is_read_can_be_changed_after_the_enrolment_and_twice_is_the_same(house: House) -> None:
    house.enroll("sven", "--orders-every", "45s")

    said = [house.command("set-inventory", "sven", "--source", "both", "--offers") for _ in range(2)]
    asked = house.command("set-inventory", "sven", "--no-offers", "--json")

    assert [(one.code, one.out) for one in said] == [(0, "sven: the inventory source is both, offers are read\n")] * 2
    assert asked.object == {"seller_id": "sven", "inventory_source": "both", "offers": False}
    assert chosen(house, "sven") == ("both", False)
    assert house.rows("SELECT options -> 'cadence' FROM sellerbeat.sellers WHERE seller_id = 'sven'") == [({"orders": 45},)]
    first, second, third = reported(house, "sven")
    assert first == second == {"used": ["inventory", "listings", "offers", "report"], "unused": []}
    assert third == {"used": ["inventory", "listings", "report"], "unused": ["offers"]}


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        ("set-inventory", 2, "SELLER"),
        ("set-inventory tom", 2, "--source"),
        ("set-inventory tom --source ebay", 2, "ebay"),
        ("set-inventory tom --source trading --offers", 2, "--offers needs the Inventory API"),
        ("set-inventory tom --source trading", 1, "--no-offers"),
        ("set-inventory nobody --offers", 1, "seller nobody is not enrolled"),
    ],
)
def test_what_cannot_be_chosen_is_said_in_one_line_and_changes_nothing(house: House, arguments: str, code: int, named: str) -> None:
    house.enroll("tom", "--offers")
    before = chosen(house, "tom")

    line = house.command(*arguments.split()).failure(code)

    assert named in line
    assert chosen(house, "tom") == before
    assert reported(house, "tom") == []
