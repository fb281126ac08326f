"""A seller's page shows what eBay showed last and what is expected to be left by now, apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from pages.seller import FEW as ROWS
from store import Store
from store.reading.overview import NEXT_STOCK_OF_SELLER
from store.schema.times import iso
from tests.store.documents import enroll
from tests.web.site import Site

READ = datetime(2100, 6, 18, 12, 0, tzinfo=UTC)
LATER = READ + timedelta(hours=1)
HTML = "<b>M</b>"


def listing(item_id: str, available: int, *sizes: str) -> dict[str, Any]:
    counts = {"available": available, "quantity": available, "quantitySold": 0}
    rows = [{"sku": "", "specifics": {"Size": size}, **counts} for size in sizes]
    whole = available * max(len(sizes), 1)
    return {"itemId": item_id, "title": "A kettle", "status": "Active", **counts, "available": whole, "quantity": whole, "variations": rows}


def store_listings(store: Store, *listings: dict[str, Any]) -> None:
    with store.commit(store.begin("anna", Stream.LISTINGS)) as commit:
        commit.store_listings(listings, READ)


def sell(store: Store, order_id: str, *lines: dict[str, Any]) -> None:
    sell_all(store, {order_id: lines})


def sell_all(store: Store, orders: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """`orders`: lines by order id."""
    dated = {"creationDate": iso(LATER), "lastModifiedDate": iso(LATER), "orderFulfillmentStatus": "NOT_STARTED"}
    with store.commit(store.begin("anna", Stream.ORDERS)) as commit:
        commit.store_orders(
            [
                {"orderId": name, **dated, "lineItems": [{"lineItemId": f"{name}-{number}", **line} for number, line in enumerate(lines)]}
                for name, lines in orders.items()
            ],
            LATER,
        )


@pytest.fixture
def sold(store: Store) -> Store:
    """anna: of a kettle two were sold since it was read, of a shirt one in M, of a jug none; a mug is gone."""
    enroll(store, "anna")
    store_listings(store, listing("1", 5), listing("2", 4, HTML, "L"), listing("3", 7), listing("4", 1))
    with store.commit(store.begin("anna", Stream.LISTINGS)) as commit:
        commit.remove_listings(["listing:4"], READ, read_from="report")
    sell(store, "o-1", {"legacyItemId": "1", "quantity": 2})
    sell(store, "o-2", {"legacyItemId": "2", "quantity": 1, "variationAspects": [{"name": "Size", "value": HTML}]})
    sell(store, "o-3", {"legacyItemId": "4", "quantity": 1})
    return store


async def test_the_last_reading_and_what_is_expected_stand_in_columns_of_their_own(site: Site, sold: Store) -> None:
    stock = (await site.page("/sellers/anna")).section("stock")

    assert "Last read Expected Price Where and when it was read" in stock
    assert "listing:1 A kettle 5 3 2 sold since: order o-1 –" in stock
    assert f"listing:2 A kettle 8 7 1 sold since: order o-2; {HTML}: 3 of 4 –" in stock
    assert "listing:3 A kettle 7 the same –" in stock
    assert "listing:4 gone A kettle 1 – –" in stock


async def test_a_sale_is_a_change_with_its_order_and_pieces(site: Site, sold: Store) -> None:
    changes = (await site.page("/sellers/anna")).section("changes")

    assert "inventory.sold listing:1 version 1 2 sold, order o-1" in changes


async def test_the_first_page_says_nothing_of_stock(site: Site, sold: Store) -> None:
    assert "listing:1" not in (await site.page("/")).section("h-sellers")


def test_a_page_of_stock_looks_at_the_sales_of_its_own_rows_alone(store: Store) -> None:
    """By an index, and no further than the page goes: measured in rows of `sold_lines` that Postgres touches."""
    enroll(store, "anna")
    store_listings(store, *(listing(f"{number:04}", 5) for number in range(300)))
    sell_all(store, {f"o-{number:04}": [{"legacyItemId": f"{number:04}", "quantity": 1}] for number in range(300)})
    with store.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
        for plan in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):  # the cheaper ones for few rows, or among dead ones
            connection.execute(text(f"SET LOCAL enable_{plan} = off"))
        values = {"seller_id": "anna", "limit": ROWS + 1, "after": "", "begins": ""}
        ((plan,),) = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {NEXT_STOCK_OF_SELLER.text}"), values).all()

    scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "sold_lines"]
    assert scans
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) <= 2 * (ROWS + 1)


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for child in plan.get("Plans", ()) for inner in nodes(child))]
