"""Listings, read whole or in part: nothing erased by what is not shown, and sales that go ahead of eBay."""

from typing import Any

import pytest

from domain.changes.listings import detect_listings, differs, entity_id, gone
from domain.changes.model import Change, Detection, Document, Kind
from tests.domain.changes.documents import NOW
from tests.domain.changes.listing_documents import OWN, VARIATIONS, detect, held, listing, price, reported, row, variation


def test_an_unknown_listing_is_created() -> None:
    assert detect(listing(), {}).changes == [Change(Kind.INVENTORY, OWN, 1, ("inventory.created",), listing(), (), {}, NOW)]


def test_a_changed_listing_is_an_update_at_the_time_of_the_answer() -> None:
    [change] = detect(listing(price=price("8")), held(listing(), version=4)).changes

    assert change == Change(Kind.INVENTORY, OWN, 5, ("inventory.updated",), listing(price=price("8")), ("price",), {"price": price()}, NOW)


SAME = {
    "the same": listing(variations=VARIATIONS),
    "another order of variations": listing(variations=VARIATIONS[::-1]),
    "other decimals": listing(variations=VARIATIONS, price=price("9.990")),
    "a row of the report": row(variations=[reported("L", 4), reported("M")]),
    "a row without variations": row(),
    "a row without a SKU": {"itemId": "1101", "available": 3},
}


@pytest.mark.parametrize("again", SAME)
def test_a_listing_that_comes_again_is_a_duplicate(again: str) -> None:
    assert detect(SAME[again], held(listing(variations=VARIATIONS))) == Detection(duplicates=1)
    assert detect(SAME[again], held(None)) == Detection(duplicates=1)


def test_a_row_of_the_report_keeps_what_it_lacks() -> None:
    [change] = detect(row(7, price=price("8")), held(listing())).changes

    assert change.changed == ("available", "price")
    assert change.data == listing() | {"available": 7, "price": price("8")}


def test_a_row_of_the_report_keeps_what_it_lacks_of_variations_too() -> None:
    [change] = detect(row(variations=[reported("L", 9)]), held(listing(variations=VARIATIONS))).changes

    assert change.data["variations"] == [variation("M"), variation("L", 4) | {"available": 9}]


def test_a_variation_that_a_row_shows_first_is_added() -> None:
    [change] = detect(row(variations=[reported("S", 9)]), held(listing(variations=VARIATIONS))).changes

    assert change.data["variations"] == [*VARIATIONS, reported("S", 9)]


@pytest.mark.parametrize("vague", [{"available": 9}, {"sku": "TWICE", "available": 9}], ids=["no name", "two of that SKU"])
def test_a_row_that_may_mean_several_variations_changes_none(vague: Document) -> None:
    known = [variation("M", sku="TWICE"), variation("L", sku="TWICE")]

    assert detect(row(variations=[vague]), held(listing(variations=known))) == Detection(duplicates=1)
    assert differs(row(variations=[vague]), listing(variations=known))


def test_specifics_tell_variations_apart_where_skus_do_not() -> None:
    known = [variation("M", sku="TWICE"), variation("L", sku="TWICE")]
    one = reported("?", 9, sku="TWICE", specifics={"Size": "L"})

    [change] = detect(row(variations=[one]), held(listing(variations=known))).changes

    assert [found["available"] for found in change.data["variations"]] == [2, 9]


def test_a_whole_reading_takes_a_sku_away_and_a_variation_with_it() -> None:
    whole = listing(variations=[variation("M")])
    del whole["sku"], whole["variations"][0]["sku"]

    [change] = detect(whole, held(listing(variations=VARIATIONS))).changes

    assert (change.data, change.changed) == (whole, ("sku", "variations"))


def test_a_renamed_sku_is_an_update_of_the_same_listing() -> None:
    [change] = detect(listing(sku="B/2 '😀'"), held(listing())).changes

    assert (change.entity_id, change.changed, change.previous) == (OWN, ("sku",), {"sku": "A-1"})


