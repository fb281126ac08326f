"""The roles of docs/how-to/share-a-database.md, as they are written there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from domain.retention import Retention
from store import Store
from store.schema.every_table import metadata
from store.schema.partitions import partitions
from store.schema.views import VIEWS
from tests.store.documents import enroll, order, store_orders

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


def sql(page: str) -> str:
    (block,) = re.findall(r"```sql\n(.*?)```", (HOW_TO / page).read_text(encoding="utf-8"), re.S)
    return str(block)


@pytest.fixture
def roles(database: str, execute: Callable[[str], None]) -> Iterator[Callable[[str], str]]:
    """The URL of each of them, in a database with tables."""
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql("share-a-database.md"))
    passwords = {"my_worker": "choose one", "my_reader": "choose another"}
    yield lambda name: make_url(database).set(username=name, password=passwords[name]).render_as_string(hide_password=False)
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP OWNED BY my_worker, my_reader; DROP SCHEMA IF EXISTS app CASCADE")
    for name in passwords:
        execute(f"DROP ROLE {name}")


def refused(url: str, statement: str) -> bool:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except psycopg2.errors.InsufficientPrivilege:
            return True
    return False


def test_the_worker_works_without_ddl(roles: Callable[[str], str]) -> None:
    with closing(Store.connect(roles("my_worker"), [Fernet.generate_key().decode()])) as store:
        store.check()
        enroll(store)
        store_orders(store, order("o-1"))
        assert [one["entity_id"] for one in store.feed.read()] == ["o-1"]
        store.sellers.erase("seller-1")

    assert refused(roles("my_worker"), "CREATE TABLE sellerbeat.mine ()")
    assert refused(roles("my_worker"), "ALTER TABLE sellerbeat.orders ADD mine text")
    assert refused(roles("my_worker"), "DROP VIEW sellerbeat.v_orders")


def test_the_worker_has_partitions_made_and_dropped_by_the_function_that_it_was_granted(roles: Callable[[str], str]) -> None:
    now = datetime.now(UTC)
    with closing(Store.connect(roles("my_worker"), [Fernet.generate_key().decode()])) as store:
        for days in range(0, 45, 5):
            store.retention.forget(Retention(polls=timedelta(days=10)), now + timedelta(days=days))
        with store.engine.connect() as connection:
            found = [one.name for one in partitions(connection, "poll_runs")]

        assert "poll_runs_first" not in found
        assert len(found) > 7
        assert store.soundness.partitions(now + timedelta(days=40)) == []
        assert [one for one in store.alerts() if one["kind"] == "partition_missing"] == []

    assert refused(roles("my_worker"), "DROP TABLE sellerbeat.poll_runs_default")
    assert refused(roles("my_reader"), "SELECT sellerbeat.change_partition('drop', 'poll_runs', 'poll_runs_first', NULL, NULL, NULL)")


def test_a_worker_without_that_grant_says_so_and_still_forgets(roles: Callable[[str], str], database: str) -> None:
    now = datetime.now(UTC)
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("REVOKE EXECUTE ON FUNCTION sellerbeat.change_partition FROM my_worker")
    with closing(Store.connect(roles("my_worker"), [Fernet.generate_key().decode()])) as store:
        enroll(store)
        store_orders(store, order("o-1"))

        store.retention.forget(Retention(events=timedelta(days=10)), now + timedelta(days=15))

        (words,) = [one["text"] for one in store.alerts() if one["kind"] == "partition_missing"]
        assert words.startswith("the role of SELLERBEAT_DATABASE_URL may not make partitions")
        assert store.soundness.partitions() == [words.partition(";")[0]]
        assert [one["entity_id"] for one in store.feed.read() if one["seller_id"]] == []


@pytest.mark.parametrize(
    "arguments",
    [
        "'drop', 'orders', 'orders', NULL, NULL, NULL",
        "'drop', 'poll_runs', 'orders', NULL, NULL, NULL",
        "'drop', 'poll_runs', 'poll_runs_default', NULL, NULL, NULL",
        "'drop', 'poll_runs', 'streams_orders', NULL, NULL, NULL",
        "'drop', 'poll_runs', 'poll_runs; DROP TABLE sellerbeat.orders', NULL, NULL, NULL",
        "'make', 'poll_runs', NULL, '2026-01-01''); DROP TABLE sellerbeat.orders; --', '2026-01-02', NULL",
        "'make', 'change_events', NULL, '5; DROP TABLE sellerbeat.orders', '9', NULL",
        "NULL, NULL, NULL, NULL, NULL, NULL",
    ],
)
def test_the_function_can_do_nothing_else(roles: Callable[[str], str], database: str, arguments: str) -> None:
    before = shape(database)
    with (
        closing(psycopg2.connect(roles("my_worker"))) as connection,
        connection,
        connection.cursor() as cursor,
        suppress(psycopg2.DataError),
    ):
        cursor.execute(f"SELECT sellerbeat.change_partition({arguments})")

    assert shape(database) == before


def shape(database: str) -> list[str]:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'sellerbeat'::regnamespace ORDER BY 1")
        return [str(name) for (name,) in cursor.fetchall()]


def test_the_reader_sees_the_views_and_no_table(roles: Callable[[str], str]) -> None:
    tables = [*metadata.tables, "sellerbeat.alembic_version"]

    assert [table for table in tables if not refused(roles("my_reader"), f"SELECT FROM {table}")] == []
    assert [view for view in VIEWS if refused(roles("my_reader"), f"SELECT * FROM sellerbeat.{view}")] == []
    assert refused(roles("my_reader"), "INSERT INTO sellerbeat.v_changes (position) VALUES (1)")
    assert refused(roles("my_reader"), "SELECT nextval('sellerbeat.positions')")


def test_the_reader_does_its_own_work_in_the_transaction_in_which_it_reads(roles: Callable[[str], str], database: str) -> None:
    with closing(Store.connect(database, [Fernet.generate_key().decode()])) as store:
        enroll(store)
        store_orders(store, order("o-1"), order("o-2"))
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA app AUTHORIZATION my_reader; ALTER ROLE my_reader SET search_path = app")

    for _ in range(2):  # the second time there is nothing new
        with closing(psycopg2.connect(roles("my_reader"))) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql("read-the-feed.md"))
            cursor.execute("SELECT order_id FROM my_sales ORDER BY 1")
            assert cursor.fetchall() == [("o-1",), ("o-2",)]


def test_the_reader_begins_anew_after_a_restore_which_the_worker_may_make_good(roles: Callable[[str], str], database: str) -> None:
    with closing(Store.connect(roles("my_worker"), [Fernet.generate_key().decode()])) as store:
        enroll(store)
        store_orders(store, order("o-1"))
        with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA app AUTHORIZATION my_reader; ALTER ROLE my_reader SET search_path = app")
        with closing(psycopg2.connect(roles("my_reader"))) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql("read-the-feed.md"))
            cursor.execute("INSERT INTO my_sales VALUES ('lost', 'seller-1', 'o-lost', 1)")  # it was read, and is gone from the feed
        assert store.restores.renew().renewed
        store_orders(store, order("o-2"))

    with closing(psycopg2.connect(roles("my_reader"))) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql("read-the-feed.md"))
        cursor.execute("SELECT order_id FROM my_sales ORDER BY 1")
        assert cursor.fetchall() == [("o-1",), ("o-2",)]
