"""What an order number, line item, item id or SKU leads to, across sellers: by an index each, whatever the size of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from operations.errors import WrongInputError
from operations.finding import checked_text
from store import Store
from store.reading.finding import FIND_ENTITIES, LAST_LETTER, EntityFinder
from tests.store.conftest import KEY
from tests.store.documents import LATER, enroll, item, order, parcel, store_orders
from tests.support.databases import fresh

ARABIC, EMOJI = "\u0642\u0645\u064a\u0635-7", "\U0001f9e6-\U0001f4da"
LISTING = {"itemId": "110588", "title": "A thing", "status": "Active", "available": 4, "sku": "SOCK"}
ROWS = 6000
FILL = (
    """INSERT INTO sellerbeat.orders (seller_id, entity_id, version, data, digest, as_of, read_from, is_open, parcels_due)
    SELECT 's-' || n % 50, '03-' || n, 1, '{}', '', now(), 'list', false, false FROM generate_series(1, :rows) AS n""",
    """INSERT INTO sellerbeat.fulfillments (seller_id, entity_id, version, data, digest, as_of, read_from, order_id)
    SELECT 's-' || n % 50, '03-' || n || '/' || n, 1, '{}', '', now(), 'list', '03-' || n FROM generate_series(1, :rows) AS n""",
    """INSERT INTO sellerbeat.inventory (seller_id, entity_id, version, data, digest, as_of, read_from)
    SELECT 's-' || n % 50, CASE WHEN n % 2 = 0 THEN 'listing:' || n ELSE 'SKU-' || n END, 1, '{}', '', now(), 'list'
    FROM generate_series(1, :rows) AS n""",
    """INSERT INTO sellerbeat.offers (seller_id, entity_id, version, data, digest, as_of, read_from, sku)
    SELECT 's-' || n % 50, n, 1, '{}', '', now(), 'list', 'SKU-' || n FROM generate_series(1, :rows) AS n""",
    """INSERT INTO sellerbeat.sold_lines (seller_id, line_item_id, order_id, sku, item_id, sold_at)
    SELECT 's-' || n % 50, 'l-' || n, '03-' || n, 'SKU-' || n % 10, 10000 + n % 10, now() - n * interval '1 minute'
    FROM generate_series(1, :rows) AS n""",
)


def put_sale(store: Store, seller: str, number: str, **fields: Any) -> None:
    line = {"lineItemId": f"l-{number}", "legacyItemId": "110588", "sku": "SOCK", "quantity": 1, **fields}
    store_orders(store, order(number, lineItems=[line]), seller_id=seller)


@pytest.fixture
def filled(store: Store) -> Store:
    """anna: two orders, a parcel, a SKU and an offer of it; bert: a listing, and an order of it."""
    for seller in ("anna", "bert"):
        enroll(store, seller)
    put_sale(store, "anna", "03-1")
    put_sale(store, "anna", "03-12", sku=ARABIC)
    put_sale(store, "bert", "04-1", sku=EMOJI)
    with store.commit(store.begin("anna", Stream.FULFILLMENT)) as commit:
        commit.store_parcels("03-1", [parcel("940011189922385599")], LATER)
    with store.commit(store.begin("anna", Stream.INVENTORY)) as commit:
        commit.store_inventory([item("SOCK", 3), item("SOCKET", 1), item(EMOJI, 1)], LATER)
    with store.commit(store.begin("bert", Stream.LISTINGS)) as commit:
        commit.store_listings([LISTING], LATER, read_from="item")
    return store


def found(store: Store, begins: str, limit: int = 50) -> set[tuple[str, str, str, str]]:
    return {(one.seller_id, one.kind, one.by, one.entity_id) for one in EntityFinder(store.engine).find(begins, limit)}


def test_an_order_number_leads_to_the_order_and_its_parcels_and_so_does_how_it_begins(filled: Store) -> None:
    assert found(filled, "03-1") == {
        ("anna", "order", "order number", "03-1"),
        ("anna", "fulfillment", "order number", "03-1"),
        ("anna", "order", "order number", "03-12"),
    }
    assert found(filled, "3-1") == set()


def test_line_items_item_ids_and_skus_lead_to_orders_listings_and_stock_of_every_seller(filled: Store) -> None:
    assert found(filled, "l-04-1") == {("bert", "order", "line item", "04-1")}
    assert found(filled, "110588") == {
        *(("anna", "order", "item id", number) for number in ("03-1", "03-12")),
        ("bert", "order", "item id", "04-1"),
        ("bert", "listing", "item id", "listing:110588"),
    }
    assert found(filled, "SOCK") == {
        ("anna", "order", "SKU", "03-1"),
        ("anna", "inventory", "SKU", "SOCK"),
        ("anna", "inventory", "SKU", "SOCKET"),
    }


@pytest.mark.parametrize("sku", [ARABIC, EMOJI], ids=["arabic", "emoji"])
def test_skus_in_any_script_are_found(filled: Store, sku: str) -> None:
    assert {by for _, _, by, _ in found(filled, sku)} == {"SKU"}
    assert found(filled, sku[:2]) == found(filled, sku)


def test_no_tracking_number_leads_to_anything_and_none_is_shown(filled: Store) -> None:
    shown = EntityFinder(filled.engine).find("03-1", 50)

    for begins in ("9400", "940011189922385599", "03-1/940011189922385599"):
        assert found(filled, begins) == set()
    assert "9400" not in repr(shown)


@pytest.mark.parametrize("letter", ["%", "_", "\\", "'", "\U0010ffff", ":x"])
def test_no_letter_stands_for_another(filled: Store, letter: str) -> None:
    assert found(filled, letter) == set()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("", "write an order number"),
        ("  ", "write an order number"),
        ("a\x00b", "such a character"),
        ("\ud800", "such a character"),
        ("x" * 201, "200 characters"),
        ("sb_" + "a" * 43, "a token of the API"),
    ],
)
def test_what_no_id_can_be_is_refused_and_not_shown(given: str, named: str) -> None:
    with pytest.raises(WrongInputError) as refused:
        checked_text(given)

    assert named in str(refused.value)
    assert not given.strip() or given not in str(refused.value)


@pytest.fixture(scope="module")
def large(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Iterator[Store]:
    """In a database of this file's own: what Postgres learns of so many rows stays."""
    with fresh(postgres_server, execute, migrated_template) as url, closing(Store.connect(url, [KEY], pool_size=2)) as store:
        with store.engine.begin() as connection:
            for fill in FILL:
                connection.execute(text(fill), {"rows": ROWS})
            connection.exec_driver_sql("ANALYZE")
        yield store


@pytest.mark.parametrize("begins", ["0", "03-5", "03-500", "l-", "1", "SKU", "SKU-7", "nothing"])
def test_a_search_reads_some_rows_of_each_table_however_many_there_are(large: Store, begins: str) -> None:
    values = {"text": begins, "text_end": begins + LAST_LETTER, "listing": f"listing:{begins}", "limit": 20}
    values["listing_end"] = f"listing:{begins}{LAST_LETTER}"

    def rows(node: dict[str, Any]) -> int:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        return int((node["Actual Rows"] + removed) * node["Actual Loops"]) + sum(rows(one) for one in node.get("Plans", ()))

    with large.engine.begin() as connection:
        (plan,) = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {FIND_ENTITIES.text}"), values).scalar_one()

    assert rows(plan["Plan"]) < 20 * 40
    assert len(EntityFinder(large.engine).find(begins, 20)) <= 8 * 20
