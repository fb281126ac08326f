"""What a poll leaves: sums by the hour always, a row of its own where somebody may look for it."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing, suppress
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from domain.pacing import Stream
from store import Store
from store.schema import migrate
from store.schema.hours import A_DAY_AGO, POLL_HOURS
from store.schema.partitions import KEYS
from tests.store.conftest import KEY
from tests.store.documents import LATER, SELLER, enroll, order, statements
from tests.support.examples import examples
from tests.support.revisions import at_revision

RUNS = "SELECT stream, api_calls, changes, duplicates, error FROM sellerbeat.poll_runs ORDER BY epoch"
SUMS = f"SELECT stream, sum(polls), sum(api_calls), sum(changes) FROM {POLL_HOURS.format(since=A_DAY_AGO)} AS h GROUP BY 1 ORDER BY 1"
AN_HOUR_LATER = "UPDATE sellerbeat.streams SET hour_at = hour_at - interval '1 hour'"


def rows(store: Store, statement: str) -> list[tuple[Any, ...]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def poll(store: Store, *orders: Any, calls: int = 1, asked: bool = False, over: bool = True) -> None:
    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.store_orders(orders, LATER)
        commit.count(calls=calls)
        if asked:
            commit.asked()
        if over:
            commit.complete(next_poll_at=LATER, why="every 5 min")


def test_a_quiet_poll_leaves_sums_and_no_row(store: Store) -> None:
    poll(store, order("o-1"))
    for _ in range(3):
        poll(store, order("o-1"), calls=2)

    assert rows(store, RUNS) == [("orders", 1, 1, 0, None)]
    assert rows(store, SUMS) == [("orders", 4, 7, 1)]
    status = store.seller(SELLER)
    assert (status["changes_24h"], status["api_calls_24h"]) == (1, 7)


def test_a_poll_that_fails_after_it_found_something_keeps_its_row(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    with store.commit(step) as commit:
        commit.store_orders([order("o-1")], LATER)
        commit.count(calls=2)
    store.failed(step, "EbayUnavailableError: 503", calls=1)

    assert rows(store, RUNS) == [("orders", 3, 1, 0, "EbayUnavailableError: 503")]


def test_a_quiet_poll_names_no_table_that_has_partitions_by_time_or_position(store: Store) -> None:
    """So many partitions there may be: it costs the same."""
    poll(store, order("o-1"))
    with statements(store) as sent:
        poll(store, order("o-1"))
    with statements(store) as sent_with_news:
        poll(store, order("o-2"))

    assert sent
    assert [one for one in sent for table in KEYS if table in one] == []
    assert {table for one in sent_with_news for table in KEYS if table in one} == {"change_events", "poll_runs"}


def test_an_hour_begins_with_utcs_whatever_the_session_says(store: Store) -> None:
    url = store.engine.url.set(drivername="postgresql").update_query_dict({"options": "-c timezone=Asia/Kathmandu"})
    hours = "SELECT hour_at = date_trunc('hour', hour_at, 'UTC'), hour_at FROM sellerbeat.streams WHERE hour_at IS NOT NULL"
    with closing(Store.connect(url.render_as_string(hide_password=False), [KEY], pool_size=1)) as elsewhere:
        poll(elsewhere, order("o-1"))
        found = rows(elsewhere, hours)
        assert rows(elsewhere, SUMS) == [("orders", 1, 1, 1)]

    assert [is_whole for is_whole, _ in found] == [True]
    assert found[0][1].minute == 45  # as that session shows it


def test_a_poll_that_was_asked_for_or_failed_has_a_row(store: Store) -> None:
    poll(store, asked=True)
    store.failed(store.begin(SELLER, Stream.FULFILLMENT), "EbayUnavailableError: 503", calls=3)

    assert rows(store, RUNS) == [("orders", 1, 0, 0, None), ("fulfillment", 3, 0, 0, "EbayUnavailableError: 503")]
    assert rows(store, SUMS) == [("fulfillment", 1, 3, 0), ("orders", 1, 1, 0)]


def test_the_row_of_a_step_that_failed_has_the_calls_of_its_quiet_commits_too(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    with store.commit(step) as commit:
        commit.count(calls=2)
    store.failed(step, "EbayUnavailableError: 503", calls=3)

    assert rows(store, RUNS) == [("orders", 5, 0, 0, "EbayUnavailableError: 503")]
    assert rows(store, SUMS) == [("orders", 1, 5, 0)]


def test_a_sweep_that_found_what_polling_had_missed_has_a_row(store: Store) -> None:
    with store.commit(store.begin(SELLER, Stream.SWEEP)) as commit:
        commit.missed(2, 1)
        commit.complete(next_poll_at=LATER, why="once a day")

    assert rows(store, "SELECT stream, missed, undated FROM sellerbeat.poll_runs") == [("sweep", 2, 1)]


def test_the_row_of_a_step_holds_what_its_quiet_commits_counted_before(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    for orders in ([], [order("o-1")], [], [order("o-2")]):
        with store.commit(step) as commit:
            commit.store_orders(orders, LATER)
            commit.count(calls=1)

    assert rows(store, RUNS) == [("orders", 4, 2, 0, None)]
    assert rows(store, "SELECT last_changes FROM sellerbeat.streams WHERE stream = 'orders'") == [(2,)]


def test_a_commit_that_is_rolled_back_counts_nothing(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    with suppress(ZeroDivisionError), store.commit(step) as commit:
        commit.count(calls=5)
        raise ZeroDivisionError
    with store.commit(step) as commit:
        commit.store_orders([order("o-1")], LATER)
        commit.count(calls=1)

    assert rows(store, RUNS) == [("orders", 1, 1, 0, None)]
    assert rows(store, SUMS) == [("orders", 0, 1, 1)]


def test_what_notifications_told_is_counted_beside_the_stream(store: Store) -> None:
    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.beside()
        commit.store_orders([order("o-1")], LATER, "notification")
        commit.count(calls=1)

    assert rows(store, "SELECT source, api_calls FROM sellerbeat.poll_runs") == [("notification", 1)]
    assert rows(store, SUMS) == [("orders", 0, 1, 1)]


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(life=st.lists(st.sampled_from(["quiet", "new", "failed", "asked", "hour"]), max_size=14))
def test_sums_hold_every_call_and_change_whatever_the_polls_find_and_when_hours_end(store: Store, life: list[str]) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM sellerbeat.poll_hours; DELETE FROM sellerbeat.poll_runs"))
        connection.execute(text("UPDATE sellerbeat.streams SET hour_at = NULL, hour_polls = 0, hour_calls = 0, hour_changes = 0"))
    happened, name = Counter[str](), uuid4().hex
    for number, what in enumerate(life):
        match what:
            case "hour":
                with store.engine.begin() as connection:
                    connection.execute(text("UPDATE sellerbeat.poll_hours SET hour = hour - interval '1 hour'"))
                    connection.execute(text(AN_HOUR_LATER))
            case "failed":
                store.failed(store.begin(SELLER, Stream.ORDERS), "EbayUnavailableError: 503", calls=number)
            case _:
                poll(store, *[order(f"{name}-{number}")] * (what == "new"), calls=number, asked=what == "asked")
        if what != "hour":
            happened.update({"polls": 1, "calls": number, "changes": what == "new", "rows": what != "quiet"})

    sums = rows(store, SUMS) or [("orders", 0, 0, 0)]
    assert sums == [("orders", happened["polls"], happened["calls"], happened["changes"])]
    assert len(rows(store, RUNS)) == happened["rows"]


def test_the_upgrade_takes_sums_streams_and_pace_along(empty_database: str) -> None:
    pace = {"last_change": 1.5, "seen_to": 2, "n14": 3, "d14": 4, "n1": 5, "x1": 6, "nf": 7, "xf": 8, "calls_per_poll": 9.25}
    with at_revision(empty_database, "0020") as connection:
        connection.exec_driver_sql("INSERT INTO sellers (seller_id, enrollment, enrolled_at) VALUES ('anna', gen_random_uuid(), now())")
        for stream, known in (("orders", pace), ("inventory", {"last_change": "x"}), ("sweep", None)):
            values = {"stream": stream, "pace": json.dumps(known) if known else None}
            statement = (
                "INSERT INTO streams (seller_id, stream, cursor, why, pace) VALUES ('anna', :stream, now(), 'so', CAST(:pace AS jsonb))"
            )
            connection.execute(text(statement), values)
        connection.exec_driver_sql("""
            INSERT INTO poll_runs (seller_id, epoch, stream, source, started_at, finished_at, api_calls, changes)
            SELECT 'anna', n, 'orders', 'poll', now(), now(), 2, n FROM generate_series(1, 3) n
        """)

    migrate.upgrade(empty_database)

    store = Store.connect(empty_database, ["1wQ5hTk3d5Xo7Zr0c0u2y2bq9mF1d3e5f7h9j1l3n5o="])
    assert rows(store, "SELECT stream, why, pace FROM sellerbeat.streams ORDER BY stream") == [
        ("inventory", "so", None),
        ("orders", "so", list(map(float, pace.values()))),
        ("sweep", "so", None),
    ]
    assert rows(store, SUMS) == [("orders", 3, 6, 6)]
    store.close()


def test_a_seller_has_all_streams_in_whichever_partition_they_stand(store: Store) -> None:
    enroll(store, "seller-2")

    assert {stream for (stream,) in rows(store, "SELECT stream FROM sellerbeat.streams WHERE seller_id = 'seller-2'")} == set(Stream)


def test_hours_that_nobody_reads_any_more_are_forgotten(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO sellerbeat.poll_hours
                SELECT date_trunc('hour', now()) - interval '1 hour' * n, 's', 'orders', 1, 1, 1 FROM generate_series(0, 72) n
            """)
        )

    assert store.levels.forget_hours() == 73 - 48
    assert store.levels.forget_hours() == 0
    assert rows(store, SUMS) == [("orders", 24, 24, 24)]
