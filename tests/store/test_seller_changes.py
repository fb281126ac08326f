"""A seller's changes by type, by order number and by SKU: each once, the newest first, whatever the pages."""

from __future__ import annotations

from itertools import product

import pytest

from domain.pacing import Stream
from store import Store
from store.reading import seller_changes
from store.reading.overview import NEWEST
from store.reading.seller_changes import SellerChangesReader
from tests.store.documents import LATER, SELLER, enroll, item, order, parcel, reported, sale, store_inventory, store_orders


@pytest.fixture
def filled(store: Store) -> Store:
    """Orders of which one sells the SKU A, its parcel, two SKUs; and another seller's order of the same number."""
    enroll(store, "other")
    store_orders(store, order("o-1"), seller_id="other")
    store_inventory(store, item("A", 5), item("B", 1))
    store_orders(store, order("o-1", **sale()), order("o-2"), order("o-3"))

    with store.commit(store.begin(SELLER, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-1", [parcel("p-1")], LATER)
    store_inventory(store, item("B", 2))
    return store


def found(store: Store, limit: int = 2, begins: str = "", name: str = "") -> list[tuple[str, str, int]]:
    """All that fit, page by page."""
    reader, before, rows = SellerChangesReader(store.engine), NEWEST, []
    for _ in range(100):
        page = reader.find(SELLER, limit, before, begins, name)
        assert len(page.rows) <= limit
        rows += [(row.type, row.entity_id, row.version) for row in page.rows]
        if page.older is None:
            return rows
        assert page.older < before
        before = page.older
    raise AssertionError("there is no end")


def test_pages_of_any_size_hold_each_change_of_a_type_once(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for scan, limit, begins in product((1, 2, 5_000), (1, 2, 50), ("", "order.", "fulfillment.", "offer.")):
        monkeypatch.setattr(seller_changes, "SCAN", scan)

        assert found(filled, limit, begins) == [one for one in reversed(reported(filled)) if one[0].startswith(begins)]


def test_an_order_is_found_with_its_parcels_by_its_number(filled: Store) -> None:
    assert {(kind, entity) for kind, entity, _ in found(filled, name="o-1")} == {
        ("order.created", "o-1"),
        ("fulfillment.created", "o-1/p-1"),
    }
    assert found(filled, name="o-1", begins="fulfillment.") == [("fulfillment.created", "o-1/p-1", 1)]


def test_a_sku_is_found_with_the_orders_that_sold_it(filled: Store) -> None:
    assert {entity for _, entity, _ in found(filled, name="A")} == {"A", "o-1"}
    assert {entity for _, entity, _ in found(filled, name="B")} == {"B"}
    assert found(filled, name="C") == []
