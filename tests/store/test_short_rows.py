"""What a quiet poll writes is little: rows are short, stay on their pages, and few of those that are polled seldom share one.

`python -m lab.benchmarks wal` measures the WAL; these hold what it follows from.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from activities.polling.pace import pace_of
from domain.pacing import SellerPace, Stream, to_numbers
from domain.streams import SHARED
from store import Store
from store.schema import migrate
from store.schema.engine import connect
from tests.store.documents import ENROLLED, LATER, SELLER, enroll
from tests.support.revisions import at_revision

SELLERS = [f"seller-{number:05}" for number in range(40)]
SELDOM = (Stream.FULFILLMENT, Stream.INVENTORY, Stream.LISTINGS)
POLLED = (Stream.ORDERS, *SELDOM)
BLOCK = "CAST(split_part(trim(CAST(ctid AS text), '()'), ',', 1) AS integer)"
UPDATES = """
    SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE n_tup_upd > 0 AND schemaname = 'sellerbeat'
"""


def poll_quietly(store: Store, seller: str, stream: Stream, turn: int) -> None:
    with store.commit(store.begin(seller, stream)) as commit:
        commit.count(calls=1)
        commit.advance(cursor=LATER + timedelta(minutes=5 * turn))
        pace = to_numbers(SellerPace(LATER.timestamp(), LATER.timestamp() + turn, *(random.random() for _ in range(6))))
        commit.complete(next_poll_at=LATER, why="quiet for 20 h: every 12 min", pace=pace if stream in SHARED else None)


def rows(store: Store, statement: str) -> list[tuple[Any, ...]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def pages(store: Store, stream: Stream) -> dict[Any, Any]:
    """On which page a seller's row stands."""
    return dict(rows(store, f"SELECT seller_id, {BLOCK} FROM sellerbeat.streams_{stream.value}"))


def updates(store: Store) -> defaultdict[str, tuple[int, int]]:
    """How often rows of a table were updated so far, and how often without an index."""
    with store.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    return defaultdict(lambda: (0, 0), {name: (updated, hot) for name, updated, hot in rows(store, UPDATES)})


def test_quiet_polls_touch_no_index_and_leave_each_row_on_its_page(own_store: Store) -> None:
    for seller in SELLERS:
        enroll(own_store, seller)
    before, so_far = {stream: pages(own_store, stream) for stream in SELDOM}, updates(own_store)
    for turn in range(2):
        for seller in SELLERS:
            for stream in SELDOM:
                poll_quietly(own_store, seller, stream, turn)

    assert {stream: pages(own_store, stream) for stream in SELDOM} == before
    assert max(list(before[Stream.INVENTORY].values()).count(page) for page in before[Stream.INVENTORY].values()) <= 4
    counted = {name: (updated - so_far[name][0], hot - so_far[name][1]) for name, (updated, hot) in updates(own_store).items()}
    assert {name: counts for name, counts in counted.items() if counts != (0, 0)} == {
        "sellers": (len(SELLERS) * 6, len(SELLERS) * 6),
        **{f"streams_{stream.value}": (len(SELLERS) * 2, len(SELLERS) * 2) for stream in SELDOM},
    }


@pytest.mark.parametrize("scopes", [["a"], [f"https://api.ebay.com/oauth/api_scope/sell.{number}" for number in range(8)]])
def test_the_rows_that_a_poll_writes_are_short(store: Store, scopes: list[str]) -> None:
    """Of each byte a quiet poll costs about one of WAL, in page images: a longer row needs a reason."""
    store.sellers.enroll("seller-00002", "refresh", scopes=scopes, now_ebay=ENROLLED)
    store.sellers.enroll("seller-00002", "refresh", scopes=scopes, now_ebay=ENROLLED)  # again, as `connect` does
    for stream in POLLED:
        for turn in range(2):
            poll_quietly(store, "seller-00002", stream, turn)

    mine = "WHERE seller_id = 'seller-00002'"
    assert rows(store, f"SELECT pg_column_size(s.*) <= 124 FROM sellerbeat.sellers s {mine}") == [(True,)]
    widths = dict(rows(store, f"SELECT stream, pg_column_size(s.*) FROM sellerbeat.streams s {mine}"))
    assert {stream: widths[stream.value] <= 280 for stream in POLLED} == dict.fromkeys(POLLED, True)
    assert store.tokens.scopes("seller-00002") == tuple(scopes)


def test_a_new_seller_has_the_pace_of_one_of_whom_nothing_is_known(store: Store) -> None:
    known = {stream: store.begin(SELLER, stream).pace for stream in Stream}

    assert {stream for stream, pace in known.items() if pace} == set(SHARED)
    assert {pace_of(pace, LATER) for pace in known.values()} == {pace_of(None, LATER)}


def test_whoever_comes_back_begins_with_that_pace_again(store: Store) -> None:
    poll_quietly(store, SELLER, Stream.ORDERS, 0)
    store.sellers.remove(SELLER)
    enroll(store)

    assert pace_of(store.begin(SELLER, Stream.ORDERS).pace, LATER) == pace_of(None, LATER)


def test_the_upgrade_moves_rows_to_pages_of_few_and_keeps_each_as_it_is(empty_database: str) -> None:
    everything = "SELECT to_jsonb(s) FROM sellerbeat.streams s ORDER BY seller_id, stream"
    with at_revision(empty_database, "0023") as connection:
        connection.exec_driver_sql("""
            INSERT INTO sellers (seller_id, enrollment, enrolled_at, scopes)
            SELECT 'seller-' || n, gen_random_uuid(), now(), '{https://api.ebay.com/oauth/api_scope}' FROM generate_series(1, 60) n
        """)
        connection.exec_driver_sql("""
            INSERT INTO streams (seller_id, stream, cursor, why, pace)
            SELECT 'seller-' || n, stream, now() - n * interval '1 minute', 'why ' || n, '{1.5,2,3,4,5,6,7,8,9.25}'
            FROM generate_series(1, 60) n, unnest('{orders,fulfillment,inventory,listings,sweep}'::text[]) stream
        """)
        before = connection.execute(text(everything)).scalars().all()

    migrate.upgrade(empty_database)

    engine = connect(empty_database)
    with engine.connect() as connection:
        assert connection.execute(text(everything)).scalars().all() == before
        assert connection.execute(text("SELECT DISTINCT scopes FROM sellerbeat.sellers")).scalars().all() == [[]]
        for stream in SELDOM:
            used = connection.execute(text(f"SELECT count(DISTINCT {BLOCK}) FROM sellerbeat.streams_{stream.value}")).scalar_one()
            assert used >= 60 / 4
    engine.dispose()