def test_a_whole_reading_that_shows_no_counts_and_no_variations_takes_none_away() -> None:
    shown = {"itemId": "1101", "sku": "A-1", "title": "New", "status": "Active"}

    [change] = detect(shown, held(listing(variations=VARIATIONS))).changes

    assert change.data == listing(variations=VARIATIONS, title="New")


@pytest.mark.parametrize(("before", "after", "expected"), [
    (listing(3), listing(0), True), (listing(1), listing(-1), True), (listing(3), listing(1), False), (listing(0), listing(-1), False),
    (listing(0), listing(3), False), (listing(3), row(0), True), (listing(3), listing(3) | {"available": "no"}, False),
    (listing(variations=VARIATIONS), listing(variations=[variation("M", 0), variation("L", 4)]), True),
    (listing(variations=VARIATIONS), row(variations=[reported("M", 0)]), True),
    (listing(variations=VARIATIONS), listing(variations=[variation("M", 1), variation("L", 4)]), False),
    (listing(variations=VARIATIONS), listing(variations=[*VARIATIONS, variation("S", 0)]), False),
    (listing(3), listing(3, status="Ended"), False),
])  # fmt: skip
def test_out_of_stock_is_a_listing_or_a_variation_that_falls_to_nothing(before: Document, after: Document, expected: bool) -> None:
    [change] = detect(after, held(before)).changes

    assert change.types == ("inventory.updated", "inventory.out_of_stock")[: 1 + expected]


def test_an_ended_listing_is_an_update_of_its_status() -> None:
    [change] = detect(listing(status="Completed"), held(listing())).changes

    assert (change.types, change.changed) == (("inventory.updated",), ("status",))


def test_a_gone_listing_carries_the_last_known_document() -> None:
    assert gone(held(listing(), version=3)[OWN], NOW) == Change(
        Kind.INVENTORY, OWN, 4, ("inventory.removed",), listing(), (), {}, NOW, removed=True
    )


@pytest.mark.parametrize("known", [listing(), None], ids=["compared", "equal digest"])
def test_a_gone_listing_that_comes_back_is_created_with_the_next_version(known: Document | None) -> None:
    [change] = detect(listing(), held(known, version=4, removed=True)).changes

    assert (change.types, change.version, change.removed) == (("inventory.created",), 5, False)


def test_a_listing_given_twice_counts_once_and_the_later_word_counts() -> None:
    detection = detect_listings([listing(5), row(4)], {}, NOW)

    assert ([change.data for change in detection.changes], detection.duplicates) == ([listing(5) | {"available": 4}], 1)


@pytest.mark.parametrize("document", [None, [], {}, {"itemId": ""}, {"itemId": 1101}])
def test_what_has_no_item_id_has_no_entity_id(document: Any) -> None:
    assert entity_id(document) is None


def test_what_has_no_item_id_is_not_compared() -> None:
    with pytest.raises(ValueError, match="set aside"):
        detect_listings([{"sku": "A-1"}], {}, NOW)


@pytest.mark.parametrize(("said", "expected"), [
    (row(), False), (row(4), True), (row(sku="B"), True), (row(price=price("9.990")), False), (row(price=price("9")), True),
    ({"itemId": "1101"}, False), (row(variations=[reported("M"), reported("L", 4)]), False),
    (row(variations=[reported("M"), reported("L", 3)]), True),
    (row(variations=[reported("L", 4)]), True), (row(variations=[reported("M"), reported("L", 4), reported("XL", 0)]), True),
])  # fmt: skip
def test_a_row_differs_when_it_says_anything_else(said: Document, expected: bool) -> None:
    assert differs(said, listing(variations=VARIATIONS)) is expected


def test_a_variation_without_stock_may_be_left_out_of_a_row() -> None:
    assert not differs(row(variations=[reported("M")]), listing(variations=[variation("M"), variation("L", 0)]))


@pytest.mark.parametrize("status", ["Ended", "Completed"])
def test_a_listing_that_we_hold_for_ended_differs_from_any_row_of_active_ones(status: str) -> None:
    assert differs(row(), listing(status=status))
