"""Pages of some sellers and types: all that was asked for and nothing twice, for a bounded look at the feed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, text

from store import Store
from store.events.feed import Feed
from tests.support.examples import examples

SELLERS, TYPES = ("a", "b", "c", "d"), ("order.created", "order.updated", "inventory.sold")
INSERT_CHANGES = text("""
    INSERT INTO sellerbeat.change_events (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source,
        changed, previous, data)
    SELECT position, 'id-' || position, seller_id, position, type, 'e', 1, now(), now(), 'poll', '[]', '{}', '{}'
    FROM unnest(CAST(:positions AS bigint[]), CAST(:sellers AS text[]), CAST(:types AS text[])) AS c (position, seller_id, type)
""")


def fill(store: Store, changes: list[tuple[int, str | None, str]]) -> None:
    """The feed is these, by position."""
    positions, sellers, types = ([one[column] for one in changes] for column in range(3))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sellerbeat.change_events; SELECT setval('sellerbeat.positions', 1000000)")
        connection.execute(INSERT_CHANGES, {"positions": positions, "sellers": sellers, "types": types})


def is_asked_for(one: dict[str, Any], sellers: list[str] | None, types: list[str]) -> bool:
    kinds = {"*", one["type"], one["type"].partition(".")[0] + ".*"}
    return (sellers is None or one["seller_id"] in sellers) and (not types or bool(kinds & set(types)))


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(1, 3), st.sampled_from((*SELLERS, None)), st.sampled_from(TYPES)), max_size=40),
    sellers=st.none() | st.lists(st.sampled_from((*SELLERS, "nobody")), max_size=6),
    types=st.lists(st.sampled_from((*TYPES, "order.*", "fulfillment.*", "*")), max_size=2),
    limit=st.integers(1, 9),
    scan=st.integers(1, 12),
)
@example(changes=[(1, "a", TYPES[0])] * 12 + [(1, "b", TYPES[0])] * 12, sellers=["a", "b"], types=[], limit=5, scan=6)
@example(changes=[(1, "a", TYPES[0])] * 9 + [(1, "b", TYPES[2])] * 9, sellers=["a", "b"], types=["inventory.*"], limit=2, scan=2)
def test_pages_are_the_feed_filtered_however_little_one_looks_through(
    own_store: Store, changes: list[tuple[int, str | None, str]], sellers: list[str] | None, types: list[str], limit: int, scan: int
) -> None:
    at, rows = 0, []
    for step, seller, type_ in changes:
        at += step
        rows.append((at, seller, type_))
    fill(own_store, rows)
    feed, got, after, complete = Feed(own_store.engine, scan), [], 0, False

    while not complete:
        page = feed.chosen(after, limit, sellers, types)
        assert len(page.events) <= limit
        assert page.next >= max([after, *(one["position"] for one in page.events)])
        assert page.complete or page.next > after
        got += page.events
        after, complete = page.next, page.complete

    assert got == [one for one in own_store.feed.read() if is_asked_for(one, sellers, types)]
    assert after == own_store.feed.last()  # and whoever has nothing to read is not left behind


def rows_read(store: Store, feed: Feed, after: int, limit: int, sellers: list[str], types: list[str]) -> tuple[int, int]:
    """How many rows of the feed a page read, and how many changes it has."""
    ran: list[tuple[str, Any]] = []

    def remember(connection: Any, cursor: Any, statement: str, values: Any, *_: object) -> None:
        ran.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", remember)
    found = len(feed.chosen(after, limit, sellers, types).events)
    event.remove(store.engine, "before_cursor_execute", remember)
    with store.engine.begin() as connection:
        return sum(_rows(connection, statement, values) for statement, values in ran if "change_events" in statement), found


def _rows(connection: Connection, statement: str, values: Any) -> int:
    answer = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).scalar_one()
    nodes, rows = [(json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]], 0
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", ())
        if node.get("Relation Name", "").startswith("change_events"):
            rows += round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
    return rows


@pytest.mark.parametrize("types", [[], ["order.*"], ["fulfillment.*"]], ids=["all types", "frequent ones", "none there"])
@pytest.mark.parametrize("turns", [True, False], ids=["sellers in turn", "one seller behind the other"])
def test_a_page_of_many_sellers_reads_a_bounded_part_of_the_feed(own_store: Store, types: list[str], turns: bool) -> None:
    scan, limit, count = 300, 100, 150
    sellers = [f"s-{number}" for number in range(count)]
    fill(own_store, [(at + 1, sellers[at % count if turns else at // 40], "order.created") for at in range(40 * count)])
    with own_store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE sellerbeat.change_events")

    read, found = rows_read(own_store, Feed(own_store.engine, scan), 0, limit, sellers, types)
    sparse, few = rows_read(own_store, Feed(own_store.engine, scan), 0, limit, sellers[-2:], types)

    assert read <= 2 * scan + limit + 1
    assert sparse <= 2 * scan + limit + 1
    assert found == (0 if types == ["fulfillment.*"] else limit)
    assert few == (0 if types == ["fulfillment.*"] else 80)
