"""What should be left of a stock item, given its last reading, eBay's count and the sales that are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.expected import Sale, counted, expected, key_of

NOON = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def sale(minutes: float, quantity: int = 1, *, cancelled: bool = False, sku: str | None = None, aspects: Any = ()) -> Sale:
    return Sale(f"o-{minutes}", f"line-{minutes}", sku, aspects, quantity, at(minutes), cancelled)


def lamp(available: Any, sold: Any = 0) -> dict[str, Any]:
    return {"itemId": "1101", "available": available, "quantity": 40, "quantitySold": sold}


def size(name: str, available: Any, sold: Any = 0, **more: Any) -> dict[str, Any]:
    return {"sku": f"SIZE-{name}", "specifics": {"Size": name}, "available": available, "quantitySold": sold, **more}


def first(document: dict[str, Any], minutes: float = 0) -> dict[str, Any]:
    """The counts after a first reading."""
    return counted(document, None, at(minutes), [])


def left(document: dict[str, Any], as_of: float, counts: dict[str, Any] | None, *sales: Sale) -> Any:
    found = expected(document, at(as_of), counts, sales)
    return None if found is None else (found["available"], [one["quantity"] for one in found["sales"]])


def item(quantity: Any) -> dict[str, Any]:
    return {"sku": "A", "availability": {"shipToLocationAvailability": {"quantity": quantity}}}


def test_of_an_sku_sales_after_the_reading_are_open() -> None:
    assert left(item(5), 10, None, sale(9), sale(11), sale(12, 2)) == (2, [1, 2])
    assert left(item(5), 10, None, sale(9)) is None


def test_a_sale_within_two_seconds_of_the_reading_is_taken_for_read() -> None:
    assert left(item(5), 10, None, sale(10 + 2 / 60)) is None
    assert left(item(5), 10, None, sale(10 + 2.1 / 60)) == (4, [1])


def test_of_a_listing_ebays_count_says_which_sales_the_reading_holds() -> None:
    counts = first(lamp(40))

    assert left(lamp(40), 30, counts, sale(31, 2)) == (38, [2])
    assert left(lamp(38, 2), 60, counts, sale(31, 2)) is None
    assert left(lamp(38, 2), 60, counts, sale(31, 2), sale(59)) == (37, [1])
    assert left(lamp(37, 3), 60, counts, sale(31, 2), sale(59)) is None


def test_a_reading_that_is_late_leaves_the_latest_sales_open_though_it_is_dated_after_them() -> None:
    assert left(lamp(39, 1), 60, first(lamp(40)), sale(58), sale(59)) == (38, [1])


def test_stock_that_ebay_took_before_there_was_an_order_covers_the_order_when_it_comes() -> None:
    counts = counted(lamp(38, 2), first(lamp(40)), at(30), [])

    assert left(lamp(38, 2), 30, counts, sale(40, 2)) is None
    assert left(lamp(38, 2), 30, counts, sale(40, 2), sale(41)) == (37, [1])
    assert left(lamp(39, 1), 30, counts, sale(40, 2)) == (38, [1])


def test_a_cancelled_order_takes_nothing_away() -> None:
    assert left(lamp(40), 30, first(lamp(40)), sale(31, 2, cancelled=True)) is None
    assert left(lamp(40), 30, first(lamp(40)), sale(31, 2, cancelled=True), sale(32)) == (39, [1])


def test_a_cancelled_order_that_gave_its_stock_back_unseen_does_not_hide_the_next_sale() -> None:
    """Sold 2, given back, sold 2 again, all between two readings: eBay counts 2, and has 38."""
    assert left(lamp(38, 2), 60, first(lamp(40)), sale(31, 2, cancelled=True), sale(40, 2)) is None


def test_a_cancelled_order_that_gave_nothing_back_is_still_counted_by_ebay() -> None:
    """Sold 2, read, cancelled without giving back, sold 2 more: eBay counts 2 in that reading, and the second sale is open."""
    assert left(lamp(38, 2), 35, first(lamp(40)), sale(31, 2, cancelled=True), sale(40, 2)) == (36, [2])


def test_where_ebays_count_falls_it_begins_anew() -> None:
    counts = counted(lamp(38, 2), first(lamp(40)), at(30), [])
    counts = counted(lamp(40, 0), counts, at(60), [])

    assert left(lamp(40, 0), 60, counts, sale(20, 2, cancelled=True), sale(61, 3)) == (37, [3])


def test_a_listing_is_never_expected_below_nothing() -> None:
    assert left(lamp(1), 30, first(lamp(1)), sale(31, 3)) == (0, [3])


@pytest.mark.parametrize("available", [None, "5", 2.5, [], True])
def test_no_figure_is_invented_where_ebay_gives_none(available: Any) -> None:
    assert left(lamp(available), 30, first(lamp(available)), sale(31)) == (None, [1])
    assert left(item(available), 30, None, sale(31)) == (None, [1])


@pytest.mark.parametrize("count", [None, "3", [], 1.5])
def test_without_a_count_of_ebays_the_time_decides(count: Any) -> None:
    assert left(lamp(40, count), 30, first(lamp(40)), sale(29), sale(31)) == (39, [1])
    assert left(lamp(40, 7), 30, None, sale(29), sale(31)) == (39, [1])


SHIRT: dict[str, Any] = {"itemId": "2202", "available": 12, "quantitySold": 0, "variations": [size("S", 4), size("M", 4), size("L", 4)]}
EACH = [{"sku": f"SIZE-{name}", "specifics": {"Size": name}} for name in "SML"]


def test_of_variations_each_has_a_count_of_its_own() -> None:
    found = expected(SHIRT, at(30), first(SHIRT), [sale(31, sku="SIZE-M"), sale(32, 2, aspects=(("Size", "L"),))])

    assert found is not None
    assert found["available"] == 9
    assert found["variations"] == [{**one, "available": figure} for one, figure in zip(EACH, (4, 3, 2), strict=True)]
    assert [one["lineItemId"] for one in found["sales"]] == ["line-31", "line-32"]


def test_a_variation_whose_sku_was_renamed_is_found_by_its_specifics() -> None:
    after = {**SHIRT, "variations": [size("S", 4, sku="NEW-S"), *SHIRT["variations"][1:]]}

    found = expected(after, at(30), first(SHIRT), [sale(31, sku="SIZE-S", aspects=(("Size", "S"),))])

    assert found is not None
    assert [one["available"] for one in found["variations"]] == [3, 4, 4]


def test_a_sale_of_a_size_that_no_reading_showed_leaves_nothing_expected() -> None:
    sold = sale(31, sku="SIZE-XL", aspects=(("Size", "XL"),))

    assert expected(SHIRT, at(30), first(SHIRT), [sold, sale(32, sku="SIZE-S")]) is None
    assert expected(SHIRT, at(35), first(SHIRT), [sold]) is None


def test_a_size_that_is_new_in_a_reading_is_counted_from_there() -> None:
    more = {**SHIRT, "variations": [*SHIRT["variations"], size("XL", 5, 1)]}
    counts = counted(more, first(SHIRT), at(40), [])
    sold = [sale(31, sku="SIZE-XL"), sale(41, sku="SIZE-XL")]

    found = expected(more, at(40), counts, sold)

    assert found is not None
    assert [one["available"] for one in found["variations"]] == [4, 4, 4, 4]


def test_a_first_reading_just_after_a_sale_gives_way_to_a_quiet_one() -> None:
    """It may hold that sale or not; the second one surely does."""
    unsure = counted(lamp(40, 0), None, at(10), [sale(9)])
    sure = counted(lamp(39, 1), unsure, at(20), [sale(9)])

    assert left(lamp(39, 1), 20, sure, sale(9), sale(21)) == (38, [1])


def test_a_first_reading_stands_while_there_is_no_quieter_one() -> None:
    began = counted(lamp(40, 0), None, at(10), [sale(9)])
    assert counted(lamp(39, 1), began, at(12), [sale(9), sale(11)])[""]["at"] == at(10).isoformat()


def test_behind_a_quiet_reading_that_holds_all_known_sales_the_count_begins_anew() -> None:
    counts = counted(lamp(38, 2), first(lamp(40)), at(30), [sale(10, 2)])

    assert counts[""]["sold"] == 2
    assert left(lamp(38, 2), 30, counts, sale(10, 2), sale(29.9)) == (37, [1])


def test_a_reading_with_a_surplus_is_no_new_beginning() -> None:
    """Bought and not yet paid: there will be an order for it."""
    assert counted(lamp(38, 2), first(lamp(40)), at(30), [sale(10)])[""]["at"] == at(0).isoformat()


@pytest.mark.parametrize("row", [{}, {"specifics": {}}, {"specifics": [1]}, {"sku": 7}])
def test_a_variation_without_a_name_shares_the_listings_key(row: dict[str, Any]) -> None:
    assert key_of(row) == ""


@given(
    st.lists(st.tuples(st.integers(1, 600), st.integers(1, 4)), max_size=12, unique_by=lambda one: one[0]),
    st.lists(st.tuples(st.integers(5, 620), st.floats(0, 1.5)), max_size=6),
    st.integers(48, 60),
)
def test_while_nothing_but_sales_happens_what_is_expected_is_what_ebay_has(
    sold: Sequence[tuple[int, int]], readings: Sequence[tuple[int, float]], stock: int
) -> None:
    """Whatever is read when, and however late the index was (up to 90 s), as long as its answers are in order."""
    counts, document, as_of, shown_to = first(lamp(stock)), lamp(stock), 0.0, 0.0
    sales = [sale(minute + 0.5, pieces) for minute, pieces in sorted(sold)]

    def has(minute: float) -> tuple[int, int]:
        gone = sum(one.quantity for one in sales if one.sold_at <= at(minute))
        return stock - gone, gone

    for minute, lag in sorted(readings):
        shown_to = max(shown_to, minute - lag)
        document, as_of = lamp(*has(shown_to)), float(minute)
        counts = counted(document, counts, at(minute), [one for one in sales if one.sold_at <= at(minute)])
    for later in (as_of, as_of + 3, 700.0):
        known = [one for one in sales if one.sold_at <= at(later)]
        found = expected(document, at(as_of), counts, known)
        assert (document["available"] if found is None else found["available"]) == has(later)[0]
