"""A migration that locks tables, beside somebody who reads them for long: it says who it is, and keeps nobody from polling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import psycopg2
import pytest

from store.schema import migrate, waiting
from store.schema.errors import TablesHeldError
from store.schema.session import SERVER_SETTINGS
from store.schema.tables import REVISION
from tests.support.revisions import at_revision

WRITTEN = "INSERT INTO sellerbeat.sellers (seller_id, enrollment, enrolled_at, options, scopes) VALUES ('s', %s, now(), '{}', '{orders}')"
POLLED = "UPDATE sellerbeat.sellers SET epoch = epoch + 1; UPDATE sellerbeat.streams SET failures = failures + 1"


@pytest.fixture
def older(empty_database: str) -> str:
    """A database at the revision before that migration, with a seller."""
    with at_revision(empty_database, "0023"):
        pass
    with closing(psycopg2.connect(empty_database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(WRITTEN, ("6d1f0b0e-8b3f-4b52-9a55-0f6f4ad0a001",))
        cursor.execute("INSERT INTO sellerbeat.streams (seller_id, stream) SELECT 's', unnest(ARRAY['orders', 'inventory', 'fulfillment'])")
    return empty_database


@contextmanager
def reading(database: str, table: str) -> Iterator[int]:
    """Somebody's backup, which has read the table and is not at its end. Gives the number of their process."""
    with closing(psycopg2.connect(database, application_name="pg_dump")) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM sellerbeat.{table}")
        yield connection.info.backend_pid


@contextmanager
def polling(database: str) -> Iterator[list[str]]:
    """A worker that writes all the time, and waits for no lock longer than workers do. Gives what went wrong."""
    over, wrong = Event(), list[str]()

    def poll() -> None:
        with closing(psycopg2.connect(database, options="-c lock_timeout=5s")) as connection:
            connection.autocommit = True
            while not over.wait(0.01):
                try:
                    connection.cursor().execute(POLLED)
                except psycopg2.Error as error:
                    wrong.append(str(error))

    worker = Thread(target=poll)
    worker.start()
    try:
        yield wrong
    finally:
        over.set()
        worker.join()


def seen(database: str) -> tuple[list[str], list[str]]:
    """The seller's scopes, and options of the partition."""
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT scopes, (SELECT reloptions FROM pg_class WHERE oid = 'sellerbeat.streams_listings'::regclass) FROM sellerbeat.sellers"
        )
        scopes, options = cursor.fetchone() or ([], [])
        return scopes, options or []


@pytest.mark.parametrize("table", ["streams_listings", "streams"], ids=["the last leaf", "all of them"])
def test_who_reads_for_long_is_named_and_meanwhile_polls_go_on(older: str, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    monkeypatch.setattr(waiting, "WAIT_MS", 200)
    monkeypatch.setattr(waiting, "BETWEEN_S", 0.05)
    monkeypatch.setattr(waiting, "TRIES", 2)
    before = seen(older)

    with polling(older) as wrong:
        with reading(older, table) as process, pytest.raises(TablesHeldError) as caught:
            migrate.upgrade(older)
        held = seen(older)
        revision = migrate.current(older)
        migrated = migrate.upgrade(older)

    said = str(caught.value)
    assert f"pg_dump (process {process} of Postgres)" in said
    assert "try again" in said
    assert "\n" not in said
    assert (revision, held) == ("0023", before)
    assert before[0] == ["orders"]
    assert wrong == []
    assert migrated == REVISION
    scopes, options = seen(older)
    assert (scopes, "fillfactor=10" in options) == ([], True)


def test_workers_wait_for_such_locks_less_long_than_they_may() -> None:
    """For the first table, and for the rest with the first one held."""
    assert int(SERVER_SETTINGS["lock_timeout"]) > 2 * waiting.WAIT_MS
