"""The judge on listings: the report may leave things out, a sale may be told before eBay shows it, nothing else may differ."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from simulator import World
from simulator.judge import judge
from simulator.verdict import Verdict
from tests.simulator.conftest import START, stamp

Event = dict[str, Any]
SHIRT = [{"sku": "T-S", "specifics": {"Size": "S"}, "quantity": 5}, {"sku": "T-M", "specifics": {"Size": "M"}, "quantity": 5}]


@pytest.fixture
def shop() -> World:
    world = World(seed=7, now=START)
    world.switches.listing_late = 0.0
    world.add_seller("anna")
    return world


def told(documents: list[Event], item: str, last: str = "updated", seconds: int = 60) -> list[Event]:
    """Events of one listing, one document each."""
    events = []
    for k, document in enumerate(documents, 1):
        what = "created" if k == 1 else last if k == len(documents) else "updated"
        event = {
            "id": str(k),
            "position": k,
            "seller_id": "anna",
            "sequence": k,
            "type": f"inventory.{what}",
            "entity_id": f"listing:{item}",
        }
        detected_at = stamp(START + timedelta(seconds=seconds * k))
        events.append({**event, "version": k, "detected_at": detected_at, "source": "poll", "data": copy.deepcopy(document)})
    return events


def found(world: World, events: list[Event]) -> tuple[int, int, int]:
    verdict: Verdict = judge(world.rows(), events, at=START + timedelta(days=1))
    return verdict.lost, verdict.twice, verdict.wrong


def versions(world: World, item: str) -> list[Event]:
    return [row["document"] for row in world.rows() if row["entity_id"] == f"listing:{item}"]


def reported(document: Event) -> Event:
    """What the report alone tells."""
    row = {name: document[name] for name in ("itemId", "sku", "available", "price") if name in document}
    if "variations" in document:
        row.pop("price")
        row["variations"] = [{name: one[name] for name in ("sku", "available", "price")} for one in document["variations"]]
    return row


def test_a_listing_is_compared_like_the_rest(shop: World) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.revise("anna", item, price="2.00")
    first, second = versions(shop, item)

    assert found(shop, told([first, second], item)) == (0, 0, 0)
    assert found(shop, told([second], item)) == (0, 0, 0)
    assert found(shop, told([first], item)) == (1, 0, 0)
    assert found(shop, []) == (1, 0, 0)
    assert found(shop, told([second, first], item)) == (1, 0, 1)
    assert found(shop, told([first, {**second, "title": "x"}], item)) == (1, 0, 1)


@pytest.mark.parametrize("variations", [None, SHIRT])
def test_what_the_report_lacks_may_be_absent_and_follow(shop: World, variations: list[Event] | None) -> None:
    item = shop.list_item("anna", sku=None if variations else "L-1", quantity=5, variations=variations)
    (whole,) = versions(shop, item)

    assert found(shop, told([reported(whole)], item)) == (0, 0, 0)
    assert found(shop, told([reported(whole), whole], item)) == (0, 0, 0)
    assert found(shop, told([whole, reported(whole)], item)) == (0, 0, 1)


def spoilt_available(row: Event) -> None:
    row["available"] += 1


def spoilt_price(row: Event) -> None:
    row["price"] = {"value": "1.0", "currency": "USD"}


def no_available(row: Event) -> None:
    del row["available"]


def no_variations(row: Event) -> None:
    del row["variations"]


def spoilt_variation(row: Event) -> None:
    row["variations"][1]["available"] += 1


@pytest.mark.parametrize("spoil", [spoilt_available, spoilt_price, no_available, no_variations, spoilt_variation])
def test_all_else_must_be_there_and_right(shop: World, spoil: Callable[[Event], None]) -> None:
    item = shop.list_item("anna", variations=SHIRT)
    (whole,) = versions(shop, item)
    row = reported(whole)
    spoil(row)

    assert found(shop, told([row], item)) == (1, 0, 1)


def test_a_sale_may_be_told_from_its_order_before_ebay_shows_it(shop: World) -> None:
    item = shop.list_item("anna", variations=SHIRT)
    shop.revise("anna", item, title="Not seen yet")
    shop.sell("anna", item, 2, variation="T-M")
    first, _, last = versions(shop, item)
    rows = [first["variations"][0], {**first["variations"][1], "available": 3, "quantitySold": 2}]
    derived = {**first, "available": 8, "quantitySold": 2, "variations": rows}
    kinds = ("inventory",)

    def verdict(*documents: Event) -> tuple[int, int, int]:
        result = judge(shop.rows(), told(list(documents), item), at=START + timedelta(days=1), kinds=kinds)
        return result.lost, result.twice, result.wrong

    assert verdict(first, derived, last) == (0, 0, 0)
    assert verdict(first, derived) == (1, 0, 0)
    assert verdict(first, derived, first, last) == (0, 0, 1)  # back to before the sale
    assert verdict(first, {**derived, "available": 9}, last) == (0, 0, 1)
    assert verdict(first, {**derived, "quantitySold": 1}, last) == (0, 0, 1)
    assert verdict(first, {**derived, "variations": first["variations"][:1]}, last) == (0, 0, 1)
    back = {**first, "available": 9, "quantitySold": 1, "variations": [rows[0], {**rows[1], "available": 4, "quantitySold": 1}]}
    assert verdict(first, derived, back, last) == (0, 0, 1)
    more = {**first, "available": 5, "quantitySold": 5}
    assert verdict(first, more, last) == (0, 0, 1)  # nobody bought that much


def test_a_listing_that_ended_is_removed_with_what_was_known_last(shop: World) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.end_listing("anna", item)
    known, ended = versions(shop, item)

    assert found(shop, told([known, known], item, last="removed")) == (0, 0, 0)
    assert found(shop, told([known, ended], item, last="removed")) == (0, 0, 0)
    assert found(shop, told([known], item)) == (1, 0, 0)
    assert found(shop, told([known, ended], item)) == (1, 0, 1)
    assert found(shop, told([known, {**known, "available": 1}], item, last="removed")) == (1, 0, 1)


def test_a_listing_of_the_inventory_api_is_not_to_be_told_of(shop: World) -> None:
    shop.add_sku("anna", "S-1", 5)
    item = shop.list_item("anna", sku="S-1")
    events = told([shop.listing("anna", item)], item)

    assert judge(shop.rows(), [], at=START + timedelta(days=1)).lost == 1  # the SKU
    assert found(shop, events)[2] == 1


@pytest.mark.parametrize("quantity", [None, -3, "many"])
def test_a_quantity_that_is_none_is_not_lost_whatever_was_made_of_it(shop: World, quantity: object) -> None:
    item = shop.list_item("anna", quantity=5)
    (first,) = versions(shop, item)
    odd = {**first, "title": "Odd", "quantity": quantity, "available": quantity}
    rows = [*shop.rows(), {**next(iter(shop.rows())), "version": 2, "document": odd}]
    made = {**odd, "quantity": 0, "available": 0}

    for documents in ([first], [first, odd], [first, made]):
        verdict = judge(rows, told(documents, item), at=START + timedelta(days=1))
        assert (verdict.lost, verdict.twice, verdict.wrong, verdict.nameless) == (0, 0, 0, 1)
    assert judge(rows, told([first, {**made, "title": "x"}], item), at=START + timedelta(days=1)).wrong == 1


def priceless(world: World, variation: int | None) -> tuple[list[Event], Event]:
    """The ledger, whose last version lacks a price, and that version."""
    *rows, last = list(world.rows())
    document = copy.deepcopy(last["document"])
    (document if variation is None else document["variations"][variation]).pop("price")
    return [*rows, {**last, "document": document}], document


def priced(document: Event, variation: int | None, price: str) -> Event:
    document = copy.deepcopy(document)
    (document if variation is None else document["variations"][variation])["price"] = {"value": price, "currency": "USD"}
    return document


@pytest.mark.parametrize("variation", [None, 1])
def test_a_price_that_ebay_leaves_out_may_be_told_as_it_was_but_as_no_other(shop: World, variation: int | None) -> None:
    item = shop.list_item("anna", quantity=5, price="9.99", variations=SHIRT if variation is not None else None)
    shop.clock.advance(seconds=30)
    shop.revise("anna", item, variation=variation, available=4)
    rows, odd = priceless(shop, variation)
    (first, _) = versions(shop, item)

    def verdict(second: Event) -> tuple[int, int, int]:
        one = judge(rows, told([first, second], item), at=START + timedelta(days=1))
        return one.lost, one.twice, one.wrong

    assert verdict(priced(odd, variation, "9.99")) == (0, 0, 0)
    assert verdict(odd) == (0, 0, 0)
    assert verdict(priced(odd, variation, "9.98")) == (1, 0, 1)


@pytest.mark.parametrize("empty", ["", None])
def test_a_title_that_ebay_leaves_empty_may_be_told_as_it_was_but_as_no_other(shop: World, empty: str | None) -> None:
    item = shop.list_item("anna", title="A lamp", quantity=5)
    shop.clock.advance(seconds=30)
    shop.revise("anna", item, available=4)
    *rows, last = list(shop.rows())
    rows.append({**last, "document": {**last["document"], "title": empty}})
    first, second = versions(shop, item)

    def verdict(title: str | None) -> tuple[int, int, int]:
        one = judge(rows, told([first, {**second, "title": title}], item), at=START + timedelta(days=1))
        return one.lost, one.twice, one.wrong

    assert verdict("A lamp") == (0, 0, 0)
    assert verdict(empty) == (0, 0, 0)
    assert verdict("A lamb") == (1, 0, 1)


def test_a_listing_of_which_only_the_price_was_left_out_need_not_be_told_again(shop: World) -> None:
    item = shop.list_item("anna", quantity=5, price="9.99")
    (first,) = versions(shop, item)
    shop.clock.advance(seconds=30)
    shop.revise("anna", item, title="another")
    shop.revise("anna", item, title=first["title"])
    rows, _ = priceless(shop, None)

    one = judge(rows, told([first], item), at=START + timedelta(days=1))

    assert (one.lost, one.twice, one.wrong) == (0, 0, 0)


@pytest.mark.parametrize("counts", [{}, {"available": -20, "quantity": -20}])
def test_a_sale_of_a_listing_whose_quantity_is_none_may_be_told(shop: World, counts: dict[str, int]) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.clock.advance(seconds=30)
    shop.sell("anna", item, 2)
    first, last = [row for row in shop.rows() if row["kind"] == "inventory"]
    unknown = {name: value for name, value in first["document"].items() if name not in ("available", "quantity")} | counts
    sold = {**unknown, "quantitySold": 2}

    one = judge(
        [{**first, "document": unknown}, last],
        told([unknown, sold, last["document"]], item),
        at=START + timedelta(days=1),
        kinds=["inventory"],
    )

    assert (one.lost, one.twice, one.wrong) == (0, 0, 0)


def test_a_sale_told_from_its_order_is_not_taken_for_a_later_listing_without_a_quantity(shop: World) -> None:
    item = shop.list_item("anna", title="A lamp", quantity=5)
    shop.clock.advance(seconds=30)
    shop.sell("anna", item, 2)
    shop.clock.advance(seconds=30)
    shop.revise("anna", item, available=-20)
    first, second, last = [dict(row) for row in shop.rows() if row["kind"] == "inventory"]
    derived = second["document"]
    second["document"] = {**derived, "title": "A lamb"}  # eBay showed another title with that sale, which is read after it was told

    events = told([first["document"], derived, second["document"], last["document"]], item)
    one = judge([first, second, last], events, at=START + timedelta(days=1), kinds=["inventory"])

    assert (one.lost, one.twice, one.wrong) == (0, 0, 0)


def test_what_is_told_of_a_quantity_that_is_none_is_not_taken_for_a_later_one(shop: World) -> None:
    item = shop.list_item("anna", quantity=5)
    for available in (8, 9, 10):
        shop.clock.advance(seconds=30)
        shop.revise("anna", item, available=available)
    rows = [dict(row) for row in shop.rows()]
    for number in (1, 3):
        rows[number]["document"] = {**rows[number]["document"], "available": "many", "quantity": "many"}
    first, word, third, last = (row["document"] for row in rows)
    sold = {**word, "quantitySold": 1}  # by an order

    one = judge(rows, told([first, word, sold, third, last], item), at=START + timedelta(days=1))

    assert (one.lost, one.twice, one.wrong) == (0, 0, 0)
