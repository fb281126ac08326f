"""Where a seller's stock is read, and what a snapshot says of each figure: where it comes from, and how old it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pacing import Stream
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

    [[options]] = house.rows("SELECT options - 'backfill_from' FROM sellers WHERE seller_id = :seller", seller=f"seller-{source}")
    assert options == {"inventory_source": source}


def test_a_source_that_does_not_exist_is_wrong_usage(house: House) -> None:
    line = house.command("enroll", "nora", "--refresh-token-file", "-", "--inventory-source", "ebay", stdin="x").failure(2)

    assert "inventory-source" in line
    assert "trading" in line


def test_a_snapshot_says_where_each_figure_was_read_and_when(house: House) -> None:
    house.enroll("otto")
    with house.store.commit(house.store.begin("otto", Stream.LISTINGS)) as commit:
        commit.keep_listings([LISTING, {**LISTING, "itemId": "220022"}], NOW)
        commit.advance(cursor=NOW + timedelta(minutes=30))
    with house.store.commit(house.store.begin("otto", Stream.INVENTORY)) as commit:
        commit.keep_inventory([{"sku": "A-1"}], NOW, read_from="bulk")
    with house.store.commit(house.store.begin("otto", Stream.ORDERS)) as commit:
        commit.keep_orders([ORDER], NOW)

    lines = house.command("snapshot", "otto", "inventory").out.splitlines()

    assert [line.split()[0] for line in lines] == ["A-1", "listing:110011", "listing:220022"]
    assert [line.split()[-2:] for line in lines] == [
        ["2026-06-18T12:00:00.000Z", "bulk"],
        ["2100-01-01T00:00:00.000Z", "derived"],
        ["2026-06-18T12:30:00.000Z", "events"],
    ]
