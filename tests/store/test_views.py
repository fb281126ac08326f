"""What readers of the same database see."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from store import Store
from store.schema.views import VIEWS
from tests.store.documents import LATER, order, parcel, store_orders

ROW = """
    INSERT INTO sellerbeat.{table} (seller_id, entity_id, version, data, digest, as_of, read_from{names})
    SELECT 's', 'e' || n, 1, doc, '', now(), 'list'{values} FROM jsonb_array_elements(CAST(:docs AS jsonb)) WITH ORDINALITY AS d (doc, n)
"""
TABLES = {"orders": (", is_open, parcels_due", ", false, false"), "fulfillments": (", order_id", ", 'o'"), "inventory": ("", "")}
DATES = ["2026-02-31T10:00:00.000Z", "2026-13-01T00:00:00Z", "0000-01-01T00:00:00Z"]
PLAIN = st.text(max_size=20).map(lambda value: value.replace("\0", ""))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["99999999999999999999", "-1", "1e5", "12.50"])
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, PLAIN, st.sampled_from([*DATES, "listing:"]), st.just([]), st.just([1, "a", None, {}])
)
NAMES = st.sampled_from(
    [
        "lineItems",
        "pricingSummary",
        "total",
        "value",
        "currency",
        "buyer",
        "username",
        "cancelStatus",
        "cancelState",
        "quantity",
        "lineItemCost",
        "shippedDate",
        "availability",
        "shipToLocationAvailability",
        "available",
        "price",
        "variations",
        "title",
        "product",
        "sku",
        "itemId",
    ]
)
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.dictionaries(NAMES, inner, max_size=6) | st.lists(inner, max_size=3), max_leaves=25)


def seen(store: Store, view: str) -> list[dict[str, Any]]:
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM sellerbeat.{view} ORDER BY 1, 2, 3")).mappings()]


def test_orders_their_lines_parcels_and_changes_are_shown_in_columns(store: Store) -> None:
    line = {
        "lineItemId": "1",
        "sku": "A",
        "legacyItemId": "77",
        "title": "A thing",
        "quantity": 2,
        "lineItemCost": {"value": "20.0", "currency": "EUR"},
    }
    document = order("o-1", buyer={"username": "bo"}, lineItems=[line], pricingSummary={"total": {"value": "24.90", "currency": "EUR"}})
    store_orders(store, document)
    with store.engine.begin() as connection:
        connection.execute(
            text(ROW.format(table="fulfillments", names=", order_id", values=", 'o-1'")),
            {"docs": json.dumps([parcel("p-1") | {"shippedDate": "2026-03-01T13:00:00.000Z"}])},
        )

    (shown,), (sold,), (sent,) = seen(store, "v_orders"), seen(store, "v_order_lines"), seen(store, "v_parcels")
    assert (shown["order_id"], shown["buyer"], shown["total"], shown["currency"]) == ("o-1", "bo", Decimal("24.90"), "EUR")
    assert (shown["payment_status"], shown["created_at"], shown["data"]) == ("PENDING", LATER, document)
    assert (sold["item_id"], sold["sku"], sold["quantity"], sold["cost"], sold["sold_at"]) == ("77", "A", 2, Decimal("20.0"), LATER)
    assert (sent["tracking_number"], sent["order_id"], sent["shipped_at"]) == ("p-1", "o-1", LATER)
    assert [one["type"] for one in seen(store, "v_changes")] == [one["type"] for one in store.feed.read()]


def test_stock_is_shown_of_skus_and_of_listings(store: Store) -> None:
    sku = {"sku": "A", "product": {"title": "A thing"}, "availability": {"shipToLocationAvailability": {"quantity": 3}}}
    listing = {"itemId": "77", "title": "Another", "available": 5, "price": {"value": "9.99", "currency": "USD"}, "variations": []}
    with store.engine.begin() as connection:
        connection.execute(text(ROW.format(table="inventory", names="", values="")), {"docs": json.dumps([sku, listing])})
        connection.execute(text("UPDATE sellerbeat.inventory SET entity_id = 'listing:77' WHERE data ? 'itemId'"))

    first, second = seen(store, "v_stock")
    assert (first["sku"], first["available"], first["title"], first["item_id"]) == ("e1", 3, "A thing", None)
    assert (second["item_id"], second["available"], second["price"], second["sku"]) == ("77", 5, Decimal("9.99"), None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(documents=st.lists(DOCUMENTS, min_size=5, max_size=30))
def test_no_document_however_odd_makes_a_view_fail(store: Store, documents: list[Any]) -> None:
    with store.engine.connect() as connection:  # and nothing is committed
        for table, (names, values) in TABLES.items():
            connection.execute(text(ROW.format(table=table, names=names, values=values)), {"docs": json.dumps(documents)})
        for view in VIEWS:
            rows = connection.execute(text(f"SELECT * FROM sellerbeat.{view}")).mappings().all()
            assert len(rows) >= (len(documents) if view in ("v_orders", "v_parcels", "v_stock") else 0)


def test_a_date_that_the_calendar_lacks_counts_on(store: Store) -> None:
    with store.engine.begin() as connection:
        documents = [parcel("p-1") | {"shippedDate": "2026-02-31T10:00:00.500Z"}, parcel("p-2") | {"shippedDate": "soon"}]
        connection.execute(text(ROW.format(table="fulfillments", names=", order_id", values=", 'o-1'")), {"docs": json.dumps(documents)})

    assert [one["shipped_at"] for one in seen(store, "v_parcels")] == [datetime(2026, 3, 3, 10, 0, 0, 500_000, tzinfo=UTC), None]


def test_every_view_and_column_is_explained_in_the_database(store: Store) -> None:
    with store.engine.connect() as connection:
        silent = connection.execute(
            text("""
                SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                WHERE c.relkind = 'v' AND c.relnamespace = to_regnamespace('sellerbeat')
                    AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)
            """)
        ).all()
        views = connection.execute(text("SELECT viewname FROM pg_views WHERE schemaname = 'sellerbeat'")).scalars().all()

    assert set(views) == set(VIEWS)
    assert silent == []
