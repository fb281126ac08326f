"""A day's deletions: users who left eBay, few of whom ever bought; with the index on buyers, and without it for a few."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import text

from lab.benchmarks.direct import START
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable, held
from store import Store

SELLER = "erasures"
# Orders as large as eBay's, of as many buyers, each with two events
ORDERS = """
    INSERT INTO sellerbeat.orders
        (seller_id, entity_id, version, data, digest, as_of, read_from, modified_at, created_at, is_open, parcels_due)
    SELECT :seller, 'order-' || n, 1, jsonb_build_object('orderId', 'order-' || n, 'buyer', jsonb_build_object('username', 'user-' || n,
        'buyerRegistrationAddress', jsonb_build_object('fullName', 'Full Name ' || n)), 'pricingSummary', (
            SELECT jsonb_object_agg('field' || k, md5((n * k)::text)) FROM generate_series(1, 40) k)),
        '', now(), 'list', now(), now(), false, false
    FROM generate_series(1, :orders) n
"""
EVENTS = """
    INSERT INTO sellerbeat.change_events
        (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
    SELECT nextval('sellerbeat.positions'), seller_id || entity_id || k, seller_id, 1 + row_number() OVER (), 'order.updated', entity_id, k,
        now(), now(), 'poll', '[]', '{}', data
    FROM sellerbeat.orders, generate_series(1, 2) k
"""


@dataclass(frozen=True)
class Sizes:
    orders: int = 200_000
    deletions: int = 1_500  # a day (FACTS: eBay's word for it)
    buyers: int = 30  # of these have an order here
    slow: int = 5  # deletions without the index
    promise_s: float = 60.0


QUICK = Sizes(orders=20_000, deletions=300)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    table = ResultTable(f"{sizes.deletions:,} deletions a day, {sizes.orders:,} orders", ["", "s", "ms a deletion", "promised", ""])
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        store.sellers.enroll(SELLER, "no token", scopes=[], now_ebay=START)
        with store.engine.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(ORDERS), {"seller": SELLER, "orders": sizes.orders})
            connection.execute(text(EVENTS))
            connection.execute(text("ANALYZE sellerbeat.orders, sellerbeat.change_events"))
        far = max(1, sizes.orders // sizes.buyers)
        buyers = [f"user-{1 + number * far}" for number in range(sizes.buyers)]
        strangers = [f"nobody-{number}" for number in range(max(0, sizes.deletions - sizes.buyers))]
        names = [*buyers[: sizes.deletions], *strangers]
        took = _erased(store, names)
        promise = f"under {sizes.promise_s:g} s"
        table.add("both looks", f"{took:.1f}", f"{took * 1000 / len(names):.1f}", promise, held(took < sizes.promise_s))
        began, pages = time.perf_counter(), sum(1 for _ in store.erasing.all())
        table.add("erasures --again: every order", f"{time.perf_counter() - began:.1f}", "", "", "")
        with store.engine.begin() as connection:
            connection.execute(text("DROP INDEX sellerbeat.orders_by_buyer"))
        slow = _erased(store, [f"other-{number}" for number in range(sizes.slow)])
        table.add("without the index", f"{slow:.1f}", f"{slow * 1000 / sizes.slow:.1f}", "", "")
    table.notes.append(f"{sizes.buyers} of the users have an order with two events; the rest are nobody here; {pages} pages of orders")
    return [table]


def _erased(store: Store, names: list[str]) -> float:
    """Seconds from eBay's word to the end of the second look, without the minutes between."""
    began = time.perf_counter()
    for name in names:
        store.deletions.take(name, f"id of {name}")
    for _ in range(2):
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE sellerbeat.deletions SET look_at = clock_timestamp() WHERE look_at IS NOT NULL"))
        for deletion in store.deletions.due(limit=len(names)):
            store.deletions.looked(deletion, store.erasing.buyer(deletion.username, deletion.id))
    return time.perf_counter() - began
