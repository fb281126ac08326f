"""Migration 0022 takes the tables as they are: each row byte by byte, and who had rights. Older versions would fail, and are refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from domain.retention import Retention
from store import Store, TablesUnknownError
from store.schema import migrate
from store.schema.names import use_schema
from store.schema.revisions import check_revision
from tests.store.documents import enroll, order, store_orders
from tests.support.revisions import at_revision

KEY = Fernet.generate_key().decode()
TABLES = ("change_events", "poll_runs", "deliveries")
FILLED = """
    INSERT INTO sellerbeat.change_events
        (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
    SELECT n * 17, 'id-' || n, 'anna', n, 'order.updated', 'o-' || n % 7, n, now() - n * interval '1 hour',
        now() - n * interval '1 hour', 'poll', '["a"]', '{"a": 1.50}', jsonb_build_object('text', repeat('ä', n))
    FROM generate_series(1, 1500) n;
    INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at, error)
    SELECT 'anna', n, 'orders', 'poll', now() - n * interval '1 hour', now(), CASE WHEN n % 3 = 0 THEN 'e' END
    FROM generate_series(1, 900) n;
    INSERT INTO sellerbeat.deliveries (at, endpoint_id, event_id, position, type, attempt, replayed, outcome, took_ms)
    SELECT now() - n * interval '1 hour', 'e', 'i', n, 't', 1, false, 'delivered', 1 FROM generate_series(1, 900) n;
    SELECT setval('sellerbeat.positions', 25500)
"""
# As version 0021 has it.
OLD_INSERT = """
    INSERT INTO sellerbeat.change_events
        (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
    SELECT nextval('sellerbeat.positions'), 'new', 'anna', 1501, 'order.updated', 'o', 1, now(), now(), 'poll', '[]', '{}', '{}';
    INSERT INTO sellerbeat.deliveries
        (at, endpoint_id, seller_id, event_id, position, type, attempt, replayed, outcome, status, kind, took_ms)
    SELECT now(), 'e', NULL, 'i', 1, 't', 1, false, 'delivered', NULL, NULL, 1
"""
OLD_POLL = """
    INSERT INTO sellerbeat.poll_runs AS r (seller_id, epoch, stream, source, started_at, finished_at, api_calls, error)
    VALUES ('anna', 901, 'orders', 'poll', now(), now(), 1, 'e')
    ON CONFLICT (seller_id, epoch) DO UPDATE SET error = excluded.error
"""


def rows(connection: Connection) -> dict[str, str]:
    return {
        table: connection.execute(text(f"SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM sellerbeat.{table} t")).scalar_one()
        for table in TABLES
    }


def ask(database: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def filled(empty_database: str) -> dict[str, str]:
    """What the tables of a database at 0021 hold."""
    with at_revision(empty_database, "0021") as connection:
        connection.execute(text(FILLED))
        return rows(connection)


def test_every_row_is_there_afterwards_as_it_was_and_the_numbers_go_on(empty_database: str, filled: dict[str, str]) -> None:
    migrate.upgrade(empty_database)

    with closing(Store.connect(empty_database, [KEY])) as store:
        with store.engine.connect() as connection:
            assert rows(connection) == filled
        assert ask(empty_database, "SELECT count(*) FROM sellerbeat.v_changes") == [(1500,)]
        assert store.feed.read(after=25_483)[0]["position"] == 25_500
        enroll(store)
        store_orders(store, order("o-1"))
        assert store.feed.read(after=25_500)[0]["position"] == 25_501
        assert store.soundness.partitions() == []
    ask(empty_database, OLD_INSERT)
    assert ask(empty_database, "SELECT max(id), count(DISTINCT id) FROM sellerbeat.deliveries") == [(901, 901)]
    bounds = ask(
        empty_database, "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = 'sellerbeat.change_events_first'::regclass"
    )
    assert bounds == [("FOR VALUES FROM (MINVALUE) TO ('40000')",)]


def test_who_had_rights_on_a_table_has_them_on_the_new_one(
    empty_database: str, filled: dict[str, str], execute: Callable[[str], None]
) -> None:
    execute("CREATE ROLE of_before LOGIN PASSWORD 'pw'")
    try:
        ask(empty_database, "GRANT USAGE ON SCHEMA sellerbeat TO of_before; GRANT SELECT, INSERT ON sellerbeat.deliveries TO of_before")
        migrate.upgrade(empty_database)

        theirs = make_url(empty_database).set(username="of_before", password="pw").render_as_string(hide_password=False)
        ask(
            theirs,
            "INSERT INTO sellerbeat.deliveries SELECT nextval('sellerbeat.deliveries_id_seq'), now(), 'e', NULL, 'i', 1, 't', 1, false, 'x'"
            ", NULL, NULL, 1",
        )
        assert ask(theirs, "SELECT count(*) FROM sellerbeat.deliveries") == [(901,)]
    finally:
        ask(empty_database, "DROP OWNED BY of_before")
        execute("DROP ROLE of_before")


def test_a_version_of_before_is_refused_as_it_would_fail(database: str) -> None:
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg2"))
    use_schema(engine, "sellerbeat")
    with engine.connect() as connection:
        with pytest.raises(TablesUnknownError, match="need a version of revision 0022 or later"):
            check_revision(connection, "0021")
        with pytest.raises(DBAPIError, match="no unique or exclusion constraint"):
            connection.execute(text(OLD_POLL))
    engine.dispose()


def test_an_index_that_is_there_is_taken_over(empty_database: str, filled: dict[str, str]) -> None:
    ask(empty_database, "CREATE INDEX change_events_by_entity ON sellerbeat.change_events (seller_id, entity_id)")
    (before,) = ask(empty_database, "SELECT 'sellerbeat.change_events_by_entity'::regclass::oid")

    migrate.upgrade(empty_database)

    parts = ask(empty_database, "SELECT inhrelid FROM pg_inherits WHERE inhparent = 'sellerbeat.change_events_by_entity'::regclass")
    assert len(parts) == 2
    assert before in parts


def test_a_large_index_that_lacks_is_made_partition_by_partition(database: str) -> None:
    ask(database, "DROP INDEX sellerbeat.change_events_by_entity")
    assert migrate.upgrade(database)

    made = ask(database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'sellerbeat.change_events_by_entity'::regclass")
    parts = ask(database, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'sellerbeat.change_events_by_entity'::regclass")

    assert (made, parts) == ([(True,)], [(2,)])
    assert migrate.examine(database)


def test_a_schema_of_another_name_has_a_function_and_partitions_of_its_own(database: str) -> None:
    migrate.upgrade(database, schema="other_shop")

    with closing(Store.connect(database, [KEY], schema="other_shop")) as store:
        later = datetime.now(UTC) + timedelta(days=2)
        while store.retention.forget(Retention(), later):
            pass
        assert store.soundness.partitions(later) == []

    made = ask(database, "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname ~ '^poll_runs_[0-9]+$' GROUP BY 1")
    assert made == [("other_shop",)]
