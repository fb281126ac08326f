"""What leaves the store as an error holds no value of a document, and says what to do."""

import logging
import socket
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import make_url

from domain.pacing import Stream
from store import Store, StoreError, StoreUnavailableError, TablesMissingError
from tests.store.conftest import KEY
from tests.store.documents import LATER, SELLER, enroll, order, reported, store_orders

CANARY = "Canary Buyer"


def run(store: Store, statement: str) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def with_options(store: Store, options: str) -> Store:
    url = store.engine.url.set(drivername="postgresql").update_query_dict({"options": options})
    return Store.connect(url.render_as_string(hide_password=False), [KEY], pool_size=2)


def test_a_document_that_the_database_refuses_tells_no_value(own_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    run(own_store, "ALTER TABLE sellerbeat.orders ADD CHECK (false) NOT VALID")  # Postgres answers "Failing row contains (...)"

    store_orders(own_store, order(buyer=CANARY))

    assert [row["reason"] for row in own_store.set_aside()] == ["refused by Postgres (SQLSTATE 23514)"]
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "trap",
    [
        "ALTER TABLE sellerbeat.change_events ADD CHECK (false) NOT VALID",
        "DROP VIEW sellerbeat.v_changes; ALTER TABLE sellerbeat.change_events ALTER COLUMN data TYPE integer USING 1",
        "CREATE UNIQUE INDEX ON sellerbeat.change_events_first (source, (data ->> 'buyer'))",
    ],
)
def test_an_error_tells_no_value_of_what_was_to_be_written(own_store: Store, caplog: pytest.LogCaptureFixture, trap: str) -> None:
    run(own_store, trap)

    with pytest.raises(StoreError) as caught:
        store_orders(own_store, order("a", buyer=CANARY), order("b", buyer=CANARY))

    seen = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    assert CANARY not in seen
    assert "SQLSTATE" in str(caught.value)


def test_sqlalchemys_own_log_holds_no_value(database: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="sqlalchemy.engine"):
        store = Store.connect(database, [KEY])
        enroll(store)
        store_orders(store, order(buyer=CANARY))
        store.close()

    assert "INSERT INTO sellerbeat.orders" in caplog.text
    assert CANARY not in caplog.text


def test_a_database_without_tables_says_what_to_run(empty_database: str) -> None:
    store = Store.connect(empty_database, [KEY])

    for attempt in (lambda: store.begin(SELLER, Stream.ORDERS), store.check, lambda: enroll(store), lambda: store.feed.read()):
        with pytest.raises(TablesMissingError, match=r"run starter\.py migrate"):
            attempt()
    store.close()


def test_tables_of_another_version_say_what_to_run(own_store: Store) -> None:
    own_store.check()
    run(own_store, "UPDATE sellerbeat.alembic_version SET version_num = '0001'")

    with pytest.raises(TablesMissingError):
        own_store.check()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = Store.connect(f"postgresql://postgres:secret@127.0.0.1:{taken.getsockname()[1]}/postgres", [KEY])

        with pytest.raises(StoreUnavailableError, match="cannot be reached") as caught:
            store.begin(SELLER, Stream.ORDERS)

    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["mysql://localhost/x", "nonsense", ""])
def test_a_url_that_names_no_postgres_is_refused_at_once(url: str) -> None:
    with pytest.raises(StoreError, match="database URL"):
        Store.connect(url, [KEY])


def test_a_lock_that_is_held_too_long_is_unavailable(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    impatient = with_options(store, "-c lock_timeout=50")

    with store.commit(step), pytest.raises(StoreUnavailableError, match="held a lock for too long"):
        impatient.begin(SELLER, Stream.ORDERS)

    impatient.close()


def test_a_statement_that_takes_too_long_is_unavailable(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    impatient = with_options(store, "-c statement_timeout=50")

    with store.commit(step), pytest.raises(StoreUnavailableError, match="took too long"):
        impatient.begin(SELLER, Stream.ORDERS)

    impatient.close()


def test_more_threads_than_connections_wait_for_their_turn(own_store: Store) -> None:
    with ThreadPoolExecutor(6) as pool:
        steps = list(pool.map(lambda _: own_store.begin(SELLER, Stream.ORDERS), range(24)))

    assert sorted(step.epoch for step in steps) == list(range(1, 25))


def kick(store: Store) -> None:
    """Cut all connections of this store, as a restart of Postgres does."""
    other = Store.connect(store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), [KEY], pool_size=1)
    run(
        other,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'",
    )
    other.close()


def test_a_step_begins_though_the_pooled_connection_had_died(own_store: Store) -> None:
    own_store.begin(SELLER, Stream.ORDERS)
    kick(own_store)

    assert own_store.begin(SELLER, Stream.ORDERS).epoch == 2


def test_a_connection_lost_in_the_middle_keeps_nothing_and_a_later_step_goes_on(own_store: Store) -> None:
    step = own_store.begin(SELLER, Stream.ORDERS)

    def keep_and_lose_the_connection() -> None:
        with own_store.commit(step) as commit:
            commit.store_orders([order("lost")], LATER)
            kick(own_store)

    with pytest.raises(StoreUnavailableError):
        keep_and_lose_the_connection()
    store_orders(own_store, order("kept"))

    assert reported(own_store) == [("order.created", "kept", 1)]


def test_every_setting_of_the_url_is_respected(store: Store) -> None:
    url = make_url("postgresql://u:p@h:5433/d?sslmode=require&options=-c%20search_path%3Dother")
    engine = Store.connect(url.render_as_string(hide_password=False), [KEY]).engine

    assert engine.url.query == {"sslmode": "require"}
    with store.engine.begin() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in ("lock_timeout", "statement_timeout", "timezone")
        }
    assert shown == {"lock_timeout": "5s", "statement_timeout": "15s", "timezone": "UTC"}
