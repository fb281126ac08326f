"""The judge on listings: what is told of stock is what eBay had shown by then, and of what it showed odd nothing better is expected."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from simulator.judge import Verdict, judge
from tests.simulator.conftest import START, stamp
from tests.support.manual_world import ManualWorld

Event = dict[str, Any]
SHIRT = [{"sku": "T-S", "specifics": {"Size": "S"}, "quantity": 5}, {"sku": "T-M", "specifics": {"Size": "M"}, "quantity": 5}]


@pytest.fixture
def shop() -> ManualWorld:
    world = ManualWorld(seed=7, now=START)
    world.switches.listing_late = 0.0
    world.add_seller("anna")
    return world


def recorded(documents: list[Event], item: str, last: str = "updated", seconds: int = 60) -> list[Event]:
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
        event |= {"occurred_at": detected_at, "detected_at": detected_at}
        events.append({**event, "version": k, "source": "poll", "data": copy.deepcopy(document)})
    return events


def judged(world: ManualWorld, events: list[Event], **options: Any) -> Verdict:
    return judge(world.rows(), events, at=START + timedelta(days=1), kinds=["inventory"], **options)


def found(world: ManualWorld, events: list[Event]) -> tuple[int, int, int]:
    verdict = judged(world, events)
    return verdict.lost, verdict.twice, verdict.wrong


def versions(world: ManualWorld, item: str) -> list[Event]:
    return [row["document"] for row in world.rows() if row["entity_id"] == f"listing:{item}"]


def test_a_listing_is_compared_like_the_rest(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.revise("anna", item, price="2.00")
    first, second = versions(shop, item)

    assert found(shop, recorded([first, second], item)) == (0, 0, 0)
    assert found(shop, recorded([second], item)) == (0, 0, 0)
    assert found(shop, recorded([first], item)) == (1, 0, 0)
    assert found(shop, []) == (1, 0, 0)
    assert found(shop, recorded([second, first], item)) == (1, 0, 1)
    assert found(shop, recorded([first, {**second, "title": "x"}], item)) == (1, 0, 1)


def spoilt_available(row: Event) -> None:
    row["available"] += 1


def spoilt_price(row: Event) -> None:
    row["price"] = {"value": "1.0", "currency": "USD"}


def no_available(row: Event) -> None:
    del row["available"]


def no_title(row: Event) -> None:
    del row["title"]


def no_variations(row: Event) -> None:
    del row["variations"]


def spoilt_variation(row: Event) -> None:
    row["variations"][1]["available"] += 1


def no_specifics(row: Event) -> None:
    for one in row["variations"]:
        del one["specifics"]


@pytest.mark.parametrize("spoil", [spoilt_available, spoilt_price, no_available, no_title, no_variations, spoilt_variation, no_specifics])
def test_all_of_it_must_be_there_and_right(shop: ManualWorld, spoil: Callable[[Event], None]) -> None:
    item = shop.list_item("anna", variations=SHIRT)
    (whole,) = versions(shop, item)
    row = copy.deepcopy(whole)
    spoil(row)

    assert found(shop, recorded([row], item)) == (1, 0, 1)
    assert found(shop, recorded([whole], item)) == (0, 0, 0)


def test_a_sale_that_ebay_did_not_show_in_the_listing_is_wrong(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.revise("anna", item, title="Not seen yet")
    shop.sell("anna", item, 2)
    first, _, last = versions(shop, item)
    derived = {**first, "available": 3, "quantitySold": 2}

    assert found(shop, recorded([first, derived, last], item)) == (0, 0, 1)
    assert found(shop, recorded([first, last], item)) == (0, 0, 0)


def test_what_ebay_shows_later_is_wrong_until_then(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.revise("anna", item, available=4, visible_at=START + timedelta(minutes=5))
    first, second = versions(shop, item)
    events = recorded([first, second], item)  # the second at 12:02

    assert found(shop, events) == (0, 0, 1)
    assert "had not shown this yet" in judged(shop, events).examples[0]
    assert judged(shop, events, slack=timedelta(minutes=3)).ok
    assert not judged(shop, events, slack=timedelta(minutes=2, seconds=59)).ok
    events[1]["occurred_at"] = stamp(START + timedelta(minutes=5))
    assert judged(shop, events).ok
    events[1]["occurred_at"] = stamp(START + timedelta(minutes=4, seconds=58))  # a Date has whole seconds
    assert judged(shop, events).ok
    events[1]["occurred_at"] = stamp(START + timedelta(minutes=4, seconds=57))
    assert not judged(shop, events).ok


def test_a_figure_that_comes_again_counts_for_the_time_when_it_was_shown(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    for minutes, available in ((1, 4), (30, 5), (40, 4)):
        shop.revise("anna", item, available=available, visible_at=START + timedelta(minutes=minutes))
    five, four, *_ = versions(shop, item)

    assert found(shop, recorded([five, four, five, four], item, seconds=1200)) == (0, 0, 0)
    assert found(shop, recorded([five, four, five, four], item, seconds=300)) == (
        0,
        0,
        2,
    )  # the third before eBay went back to it, and the last


def test_an_end_that_ebay_shows_later_is_wrong_until_then(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.end_listing("anna", item, visible_at=START + timedelta(minutes=5))
    known, _ = versions(shop, item)

    assert found(shop, recorded([known, known], item, last="removed")) == (0, 0, 1)
    assert found(shop, recorded([known, known], item, last="removed", seconds=160)) == (0, 0, 0)


def test_a_listing_is_gone_as_soon_as_its_sku_is_there(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5, sku="S-1")
    shop.switches.listing_late = 1.0
    shop.clock.advance(seconds=60)
    shop.add_sku("anna", "S-1", 4)
    known, _ = versions(shop, item)
    (sku,) = [row for row in shop.rows() if row["entity_id"] == "S-1"]
    events = recorded([known, known], item, last="removed", seconds=40)
    of_sku = {**events[1], "id": "sku", "sequence": 3, "position": 3, "type": "inventory.created", "entity_id": "S-1", "version": 1}

    assert found(shop, [*events, {**of_sku, "data": sku["document"]}]) == (0, 0, 0)
    events[1]["occurred_at"] = stamp(START + timedelta(seconds=50))
    assert found(shop, [*events, {**of_sku, "data": sku["document"], "occurred_at": stamp(START + timedelta(seconds=60))}]) == (0, 0, 1)


def test_a_listing_that_ended_is_removed_with_what_was_known_last(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    shop.end_listing("anna", item)
    known, ended = versions(shop, item)

    assert found(shop, recorded([known, known], item, last="removed")) == (0, 0, 0)
    assert found(shop, recorded([known, ended], item, last="removed")) == (0, 0, 0)
    assert found(shop, recorded([known], item)) == (1, 0, 0)
    assert found(shop, recorded([known, ended], item)) == (1, 0, 1)
    assert found(shop, recorded([known, {**known, "available": 1}], item, last="removed")) == (1, 0, 1)


def test_a_listing_of_the_inventory_api_is_not_to_be_recorded(shop: ManualWorld) -> None:
    shop.add_sku("anna", "S-1", 5)
    item = shop.list_item("anna", sku="S-1")
    events = recorded([shop.listing("anna", item)], item)

    assert judge(shop.rows(), [], at=START + timedelta(days=1)).lost == 1  # the SKU
    assert found(shop, events)[2] == 1


@pytest.mark.parametrize("quantity", [None, -3, "many"])
def test_a_quantity_that_is_none_is_not_lost_whatever_was_made_of_it(shop: ManualWorld, quantity: object) -> None:
    item = shop.list_item("anna", quantity=5)
    (first,) = versions(shop, item)
    malformed = {**first, "title": "Odd", "quantity": quantity, "available": quantity}
    rows = [*shop.rows(), {**next(iter(shop.rows())), "version": 2, "document": malformed}]
    made = {**malformed, "quantity": 0, "available": 0}

    for documents in ([first], [first, malformed], [first, made]):
        verdict = judge(rows, recorded(documents, item), at=START + timedelta(days=1))
        assert (verdict.lost, verdict.twice, verdict.wrong, verdict.nameless) == (0, 0, 0, 1)
    assert judge(rows, recorded([first, {**made, "title": "x"}], item), at=START + timedelta(days=1)).wrong == 1


def priceless(world: ManualWorld, variation: int | None) -> tuple[list[Event], Event]:
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
def test_a_price_that_ebay_leaves_out_may_be_recorded_as_it_was_but_as_no_other(shop: ManualWorld, variation: int | None) -> None:
    item = shop.list_item("anna", quantity=5, price="9.99", variations=SHIRT if variation is not None else None)
    shop.clock.advance(seconds=30)
    shop.revise("anna", item, variation=variation, available=4)
    rows, malformed = priceless(shop, variation)
    (first, _) = versions(shop, item)

    def verdict(second: Event) -> tuple[int, int, int]:
        one = judge(rows, recorded([first, second], item), at=START + timedelta(days=1))
        return one.lost, one.twice, one.wrong

    assert verdict(priced(malformed, variation, "9.99")) == (0, 0, 0)
    assert verdict(malformed) == (0, 0, 0)
    assert verdict(priced(malformed, variation, "9.98")) == (1, 0, 1)


@pytest.mark.parametrize("empty", ["", None])
def test_a_title_that_ebay_leaves_empty_may_be_recorded_as_it_was_but_as_no_other(shop: ManualWorld, empty: str | None) -> None:
    item = shop.list_item("anna", title="A lamp", quantity=5)
    shop.clock.advance(seconds=30)
    shop.revise("anna", item, available=4)
    *rows, last = list(shop.rows())
    rows.append({**last, "document": {**last["document"], "title": empty}})
    first, second = versions(shop, item)

    def verdict(title: str | None) -> tuple[int, int, int]:
        one = judge(rows, recorded([first, {**second, "title": title}], item), at=START + timedelta(days=1))
        return one.lost, one.twice, one.wrong

    assert verdict("A lamp") == (0, 0, 0)
    assert verdict(empty) == (0, 0, 0)
    assert verdict("A lamb") == (1, 0, 1)


def test_a_listing_of_which_only_the_price_was_left_out_need_not_be_recorded_again(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5, price="9.99")
    (first,) = versions(shop, item)
    shop.clock.advance(seconds=30)
    shop.revise("anna", item, title="another")
    shop.revise("anna", item, title=first["title"])
    rows, _ = priceless(shop, None)

    one = judge(rows, recorded([first], item), at=START + timedelta(days=1))

    assert (one.lost, one.twice, one.wrong) == (0, 0, 0)


def test_what_is_recorded_of_a_quantity_that_is_none_is_not_taken_for_a_later_one(shop: ManualWorld) -> None:
    item = shop.list_item("anna", quantity=5)
    for available in (8, 9, 10):
        shop.clock.advance(seconds=30)
        shop.revise("anna", item, available=available)
    rows = [dict(row) for row in shop.rows()]
    for number in (1, 3):
        rows[number]["document"] = {**rows[number]["document"], "available": "many", "quantity": "many"}
    first, word, third, last = (row["document"] for row in rows)
    made = {**word, "quantitySold": 1}

    one = judge(rows, recorded([first, word, made, third, last], item), at=START + timedelta(days=1))

    assert (one.lost, one.twice, one.wrong) == (0, 0, 0)
