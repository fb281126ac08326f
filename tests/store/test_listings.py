"""Listings in the store: what is theirs and what a SKU's, what readings and cursors vouch for, which readings are taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from store import Commit, Store, StoreResult
from store.schema.times import iso
from tests.store.documents import LATER, SELLER, enroll, item, order, reported, store_inventory, store_orders

MUCH_LATER = LATER + timedelta(hours=1)


def listing(item_id: str = "1", available: Any = 3, **fields: Any) -> dict[str, Any]:
    counts = {"available": available, "quantity": 5, "quantitySold": 2}
    return {"itemId": item_id, "title": "A thing", "status": "Active", **counts, "price": {"value": "9.99", "currency": "USD"}, **fields}


@contextmanager
def polled(store: Store, stream: Stream = Stream.LISTINGS, seller_id: str = SELLER) -> Iterator[Commit]:
    with store.commit(store.begin(seller_id, stream)) as commit:
        yield commit


def keep(store: Store, *listings: Any, read_at: datetime = LATER, without_id: tuple[str, ...] = (), **more: Any) -> StoreResult:
    with polled(store) as commit:
        return commit.store_listings(listings, read_at, without_id=without_id, **more)


def sell(store: Store, item_id: str = "1", at: datetime = LATER, number: str = "o-1") -> None:
    lines = [{"lineItemId": number, "legacyItemId": item_id, "quantity": 1}]
    store_orders(store, order(number, created=at, modified=at, lineItems=lines), read_at=at)


def derive(store: Store, item_id: str, sold_at: datetime) -> None:
    """As a version before 0011 left a listing that was sold, and the migration after it."""
    with store.engine.begin() as connection:
        values = {"id": f"listing:{item_id}", "at": sold_at}
        connection.execute(text("UPDATE sellerbeat.inventory SET read_from = 'derived', sold_at = :at WHERE entity_id = :id"), values)
        mark = """
            INSERT INTO sellerbeat.stock_due (seller_id, entity_id, due_at, moved_at) SELECT seller_id, :id, :at, :at
                FROM sellerbeat.sellers
        """
        connection.execute(text(mark), values)


def due(store: Store, now: datetime) -> list[str]:
    return [one.entity_id for one in store.listings_due(SELLER, now, LATER, 10)]


def row(store: Store, entity_id: str = "listing:1") -> dict[str, Any]:
    return next(one for one in store.snapshot(SELLER, "inventory") if one["entity_id"] == entity_id)


def test_a_listing_is_created_changed_and_removed_with_what_it_ended_with(store: Store) -> None:
    keep(store, listing())
    keep(store, listing(available=0, quantitySold=5), listing("2"))
    stored = keep(store, listing(available=0, quantitySold=5, status="Completed"), listing("3", status="Completed"))

    assert reported(store) == [
        ("inventory.created", "listing:1", 1),
        ("inventory.updated", "listing:1", 2),
        ("inventory.out_of_stock", "listing:1", 2),
        ("inventory.created", "listing:2", 1),
        ("inventory.removed", "listing:1", 3),
    ]
    assert (stored.changes, stored.duplicates) == (1, 1)  # one that was over before anybody saw it is no news
    assert row(store)["data"]["status"] == "Completed"


def test_a_listing_whose_skus_all_are_items_is_theirs(store: Store) -> None:
    store_inventory(store, item("A"), item("B"))
    both = [{"sku": "A", "available": 1}, {"sku": "B", "available": 1}]

    keep(store, listing("1", sku="A"), listing("2", variations=both), listing("3", variations=[*both, {"sku": "C", "available": 1}]))

    assert [name for _, name, _ in reported(store)] == ["A", "B", "listing:3"]


@pytest.mark.parametrize("how", [{}, {"status": "Completed"}])
def test_a_listing_that_becomes_an_items_is_removed_as_it_was(store: Store, how: dict[str, Any]) -> None:
    keep(store, listing(sku="A"))
    store_inventory(store, item("A"))

    keep(store, listing(sku="A", available=1, **how))

    assert reported(store)[-1] == ("inventory.removed", "listing:1", 2)
    assert row(store)["data"] == listing(sku="A")


def test_a_sku_that_is_gone_gives_its_listing_back(store: Store) -> None:
    store_inventory(store, item("A"))
    with polled(store, Stream.INVENTORY) as commit:
        commit.remove_inventory(["A"], LATER)

    keep(store, listing(sku="A"))

    assert reported(store)[-1] == ("inventory.created", "listing:1", 1)


def test_stored_listings_that_became_items_are_found(store: Store) -> None:
    keep(store, listing("1", sku="A"), listing("2", variations=[{"sku": "A"}, {"sku": "B"}]), listing("3"), listing("4", variations=[]))
    store_inventory(store, item("A"))

    assert store.listings.backed(SELLER, 10) == ["listing:1"]


def test_a_seller_who_is_read_by_trading_alone_keeps_them_all(store: Store) -> None:
    enroll(store, "t", inventory_source="trading")
    with polled(store, Stream.INVENTORY, "t") as commit:
        commit.store_inventory([item("A")], LATER)

    with polled(store, seller_id="t") as commit:
        commit.store_listings([listing(sku="A")], LATER)

    assert [name for _, name, _ in reported(store, "t")] == ["A", "listing:1"]


def test_an_item_without_an_id_is_set_aside_and_a_refused_listing_is_kept_when_it_is_tried_again(store: Store) -> None:
    keep(store, listing(title="CANARY\0"), listing("2"), without_id=("<Item><Title>x</Title></Item>",))
    asides = {one["entity_id"]: one["id"] for one in store.set_aside()}
    with store.engine.begin() as connection:  # as if a newer version could read it
        connection.exec_driver_sql(r"UPDATE sellerbeat.set_aside SET raw = replace(raw, '\u0000', '')")

    tried = {name: store.retry_set_aside(number) for name, number in asides.items()}

    assert tried == {"listing:1": True, None: False}
    assert row(store)["data"]["title"] == "CANARY"
    assert reported(store)[-1] == ("inventory.created", "listing:1", 1)


@pytest.mark.parametrize(("seconds", "again"), [(5, True), (239, True), (240, False)])
def test_a_reading_is_taken_however_soon_after_a_sale_and_one_within_four_minutes_of_it_comes_again(
    store: Store, seconds: int, again: bool
) -> None:
    keep(store, listing(), read_at=LATER)
    sold_at = LATER + timedelta(minutes=10)
    sell(store, at=sold_at)

    stored = keep(store, listing(available=2, quantitySold=3, title="New"), read_at=sold_at + timedelta(seconds=seconds))

    assert stored.changes == 1
    assert (row(store)["read_from"], row(store)["data"]["available"], row(store)["data"]["title"]) == ("events", 2, "New")
    assert due(store, sold_at + timedelta(minutes=4, milliseconds=-1)) == []
    assert bool(due(store, sold_at + timedelta(minutes=4))) is again


def test_a_reading_that_finds_a_listing_as_it_is_stored_moves_its_time_on(store: Store) -> None:
    keep(store, listing(), read_at=LATER)

    stored = keep(store, listing(), read_at=MUCH_LATER, read_from="item")

    assert (stored.changes, stored.duplicates) == (0, 1)
    assert (row(store)["read_from"], row(store)["as_of"], row(store)["version"]) == ("item", iso(MUCH_LATER), 1)


@pytest.mark.parametrize(("seconds", "taken"), [(10, True), (11, False)])
@pytest.mark.parametrize("read_from", ["events", "item"])
def test_a_reading_that_is_older_than_the_stored_one_is_not_taken_and_the_listing_is_read_again(
    store: Store, seconds: int, taken: bool, read_from: str
) -> None:
    keep(store, listing(available=1), read_at=MUCH_LATER)
    read_at = MUCH_LATER - timedelta(seconds=seconds)

    stored = keep(store, listing(), read_at=read_at, read_from=read_from)

    assert stored.changes == taken
    assert (row(store)["data"]["available"], row(store)["as_of"]) == ((3, iso(read_at)) if taken else (1, iso(MUCH_LATER)))
    assert due(store, MUCH_LATER) == ([] if taken else ["listing:1"])


def test_a_list_just_after_a_listing_was_read_alone_waits_for_a_second_one(store: Store) -> None:
    keep(store, listing(available=1), read_at=LATER, read_from="item")
    at = [LATER + timedelta(seconds=seconds) for seconds in (60, 239, 240)]

    stored = [keep(store, listing(), read_at=one).changes for one in at]

    assert stored == [0, 0, 1]
    assert row(store)["data"]["available"] == 3


def test_a_list_that_shows_fewer_sold_just_after_a_sale_waits_at_most_four_minutes_for_a_second_one(store: Store) -> None:
    keep(store, listing(available=1, quantitySold=4), read_at=LATER)
    first = LATER + timedelta(minutes=1)
    for minute in range(6):  # it sells every minute
        sell(store, at=LATER + timedelta(minutes=minute), number=f"o-{minute}")

    stored = [keep(store, listing(), read_at=first + timedelta(minutes=minute)).changes for minute in range(5)]

    assert stored == [0, 0, 0, 0, 1]
    assert row(store)["data"]["available"] == 3


def test_a_single_reading_waits_for_nothing(store: Store) -> None:
    keep(store, listing(available=1, quantitySold=4), read_at=LATER)
    sell(store, at=LATER)

    assert keep(store, listing(), read_at=LATER + timedelta(seconds=30), read_from="item").changes == 1


def test_a_report_vouches_only_for_derived_stock_whose_sale_it_can_know(store: Store) -> None:
    keep(store, listing("1"), listing("2"), read_at=LATER)
    derive(store, "1", LATER + timedelta(minutes=1))
    derive(store, "2", LATER + timedelta(minutes=10))

    with polled(store, Stream.REPORT) as commit:
        commit.mark_listings_verified(["listing:1", "listing:2"], LATER + timedelta(minutes=10))

    assert [row(store, f"listing:{number}")["read_from"] for number in (1, 2)] == ["report", "derived"]
    assert due(store, MUCH_LATER) == ["listing:2"]


def test_the_cursor_vouches_for_what_it_passed_and_for_nothing_that_is_derived_or_removed(store: Store) -> None:
    keep(store, listing("1"), listing("2"), listing("3"), read_at=LATER)
    sold_at = LATER + timedelta(minutes=1)
    derive(store, "2", sold_at)
    with polled(store) as commit:
        commit.remove_listings(["listing:3"], LATER)
        commit.advance(cursor=MUCH_LATER)

    assert [row(store, f"listing:{number}")["as_of"] for number in (1, 2, 3)] == [iso(MUCH_LATER), iso(sold_at), iso(LATER)]


def test_the_report_moves_the_listings_cursor_and_never_back(store: Store) -> None:
    for at in (MUCH_LATER, LATER):
        with polled(store, Stream.REPORT) as commit:
            commit.advance_other(Stream.LISTINGS, at)

    assert store.cursor(SELLER, Stream.LISTINGS) == MUCH_LATER


def test_only_new_and_changed_listings_are_asked_for_and_only_skus_that_no_scan_saw(store: Store) -> None:
    store_inventory(store, item("KNOWN"))
    keep(store, listing("1", sku="OLD"), listing("2", sku="CHANGED"))
    varied = listing("4", variations=[{"sku": "S"}, {"sku": "KNOWN"}, {"sku": "M"}])

    asked = store.listings.unasked(SELLER, [listing("1", sku="OLD"), listing("2", 1, sku="CHANGED"), listing("3"), varied])

    assert asked == [["CHANGED"], ["S", "M"]]


def test_a_listing_is_due_four_minutes_after_a_sale_and_one_that_nobody_knows_at_once(store: Store) -> None:
    keep(store, listing("1"), listing("2"), read_at=LATER)
    sold_at = LATER + timedelta(minutes=1)
    sell(store, "2", sold_at)
    sell(store, "3", sold_at, "o-2")

    assert due(store, sold_at) == ["listing:3"]
    assert due(store, sold_at + timedelta(minutes=4, milliseconds=-1)) == ["listing:3"]
    assert due(store, sold_at + timedelta(minutes=4)) == ["listing:3", "listing:2"]


def test_listings_on_no_page_of_a_scan_are_found(store: Store) -> None:
    keep(store, listing("1"), listing("2"), listing("3"))
    store_inventory(store, item("A"))
    step = store.begin(SELLER, Stream.REPORT)
    with store.commit(step) as commit:
        commit.scan_page(step.epoch, 0, ["listing:1"], LATER)
        commit.scan_page(step.epoch, 1_000_001, ["listing:3"], LATER)

    assert store.listings.unlisted(SELLER, step.epoch, 10) == ["listing:2"]
