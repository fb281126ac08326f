"""What a change of an order says of its sales, and of the stock that it moved."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.model import Change
from domain.changes.orders import detect_orders
from domain.changes.sales import SoldLine, asks_to_cancel, bought, entity_of_sale, fact, lines, listing_id, may_sell, moved, names
from tests.domain.changes.documents import NOW, held, line, order


def created(**fields: Any) -> Change:
    return detect_orders([order(**fields)], {}, NOW).changes[0]


def updated(before: dict[str, Any], after: dict[str, Any]) -> Change:
    old = order(**before)
    return detect_orders([order(**after)], {old["orderId"]: held(old)}, NOW).changes[0]


def bare(number: str | None = "1", *, sku: str | None = None, item: str | None = None, quantity: int | None = 1) -> SoldLine:
    return SoldLine(number, sku, item, (), quantity)


def test_the_lines_of_an_order_are_what_was_bought() -> None:
    document = order(lineItems=[line(1), line(2, sku=None, legacyItemId="9", variationAspects=[{"name": "Size", "value": "M"}])])

    assert lines(document) == [
        SoldLine("10082609600001", "LAMP-1", "267452300001", (), 2),
        SoldLine("10082609600002", None, "9", (("Size", "M"),), 2),
    ]


@pytest.mark.parametrize("quantity", [None, 0, -1, "2", 2.5, True, [2], 10**12])
def test_a_quantity_that_is_no_number_of_pieces_is_not_invented(quantity: Any) -> None:
    [one] = lines({"lineItems": [{"lineItemId": "1", "legacyItemId": "9", "quantity": quantity}]})

    assert one == bare(item="9", quantity=None)


@pytest.mark.parametrize("found", [None, 7, "x", {}, {"lineItemId": "1"}, [None, 7, "x"]])
def test_what_are_no_lines_are_none(found: Any) -> None:
    assert lines({"lineItems": found}) == []


@pytest.mark.parametrize("name", ["", None, 7, ["S"], {"n": 2}, "nul \x00", "half \ud800", "x" * 501])
def test_a_name_that_cannot_be_kept_is_none(name: Any) -> None:
    [one] = lines({"lineItems": [{"lineItemId": "1", "sku": name, "legacyItemId": name, "quantity": 1}]})

    assert one == bare()
    assert entity_of_sale(one, {}) is None


def test_a_lines_number_may_be_a_number() -> None:
    assert lines({"lineItems": [{"lineItemId": 10001}]})[0].line_item_id == "10001"
    assert lines({"lineItems": [{"lineItemId": 1.5}]})[0].line_item_id is None


def test_a_new_order_and_one_whose_lines_changed_may_sell() -> None:
    assert may_sell(created())
    assert may_sell(created(cancelStatus={"cancelState": "CANCELED"}))
    assert may_sell(updated({}, {"lineItems": [line(1), line(2), line(3)]}))
    assert not may_sell(updated({}, {"orderPaymentStatus": "FAILED"}))


@pytest.mark.parametrize(
    "after",
    [
        {"cancelStatus": {"cancelState": "CANCELED"}},
        {"orderPaymentStatus": "FULLY_REFUNDED"},
        {"orderPaymentStatus": "FAILED"},
        {"lineItems": [line(1, quantity=5)]},
    ],
    ids=["canceled", "refunded", "payment failed", "another quantity"],
)
def test_a_change_that_may_give_stock_back_has_it_read(after: dict[str, Any]) -> None:
    assert moved(updated({}, after))


def test_a_line_that_an_order_lost_has_its_stock_read_too() -> None:
    change = updated({"lineItems": [line(1, sku="A"), line(2, sku="B")]}, {"lineItems": [line(1, sku="A")]})

    assert {one.sku for one in moved(change)} == {"A", "B"}


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
    assert moved(updated({}, after)) == []


def test_who_asks_to_cancel_is_read_alone_once_for_each_state() -> None:
    asked, decided = {"cancelState": "IN_PROGRESS"}, {"cancelState": "CANCELED"}

    assert asks_to_cancel(created(cancelStatus=asked))
    assert asks_to_cancel(updated({}, {"cancelStatus": asked}))
    assert asks_to_cancel(updated({"cancelStatus": asked}, {"cancelStatus": decided}))
    assert not asks_to_cancel(created())
    assert not asks_to_cancel(updated({"cancelStatus": asked}, {"cancelStatus": asked, "salesRecordReference": "17"}))


@pytest.mark.parametrize(
    ("sold", "there", "own"),
    [
        (bare(sku="S", item="9"), {"S", "listing:9"}, "S"),
        (bare(sku="S", item="9"), {"listing:9"}, "listing:9"),
        (bare(sku="S", item="9"), set(), "listing:9"),
        (bare(item="9"), set(), "listing:9"),
        (bare(sku="S"), set(), "S"),
        (bare(), {"S"}, None),
    ],
)
def test_a_sale_is_told_of_its_sku_where_that_stands_and_else_of_its_listing(sold: SoldLine, there: set[str], own: str | None) -> None:
    assert entity_of_sale(sold, there) == own
    assert own is None or own in names([sold])


def test_the_fact_of_a_sale_holds_what_the_contract_names() -> None:
    assert fact("o-1", bare("7", item="9", quantity=None), "2026-06-18T12:00:00.000Z") == {
        "orderId": "o-1",
        "lineItemId": "7",
        "sku": None,
        "legacyItemId": "9",
        "quantity": None,
        "soldAt": "2026-06-18T12:00:00.000Z",
    }


SIZES = [
    {"sku": "S", "specifics": {"Size": "S"}},
    {"specifics": {"Size": "M", "Color": "Red"}},
    {"sku": "", "specifics": {}},
    None,
]


@pytest.mark.parametrize(
    ("sku", "aspects", "place"),
    [
        ("S", (), 0),
        ("S", (("Color", "Red"), ("Size", "M")), 0),
        (None, (("Color", "Red"), ("Size", "M")), 1),
        ("renamed", (("Color", "Red"), ("Size", "M")), 1),
        (None, (("Size", "M"),), None),
        (None, (), None),
        ("L", (), None),
    ],
)
def test_the_variation_that_was_bought_is_found_by_sku_else_by_specifics(sku: Any, aspects: Any, place: int | None) -> None:
    assert bought(SIZES, sku, aspects) == place


def test_a_listing_is_named_by_its_number() -> None:
    assert listing_id("267452300001") == "listing:267452300001"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,  # with more, few of hypothesis' tries are small enough for it
)
MALFORMED_LINES = st.lists(
    st.dictionaries(st.sampled_from(["lineItemId", "sku", "legacyItemId", "quantity", "variationAspects"]), JSON) | JSON
)


@given(MALFORMED_LINES)
def test_no_line_whatever_stands_in_it_stops_anybody(given_lines: Any) -> None:
    for one in lines({"lineItems": given_lines}):
        assert one.quantity is None or one.quantity > 0
        assert entity_of_sale(one, {"S"}) in (None, one.sku, f"listing:{one.item_id}")
