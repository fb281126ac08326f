"""Lines that are told once, readings that are not taken, and what an upgrade does with both."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.changes.readings import JITTER
from domain.pacing import Stream
from domain.waits import EBAYS
from store import Store, connect
from store.schema import migrate
from store.schema.times import iso
from tests.store.documents import ENROLLED, LATER, SELLER, order, store_orders
from tests.support.revisions import at_revision

LISTING = {"itemId": "1", "title": "A thing", "status": "Active", "available": 40, "quantity": 40, "quantitySold": 0}
SOON = LATER + timedelta(minutes=1)


def listing(sold: int = 0, **fields: Any) -> dict[str, Any]:
    return {**LISTING, "available": 40 - sold, "quantitySold": sold, **fields}


def read(store: Store, document: dict[str, Any], at: datetime, by: str = "events") -> int:
    with store.commit(store.begin(SELLER, Stream.LISTINGS)) as commit:
        return commit.store_listings([document], at, read_from=by).changes


def sell(store: Store, at: datetime, number: int = 1, quantity: int = 1, **fields: Any) -> None:
    line = {"lineItemId": f"l-{number}", "legacyItemId": "1", "quantity": quantity}
    store_orders(store, order(f"o-{number}", created=at, modified=at, lineItems=[line], **fields), read_at=at + timedelta(seconds=5))


def stored(store: Store, entity_id: str = "listing:1") -> dict[str, Any]:
    return next(row for row in store.snapshot(SELLER, "inventory") if row["entity_id"] == entity_id)


def due(store: Store, at: datetime) -> list[str]:
    return [one.entity_id for one in store.listings_due(SELLER, at, at, 10)]


def types(store: Store) -> list[str]:
    return [event["type"] for event in store.feed.read() if event["type"].startswith("inventory")]


def test_a_reading_that_is_older_than_the_stored_one_changes_nothing_and_is_made_again(store: Store) -> None:
    read(store, listing(2), LATER)

    read(store, listing(0, title="As it was"), LATER - JITTER - timedelta(seconds=1), by="item")

    assert stored(store)["data"] == listing(2)
    assert types(store) == ["inventory.created"]
    assert due(store, LATER + timedelta(hours=1)) == ["listing:1"]


def test_an_item_that_was_read_before_what_is_stored_changes_nothing(store: Store) -> None:
    with store.commit(store.begin(SELLER, Stream.INVENTORY)) as commit:
        commit.store_inventory([{"sku": "A", "condition": "NEW"}], LATER)
        commit.store_inventory([{"sku": "A", "condition": "USED"}], LATER - timedelta(minutes=1))

    assert stored(store, "A")["data"]["condition"] == "NEW"
    assert store.skus_due(SELLER, 10) == ["A"]


def test_a_list_that_lags_behind_the_answer_about_one_listing_is_looked_at_twice(store: Store) -> None:
    read(store, listing(0, title="Old"), LATER - timedelta(hours=1))
    read(store, listing(0, title="New"), LATER, by="item")

    lagging = read(store, listing(0, title="Old"), SOON)
    again = due(store, SOON + EBAYS.listing_lag)
    read(store, listing(0, title="New"), SOON + EBAYS.listing_lag)

    assert (lagging, again) == (0, ["listing:1"])
    assert stored(store)["data"]["title"] == "New"
    assert types(store) == ["inventory.created", "inventory.updated"]
    assert due(store, SOON + timedelta(days=1)) == []


def test_a_list_that_says_the_same_again_after_its_wait_is_believed(store: Store) -> None:
    read(store, listing(0, title="Old"), LATER - timedelta(hours=1))
    sell(store, LATER, 1)
    read(store, listing(1), LATER + timedelta(seconds=20))
    for minute in range(4):
        read(store, listing(0), LATER + timedelta(minutes=minute, seconds=30))
        assert stored(store)["data"]["quantitySold"] == 1

    read(store, listing(0), LATER + timedelta(minutes=4, seconds=30))

    assert stored(store)["data"]["quantitySold"] == 0


def test_a_listing_that_ended_is_not_brought_back_by_a_list_that_lags(store: Store) -> None:
    read(store, listing(), LATER - timedelta(hours=1))
    with store.commit(store.begin(SELLER, Stream.LISTINGS)) as commit:
        commit.remove_listings(["listing:1"], LATER)

    read(store, listing(), SOON)

    assert types(store) == ["inventory.created", "inventory.removed"]


def test_a_reading_that_finds_the_listing_as_it_is_moves_its_time_on(store: Store) -> None:
    read(store, listing(), LATER)

    assert read(store, listing(), SOON) == 0

    assert stored(store)["as_of"] == iso(SOON)


def test_a_listing_that_was_read_within_four_minutes_of_its_sale_is_read_once_more(store: Store) -> None:
    read(store, listing(), LATER - timedelta(hours=1))
    sell(store, LATER)

    read(store, listing(), LATER + timedelta(seconds=239))
    early = due(store, LATER + timedelta(minutes=5))
    read(store, listing(1), LATER + timedelta(minutes=5))

    assert early == ["listing:1"]
    assert due(store, LATER + timedelta(days=1)) == []


def test_a_sale_that_the_last_reading_holds_makes_nothing_due(store: Store) -> None:
    read(store, listing(1), LATER + EBAYS.index_lag + timedelta(seconds=3))

    sell(store, LATER)

    assert due(store, LATER + timedelta(days=1)) == []


def test_a_line_is_told_once_whatever_comes_after_it(store: Store) -> None:
    sell(store, LATER, 1)
    sell(store, SOON, 1, quantity=3)
    store_orders(store, order("o-9", created=SOON, modified=SOON, lineItems=[{"lineItemId": "l-1", "sku": "S", "quantity": 1}]))

    sold = [event for event in store.feed.read() if event["type"] == "inventory.sold"]
    assert [(event["data"]["orderId"], event["data"]["quantity"], event["version"]) for event in sold] == [("o-1", 1, 0)]


def test_the_id_of_a_sale_is_made_of_its_line_and_of_no_version(store: Store) -> None:
    read(store, listing(), LATER - timedelta(hours=1))
    read(store, listing(0, title="Another"), LATER - timedelta(minutes=50))
    sell(store, LATER, 1)
    [first] = [event for event in store.feed.read() if event["type"] == "inventory.sold"]
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM sellerbeat.change_events"))
        connection.execute(text("DELETE FROM sellerbeat.sold_lines"))
        connection.execute(text("DELETE FROM sellerbeat.orders"))
        connection.execute(text("DELETE FROM sellerbeat.inventory"))

    sell(store, LATER, 1)

    [second] = [event for event in store.feed.read() if event["type"] == "inventory.sold"]
    assert (first["version"], second["version"]) == (2, 0)
    assert first["id"] == second["id"]


MALFORMED_LINES: list[Any] = [
    {"lineItemId": "told", "sku": "S", "legacyItemId": "1", "quantity": 2, "variationAspects": [{"name": "Size", "value": "M"}, 7]},
    {"lineItemId": 4711, "legacyItemId": 1, "quantity": "2"},
    {"lineItemId": "odd", "sku": ["x"], "quantity": -1, "variationAspects": {}},
    {"lineItemId": None, "sku": "S"},
    {"lineItemId": {"n": 1}},
    None,
    "line",
]


@pytest.fixture
def before(empty_database: str) -> str:
    """A database of the version before sales were told, with a seller."""
    with at_revision(empty_database, "0010") as connection:
        connection.execute(
            text("INSERT INTO sellerbeat.sellers (seller_id, enrollment, enrolled_at) VALUES ('seller-1', gen_random_uuid(), :at)"),
            {"at": ENROLLED},
        )
    return empty_database


def put_order(connection: Any, number: str, lines: Any, created_at: datetime | None) -> None:
    connection.execute(
        text("""
            INSERT INTO sellerbeat.orders (seller_id, entity_id, version, data, digest, as_of, read_from, created_at, is_open, parcels_due)
            VALUES ('seller-1', :number, 1, CAST(:data AS jsonb), '', :at, 'list', :created, true, false)
        """),
        {"number": number, "data": json.dumps({"lineItems": lines}), "at": LATER, "created": created_at},
    )


def test_an_upgrade_marks_the_lines_of_stored_orders_as_told_and_has_derived_stock_read(before: str) -> None:
    engine = connect(before)
    with engine.begin() as connection:
        put_order(connection, "o-1", MALFORMED_LINES, LATER)
        put_order(connection, "old", [{"lineItemId": "old"}], ENROLLED - timedelta(days=1))
        for number, lines in enumerate([None, {"lineItemId": "x"}, 7, [], [[1]]]):
            put_order(connection, f"odd-{number}", lines, None)
        connection.execute(
            text("""
                INSERT INTO sellerbeat.inventory (seller_id, entity_id, version, data, digest, as_of, read_from, sold_at) VALUES
                    ('seller-1', 'listing:1', 3, '{}', '', :at, 'derived', :sold),
                    ('seller-1', 'listing:2', 3, '{}', '', :at, 'events', NULL)
            """),
            {"at": LATER, "sold": SOON},
        )
    engine.dispose()  # nobody may be connected meanwhile

    migrate.upgrade(before)

    with engine.begin() as connection:
        sold_lines = connection.execute(
            text("SELECT line_item_id, sku, item_id, aspects, quantity, sold_at, told FROM sellerbeat.sold_lines ORDER BY 1")
        ).all()
        due_now = connection.execute(text("SELECT entity_id, due_at, moved_at FROM sellerbeat.stock_due")).all()
    engine.dispose()
    assert [tuple(line) for line in sold_lines] == [
        ("4711", None, None, [], None, LATER, False),
        ("odd", None, None, [], None, LATER, False),
        ("told", "S", "1", [["Size", "M"]], 2, LATER, False),
    ]
    assert [tuple(row) for row in due_now] == [("listing:1", SOON, SOON)]


def test_a_line_that_was_stored_before_the_upgrade_is_not_told_after_it(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO sellerbeat.sold_lines (seller_id, line_item_id, order_id, sold_at, told) VALUES (:s, 'l-1', 'o-1', :at, false)"
            ),
            {"s": SELLER, "at": LATER},
        )

    sell(store, LATER, 1)

    assert "inventory.sold" not in types(store)
