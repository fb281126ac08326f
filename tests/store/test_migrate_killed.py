"""`migrate` that dies between any two statements has done nothing, or is finished by the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Engine, event

from store.schema import indexes, migrate
from store.schema.engine import connect
from store.schema.errors import StoreUnavailableError
from store.schema.tables import REVISION
from tests.support.foreign_app import dump
from tests.support.revisions import at_revision

Before = Callable[[Any], None]


@contextmanager
def before_each_statement(do: Before) -> Iterator[None]:
    def listener(connection: Any, cursor: Any, *rest: Any) -> None:
        do(cursor.connection)

    event.listen(Engine, "before_cursor_execute", listener)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", listener)


@contextmanager
def ended_before(statement: int, database: str) -> Iterator[None]:
    """The session that comes to this statement ends at the server."""
    count = 0

    def end(connection: Any) -> None:
        nonlocal count
        count += 1
        if count == statement:
            with closing(psycopg2.connect(database)) as killer, killer.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 10000)", (connection.info.backend_pid,))

    with before_each_statement(end):
        yield


def test_a_migration_that_is_killed_leaves_the_former_tables_as_they_were(empty_database: str) -> None:
    with at_revision(empty_database, "0019", schema="public") as connection:
        connection.exec_driver_sql("INSERT INTO public.quotas (resource, read_at) VALUES ('orders', now())")
    before, last = dump(empty_database, "public"), statements(empty_database)

    for statement in (2, last // 2, last):
        with pytest.raises(StoreUnavailableError), ended_before(statement, empty_database):
            migrate.upgrade(empty_database)
        assert dump(empty_database, "public") == before

    assert migrate.current(empty_database) is None
    assert migrate.upgrade(empty_database) == REVISION
    assert migrate.examine(empty_database) == REVISION


def statements(database: str) -> int:
    """Of the transaction: those that come before the indexes."""
    counts: list[int] = []

    class EnoughError(Exception):
        pass

    def count(connection: Any) -> None:
        counts.append(1)

    def stop(*rest: Any) -> None:
        raise EnoughError

    event.listen(Engine, "commit", stop)
    try:
        with before_each_statement(count), pytest.raises(EnoughError):
            migrate.upgrade(database)
    finally:
        event.remove(Engine, "commit", stop)
    return len(counts)


def test_an_index_whose_making_is_killed_is_made_by_the_next_one(database: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("".join(f"DROP INDEX sellerbeat.{name};" for name in indexes.INDEXES))

    engine, killed = connect(database, pool_size=None), 0
    while True:
        try:
            with ended_before(killed + 1, database):
                indexes.make(engine)
            break
        except StoreUnavailableError:
            killed += 1

    assert killed > len(indexes.INDEXES)
    assert migrate.examine(database) == REVISION
