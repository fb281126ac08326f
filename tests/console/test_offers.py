"""`enroll --offers`, `snapshot SELLER offers`, and two stocks of one SKU that never differ in silence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.pacing import Stream
from tests.support.house import House

NOW = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
OFFER: dict[str, Any] = {
    "offerId": "77",
    "sku": "A-1",
    "marketplaceId": "EBAY_US",
    "availableQuantity": 5,
    "pricingSummary": {"price": {"value": "12.50", "currency": "USD"}},
    "status": "PUBLISHED",
    "listing": {"listingId": "110011"},
}
LISTING = {"itemId": "110011", "sku": "A-1", "title": "A kettle", "status": "Active", "available": 5, "quantity": 5, "quantitySold": 0}


def item(quantity: Any, sku: str = "A-1") -> dict[str, Any]:
    return {"sku": sku, "availability": {"shipToLocationAvailability": {"quantity": quantity}}}


def stock(house: House, seller: str, items: list[Any], offers: list[Any], listings: list[Any]) -> None:
    """The listings first: those whose SKUs the Inventory API has are left to it only once the next poll sees that."""
    house.enroll(seller, "--offers")
    with house.store.commit(house.store.begin(seller, Stream.LISTINGS)) as commit:
        commit.store_listings(listings, NOW)
    with house.store.commit(house.store.begin(seller, Stream.INVENTORY)) as commit:
        commit.store_inventory(items, NOW)
    with house.store.commit(house.store.begin(seller, Stream.OFFERS)) as commit:
        commit.store_offers("A-1", offers, NOW - timedelta(hours=9))


def test_offers_are_asked_for_at_enrolment_and_a_later_one_keeps_the_choice(house: House) -> None:
    house.enroll("olga", "--offers")
    house.enroll("olga")
    house.enroll("oscar")
    house.enroll("oscar", "--offers")

    options = dict(house.rows("SELECT seller_id, options - 'backfill_from' FROM sellerbeat.sellers WHERE seller_id IN ('olga', 'oscar')"))
    assert options == {"olga": {"offers": True}, "oscar": {}}


def test_offers_without_the_inventory_api_are_wrong_usage(house: House) -> None:
    source = ("--inventory-source", "trading", "--offers")

    assert "--offers" in house.command("enroll", "nils", "--refresh-token-file", "-", *source, stdin="x").failure(2)


def test_a_snapshot_of_offers_has_the_shape_of_any_other(house: House) -> None:
    stock(house, "pia", [item(5)], [OFFER, {"sku": "A-1"}], [])

    rows = [json.loads(line) for line in house.command("snapshot", "pia", "offers", "--json").out.splitlines()]
    lines = house.command("snapshot", "pia", "offers").out.splitlines()

    assert [(row["entity_id"], row["version"], row["as_of"], row["set_aside"]) for row in rows] == [
        ("offer:77", 1, "2026-06-18T03:00:00.000Z", None),
        (None, None, "2026-06-18T03:00:00.000Z", "no id"),
    ]
    assert rows[0]["data"] == OFFER
    assert "5 available at 12.50 USD, EBAY_US, PUBLISHED, SKU A-1" in lines[0]
    assert lines[0].split()[-2:] == ["2026-06-18T03:00:00.000Z", "list"]


@pytest.mark.parametrize(
    ("seller", "items", "offers", "listings", "differences"),
    [
        ("same", [item(5)], [OFFER], [LISTING], []),
        ("less-on-a-marketplace", [item(7)], [OFFER], [LISTING], []),
        ("more-on-a-marketplace", [item(4)], [OFFER], [{**LISTING, "available": 4}], [("4", "offer:77 shows 5 (list, 2026-06-18T03")]),
        ("listing", [item(5)], [OFFER], [{**LISTING, "available": 3}], [("5", "listing:110011 shows 3 (events, 2026-06-18T12")]),
        ("listing-without-an-offer", [item(5)], [], [{**LISTING, "available": 3}], [("5", "listing:110011 shows 3")]),
        ("unknown", [item(None)], [OFFER], [LISTING], []),
        ("no-number", [item("5")], [{**OFFER, "availableQuantity": "7"}], [], []),
        ("no-item", [item(5, "B-1")], [OFFER], [LISTING], []),
        (
            "variation",
            [item(5)],
            [],
            [{**LISTING, "sku": None, "available": 9, "variations": [{"sku": "A-1", "available": 9}, {"sku": "C", "available": 1}]}],
            [("5", "listing:110011 shows 9")],
        ),
    ],
)
def test_two_stocks_of_a_sku_never_differ_in_silence(
    house: House, seller: str, items: list[Any], offers: list[Any], listings: list[Any], differences: list[tuple[str, str]]
) -> None:
    stock(house, seller, items, offers, listings)

    lines = house.command("snapshot", seller, "inventory").out.splitlines()
    asked = house.command("snapshot", seller, "inventory", "--json").out.splitlines()

    reported = [line for line in lines if line.startswith("two stocks")]
    assert len(reported) == len(differences)
    for line, (quantity, other) in zip(reported, differences, strict=True):
        assert line.startswith(f"two stocks of SKU A-1 differ: the item has {quantity} (list, 2026-06-18T12:00:00.000Z)")
        assert other in line
    assert len(asked) == len(lines) - len(reported)


def test_a_snapshot_of_the_inventory_tells_the_figures(house: House) -> None:
    stock(house, "paul", [item(4), item("?", "B-2")], [], [{**LISTING, "sku": "C-3"}])

    lines = house.command("snapshot", "paul", "inventory").out.splitlines()

    assert [line.split()[1:-2] for line in lines] == [
        ["4", "available", "last", "read"],
        ["-", "last", "read"],
        ["5", "available", "last", "read"],
    ]
