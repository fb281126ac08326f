"""Who looks for what is rare, or was never there, has no table read from one end to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from store import Store
from store.access.audit import ACTS_NEWEST_FIRST
from store.delivery import deliveries
from store.delivery.deliveries import NEWEST_DELIVERIES, AttemptFilter
from store.schema.tables import LARGEST_ID
from tests.store.conftest import KEY
from tests.support.databases import fresh

ROWS = 8000
FILL_AUDIT = """
    INSERT INTO sellerbeat.audit (at, author, action, seller_id, outcome)
    SELECT now() - interval '400 days' * (1 - n::float8 / :rows) - interval '2 hours', 'token:ci', 'seller.pause', 's-' || n % 50, 'done'
    FROM generate_series(1, :rows) AS n
"""
FILL_DELIVERIES = """
    INSERT INTO sellerbeat.deliveries (id, at, endpoint_id, seller_id, event_id, position, type, attempt, replayed, outcome, took_ms)
    SELECT n, now() - interval '3 days' * (1 - n::float8 / :rows), 'ep-' || n % 3, 's-' || n % 50, 'e', n, 'order.created', 1, false,
        CASE WHEN n = 7 THEN 'refused' ELSE 'delivered' END, 5
    FROM generate_series(1, :rows) AS n
"""
EVERYTHING: Mapping[str, Any] = {"before": LARGEST_ID, "limit": 100, "seller_id": None, "author": None, "action": None, "since": None}
EVERY_DELIVERY: Mapping[str, Any] = {
    **dict.fromkeys(("endpoint", "seller", "types", "since", "until")),
    **{"failed": True, "limit": 100, "scan": 100, "before": LARGEST_ID},
}


@pytest.fixture(scope="module")
def filled(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Iterator[Store]:
    """In a database of this file's own: what Postgres learns of so many rows stays."""
    with fresh(postgres_server, execute, migrated_template) as url, closing(Store.connect(url, [KEY], pool_size=2)) as store:
        with store.engine.begin() as connection:
            for table, fill in (("audit", FILL_AUDIT), ("deliveries", FILL_DELIVERIES)):
                connection.execute(text(fill), {"rows": ROWS})
                connection.execute(text(f"ANALYZE sellerbeat.{table}"))
        yield store


def looked_at(store: Store, statement: TextClause, values: Mapping[str, Any]) -> int:
    """How many rows Postgres read for it."""

    def rows(node: dict[str, Any]) -> int:
        below = sum(rows(one) for one in node.get("Plans", ()))
        removed = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
        return below + int((node["Actual Rows"] + removed) * node["Actual Loops"])

    with store.engine.begin() as connection:
        (plan,) = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"), values).scalar_one()
    return rows(plan["Plan"])


@pytest.mark.parametrize(
    "asked",
    [
        {"author": "os:nobody"},
        {"action": "endpoint.%"},
        {"action": "seller.erase"},
        {"since": timedelta(hours=1)},
        {"since": timedelta(days=5), "author": "os:nobody"},
        {"since": timedelta(days=5), "action": "%.erase"},
        {"seller_id": "nobody"},
    ],
    ids=str,
)
def test_acts_that_are_rare_are_found_without_a_look_at_the_others(filled: Store, asked: dict[str, Any]) -> None:
    assert looked_at(filled, ACTS_NEWEST_FIRST, {**EVERYTHING, **asked}) < ROWS / 4


@pytest.mark.parametrize("asked", [{}, {"endpoint": "ep-1"}, {"endpoint": "ep-2"}, {"seller": "s-7"}, {"before": 7}], ids=str)
def test_what_was_not_delivered_is_found_without_a_look_at_what_was(filled: Store, asked: dict[str, Any]) -> None:
    assert looked_at(filled, NEWEST_DELIVERIES, {**EVERY_DELIVERY, **asked}) < 100


def test_a_type_that_was_never_sent_is_looked_for_a_bounded_part_at_a_time(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "SCAN", 100)
    ours = AttemptFilter(types=("order.*",))

    page = filled.deliveries.page(AttemptFilter(types=("alert.*", "offer.created")))
    last = filled.deliveries.page(AttemptFilter(types=("alert.*",)), before=101)

    assert (page.attempts, page.next) == ([], ROWS - 99)
    assert (last.attempts, last.next) == ([], 1)
    assert filled.deliveries.page(AttemptFilter(types=("alert.*",)), before=1).next is None
    assert [row["id"] for row in filled.deliveries.page(ours, limit=3).attempts] == [ROWS, ROWS - 1, ROWS - 2]


def test_age_is_a_bound_of_the_times_whatever_the_ids(filled: Store) -> None:
    every = filled.audit.read(limit=ROWS)
    found = filled.audit.read(since=timedelta(days=40), limit=ROWS)

    assert len(every) == ROWS
    assert 0 < len(found) < ROWS / 8
    assert found == every[: len(found)]
