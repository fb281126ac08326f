"""The live view shows pieces as they were last read and as they are expected by now, apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from sqlalchemy import make_url

from demo_stack.demo.picture import SellerStock
from demo_stack.demo.stock_counts import Stock, StockCounter
from demo_stack.demo.stock_table import stock_table
from domain.pacing import Stream
from store import Store
from store.schema.times import iso
from tests.demo_stack.demo.pictures import NOW, stock
from tests.store.documents import enroll
from tests.web.site import KEY

READ = datetime(2100, 6, 18, 12, 0, tzinfo=UTC)
LATER = READ + timedelta(hours=1)


@pytest.mark.parametrize("width", [80, 120])
def test_last_read_and_expected_have_columns_of_their_own(width: int) -> None:
    read = stock()
    sold = replace(read, counts=Stock(150, 40, 1204, 17, 88, 95, sold_since=6))
    console = Console(width=width, record=True)

    console.print(stock_table([sold, SellerStock("bert", read.counts)], NOW, width))

    head, anna, bert = console.export_text().splitlines()
    assert head.split()[:7] == ["seller", "SKUs", "listings", "pieces", "expected", "sold", "out"]
    assert anna.split()[:6] == ["anna", "150", "40", "1,204", "1,198", "17"]
    assert bert.split()[3:5] == ["1,204", "1,204"]
    assert "12 -> 11" in anna


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(make_url(database).render_as_string(hide_password=False), [KEY])
    yield store
    store.close()


def test_what_orders_took_since_the_reading_is_counted_by_seller(store: Store) -> None:
    item = {"itemId": "1", "title": "A kettle", "status": "Active", "available": 5, "quantity": 5, "quantitySold": 0}
    dated = {"creationDate": iso(LATER), "lastModifiedDate": iso(LATER), "orderFulfillmentStatus": "NOT_STARTED"}
    for seller in ("anna", "bert"):
        enroll(store, seller)
        with store.commit(store.begin(seller, Stream.LISTINGS)) as commit:
            commit.store_listings([item, {**item, "itemId": "2"}], READ)
    with store.commit(store.begin("anna", Stream.ORDERS)) as commit:
        commit.store_orders([{"orderId": "o-1", **dated, "lineItems": [{"lineItemId": "1", "legacyItemId": "1", "quantity": 2}]}], LATER)

    counts = StockCounter(store).read()

    figures = {seller: (one.on_sale, one.expected) for seller, one in counts.items() if isinstance(one, Stock)}
    assert figures == {"anna": (10, 8), "bert": (10, 10)}
