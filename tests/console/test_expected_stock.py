"""`snapshot SELLER inventory`: what eBay showed last and what is expected to be left by now, apart, in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.stock import stock_lines
from domain.pacing import Stream
from store.schema.times import iso
from tests.support.house import House

READ = datetime(2100, 6, 18, 12, 0, tzinfo=UTC)
LATER = READ + timedelta(hours=1)
KETTLE = {"itemId": "110011", "title": "A kettle", "status": "Active", "available": 3, "quantity": 3, "quantitySold": 0}
SIZES = [{"sku": "", "specifics": {"Size": size}, "available": 4, "quantity": 4, "quantitySold": 0} for size in ("M", "L")]
SHIRT = {"itemId": "220022", "title": "A shirt", "status": "Active", "available": 8, "quantity": 8, "quantitySold": 0, "variations": SIZES}


def line(number: str, quantity: int, **bought: Any) -> dict[str, Any]:
    return {"lineItemId": number, "quantity": quantity, **bought}


def order(order_id: str, *lines: dict[str, Any]) -> dict[str, Any]:
    return {
        "orderId": order_id,
        "creationDate": iso(LATER),
        "lastModifiedDate": iso(LATER),
        "orderFulfillmentStatus": "NOT_STARTED",
        "lineItems": list(lines),
    }


@pytest.fixture(scope="module")
def sold(house: House) -> House:
    """anna: one SKU and two listings that were read, and an hour later orders of all of them; a cup that nobody bought."""
    house.enroll("anna")
    with house.store.commit(house.store.begin("anna", Stream.INVENTORY)) as commit:
        cup = {"sku": "CUP", "availability": {"shipToLocationAvailability": {"quantity": 5}}}
        commit.store_inventory([cup, {**cup, "sku": "JUG"}], READ)
    with house.store.commit(house.store.begin("anna", Stream.LISTINGS)) as commit:
        commit.store_listings([KETTLE, SHIRT], READ)
    with house.store.commit(house.store.begin("anna", Stream.ORDERS)) as commit:
        medium = [{"name": "Size", "value": "M"}]
        first = order("o-1", line("1", 2, sku="JUG"), line("2", 1, legacyItemId="110011"))
        second = order("o-2", line("3", 3, legacyItemId="220022", variationAspects=medium), line("4", 1, legacyItemId="110011"))
        commit.store_orders([first, second], LATER)
    return house


def test_the_last_reading_and_what_is_expected_are_told_apart_in_80_columns(sold: House) -> None:
    said = sold.command("snapshot", "anna", "inventory").out

    assert said.splitlines() == [
        "CUP                  5 available    last read 2100-06-18T12:00:00.000Z  list",
        "JUG                  5 available    last read 2100-06-18T12:00:00.000Z  list",
        "    expected: 3; 2 sold since that reading (order o-1)",
        "listing:110011       3 available    last read 2100-06-18T12:00:00.000Z  events",
        "    expected: 1; 2 sold since that reading (orders o-1, o-2)",
        "listing:220022       8 available    last read 2100-06-18T12:00:00.000Z  events",
        "    expected: 5; 3 sold since that reading (order o-2)",
        "    expected of Size M: 1, last read 4",
    ]
    assert max(map(len, said.splitlines())) <= 80


def test_json_has_what_is_expected_beside_the_data_as_ebay_showed_it(sold: House) -> None:
    rows = {row["entity_id"]: row for row in sold.command("snapshot", "anna", "inventory", "--json").objects}

    assert rows["CUP"]["expected"] is None
    assert rows["listing:110011"]["data"] == KETTLE
    assert rows["listing:110011"]["expected"] == {
        "available": 1,
        "sales": [{"orderId": "o-1", "lineItemId": "2", "quantity": 1}, {"orderId": "o-2", "lineItemId": "4", "quantity": 1}],
        "variations": [],
    }
    assert [one["available"] for one in rows["listing:220022"]["expected"]["variations"]] == [1, 4]


def test_a_reading_that_shows_the_sale_leaves_nothing_expected(house: House) -> None:
    house.enroll("bert")
    for read_at, item in ((READ, KETTLE), (LATER + timedelta(minutes=4), {**KETTLE, "available": 2, "quantitySold": 1})):
        with house.store.commit(house.store.begin("bert", Stream.LISTINGS)) as commit:
            commit.store_listings([item], read_at)
        with house.store.commit(house.store.begin("bert", Stream.ORDERS)) as commit:
            commit.store_orders([order("o-9", line("9", 1, legacyItemId="110011"))], LATER)

    said = house.command("snapshot", "bert", "inventory").out.splitlines()

    assert said == ["listing:110011       2 available    last read 2100-06-18T13:04:00.000Z  events"]


def row(**more: Any) -> dict[str, Any]:
    return {
        "entity_id": "listing:1",
        "data": {"available": 9},
        "version": 1,
        "as_of": iso(READ),
        "read_from": "events",
        "removed_at": None,
        "set_aside": None,
        "expected": None,
        **more,
    }


def of_sizes(count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for number in range(count):
        named = {"sku": f"S-{number}", "specifics": {}}
        yield {**named, "available": 2}, {**named, "available": 1}


def test_of_many_orders_and_variations_the_first_are_named_and_no_line_is_too_long() -> None:
    before, now = zip(*of_sizes(9), strict=True)
    sales = [{"orderId": f"12-34567-{number:05}", "lineItemId": f"{number}", "quantity": 1} for number in range(9)]
    expected = {"available": 9, "sales": sales, "variations": list(now)}

    _, *lines = stock_lines(row(data={"available": 18, "variations": list(before)}, expected=expected))

    assert max(map(len, lines)) <= 80
    assert lines == [
        "    expected: 9; 9 sold since that reading (orders 12-34567-00000,",
        "        12-34567-00001, 12-34567-00002 and 6 more)",
        "    expected of SKU S-0: 1, last read 2",
        "    expected of SKU S-1: 1, last read 2",
        "    expected of SKU S-2: 1, last read 2",
        "    and of 6 more variations: see --json",
    ]


def test_a_figure_that_ebay_did_not_give_is_not_guessed() -> None:
    expected = {"available": None, "sales": [{"orderId": "o-1", "lineItemId": "1", "quantity": 2}], "variations": []}

    first, *lines = stock_lines(row(data={"itemId": "1"}, expected=expected))

    assert first.split()[1] == "-"
    assert lines[0].startswith("    expected: not known, as eBay gave no figure; 2 sold since that reading")


def test_what_is_special_stands_at_the_end_and_no_name_moves_the_cursor() -> None:
    named = {"sku": None, "specifics": {"Size": "\x1b[2JM"}}
    expected = {"available": 1, "sales": [], "variations": [{**named, "available": 1}]}
    *_, sized = stock_lines(row(data={"variations": [{**named, "available": 2}]}, expected=expected))
    (gone,) = stock_lines(row(removed_at=iso(READ)))
    (aside,) = stock_lines(row(entity_id=None, data=None, version=None, read_from=None, set_aside="no \x1b[2Jid"))

    assert sized == "    expected of Size ?[2JM: 1, last read 2"
    assert gone.endswith("removed")
    assert aside.split()[:3] == ["-", "not", "stored"]
    assert aside.endswith("set aside: no ?[2Jid")
