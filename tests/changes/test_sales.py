"""What a change of an order says of the stock, and a listing after a sale."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.model import Change
from changes.orders import detect_orders
from changes.sales import Sale, asks_to_cancel, listing_id, sales, sold
from tests.changes.documents import NOW, held, line, order


def created(**fields: Any) -> Change:
    return detect_orders([order(**fields)], {}, NOW).changes[0]


def updated(before: dict[str, Any], after: dict[str, Any]) -> Change:
    old = order(**before)
    return detect_orders([order(**after)], {old["orderId"]: held(old)}, NOW).changes[0]


SHIRT = {
    "itemId": "1101",
    "available": 5,
    "quantity": 8,
    "quantitySold": 3,
    "variations": [
        {"sku": "S", "specifics": {"Size": "S"}, "available": 2, "quantity": 3, "quantitySold": 1},
        {"specifics": {"Size": "M", "Color": "Red"}, "available": 3, "quantity": 5, "quantitySold": 2},
    ],
}


def sale(quantity: int = 1, *, sku: str | None = None, aspects: tuple[tuple[str, str], ...] = ()) -> Sale:
    return Sale(sku, "1101", aspects, quantity)


def test_a_new_order_sold_its_lines() -> None:
    change = created(lineItems=[line(1), line(2, sku=None, legacyItemId="9", variationAspects=[{"name": "Size", "value": "M"}])])

    assert sales(change) == [Sale("LAMP-1", "267452300001", (), 2), Sale(None, "9", (("Size", "M"),), 2)]


def test_an_order_that_was_canceled_before_it_was_seen_only_moves_stock() -> None:
    assert [one.quantity for one in sales(created(cancelStatus={"cancelState": "CANCELED"}))] == [0] * len(order()["lineItems"])


@pytest.mark.parametrize(
    "after",
    [
        {"cancelStatus": {"cancelState": "CANCELED"}},
        {"orderPaymentStatus": "FULLY_REFUNDED"},
        {"lineItems": [line(1, quantity=5)]},
    ],
    ids=["canceled", "refunded", "another quantity"],
)
def test_a_changed_order_has_its_stock_read_and_sells_nothing_again(after: dict[str, Any]) -> None:
    moved = sales(updated({}, after))

    assert moved
    assert not any(one.quantity for one in moved)


@pytest.mark.parametrize(
    "after",
    [
        {"salesRecordReference": "17"},
        {"orderPaymentStatus": "PENDING"},
        {"lineItems": [line(1, lineItemFulfillmentStatus="FULFILLED"), line(2)]},
        {"cancelStatus": {"cancelState": "IN_PROGRESS"}},
    ],
    ids=["a number", "payment", "shipping", "asked to cancel"],
)
def test_a_change_that_moves_no_stock_says_nothing_of_it(after: dict[str, Any]) -> None:
    assert sales(updated({}, after)) == []


@pytest.mark.parametrize("lines", [None, 7, [None, 7, "x"], [{}], [{"quantity": "2", "sku": 7, "variationAspects": [{"name": 1}]}]])
def test_odd_lines_stop_nobody(lines: Any) -> None:
    assert all(one.quantity == 0 and one.sku is None for one in sales(created(lineItems=lines)))


def test_who_asks_to_cancel_is_read_alone_once_for_each_state() -> None:
    asked, decided = {"cancelState": "IN_PROGRESS"}, {"cancelState": "CANCELED"}

    assert asks_to_cancel(created(cancelStatus=asked))
    assert asks_to_cancel(updated({}, {"cancelStatus": asked}))
    assert asks_to_cancel(updated({"cancelStatus": asked}, {"cancelStatus": decided}))
    assert not asks_to_cancel(created())
    assert not asks_to_cancel(updated({"cancelStatus": asked}, {"cancelStatus": asked, "salesRecordReference": "17"}))


def test_a_sale_leaves_less_and_no_other_field_changes() -> None:
    lamp = {"itemId": "1101", "title": "Lamp", "available": 5, "quantity": 8, "quantitySold": 3, "price": {"value": "1.0"}}

    assert sold(lamp, sale(2)) == {**lamp, "available": 3, "quantitySold": 5}


@pytest.mark.parametrize(
    ("bought", "place"), [(sale(sku="S"), 0), (sale(aspects=(("Color", "Red"), ("Size", "M"))), 1)], ids=["by SKU", "by specifics"]
)
def test_of_variations_the_one_that_was_bought_goes_down(bought: Sale, place: int) -> None:
    after = sold(SHIRT, bought)

    assert after["available"] == 4
    assert [one["available"] for one in after["variations"]] == [
        one["available"] - (n == place) for n, one in enumerate(SHIRT["variations"])
    ]


def test_an_unknown_variation_only_lowers_the_listing() -> None:
    after = sold(SHIRT, sale(sku="another"))

    assert (after["available"], after["variations"]) == (4, SHIRT["variations"])


@given(available=st.integers(-5, 20), bought=st.lists(st.integers(1, 9), max_size=5))
def test_more_is_sold_than_there_is_and_nothing_falls_below_zero(available: int, bought: list[int]) -> None:
    listing: dict[str, Any] = {"itemId": "1101", "available": available, "quantitySold": 0}
    for quantity in bought:
        listing = sold(listing, sale(quantity))

    assert listing["quantitySold"] == sum(bought)
    assert listing["available"] == max(available - sum(bought), min(available, 0))


@given(st.dictionaries(st.sampled_from(["available", "quantitySold", "variations", "itemId"]), st.none() | st.text() | st.lists(st.none())))
def test_any_listing_can_be_sold_from(listing: dict[str, Any]) -> None:
    assert sold(listing, sale(1, sku="x", aspects=(("a", "b"),))).keys() == listing.keys()


def test_a_listing_has_an_id_of_its_own() -> None:
    assert listing_id("1101") == "listing:1101"
