"""Where Postgres, or a pooler before it, does not serve us, one line says what is wrong and what to do; nothing of theirs is passed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg2
import pytest
from sqlalchemy import make_url

from domain.pacing import Stream
from store import Store, StoreError, StoreUnavailableError
from store.schema import faults
from store.schema.errors import NotAllowedError, translated
from store.schema.standing import standing
from tests.store.conftest import KEY
from tests.store.documents import LATER, SELLER, enroll, order, store_orders
from tests.support.pooler import pooler

Execute = Callable[[str], None]
GRANTS = (
    "GRANT USAGE ON SCHEMA sellerbeat TO {0}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sellerbeat TO {0}; "
    "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA sellerbeat TO {0}; "
    "GRANT EXECUTE ON FUNCTION sellerbeat.change_partition TO {0}"
)
numbers = count(1)


@pytest.fixture
def as_owner(database: str) -> Iterator[Execute]:
    """Runs a statement in the test's database, as its owner."""
    with closing(psycopg2.connect(database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor.execute


@pytest.fixture
def role(database: str, as_owner: Execute) -> Iterator[str]:
    """The URL of the database for a worker's role, as docs/how-to/share-a-database.md makes it."""
    name = f"worker_{next(numbers)}"
    as_owner(f"CREATE ROLE {name} LOGIN PASSWORD 'hunter2'; {GRANTS.format(name)}")
    yield make_url(database).set(username=name, password="hunter2").render_as_string(hide_password=False)
    as_owner(f"ALTER DATABASE {make_url(database).database} RESET ALL")
    as_owner(f"ALTER DATABASE {make_url(database).database} CONNECTION LIMIT -1; DROP OWNED BY {name}; DROP ROLE {name}")


def failure(url: str, act: Callable[[Store], object] = Store.check) -> StoreError:
    with closing(Store.connect(url, [KEY], pool_size=2)) as store:
        with pytest.raises(StoreError) as caught:
            act(store)
        assert "hunter2" not in str(caught.value)
        assert "\n" not in str(caught.value)
        return caught.value


def changed(url: str, **parts: Any) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)


STYLES = {
    "timezone": "Pacific/Apia",
    "datestyle": "German",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "search_path": "pg_temp",
    "standard_conforming_strings": "off",
    "statement_timeout": "1s",
    "idle_in_transaction_session_timeout": "0",
}


@pytest.mark.parametrize("shares", [None, False, True], ids=["directly", "a pooler in session mode", "a pooler in transaction mode"])
def test_what_a_role_prefers_changes_nothing(role: str, as_owner: Execute, shares: bool | None) -> None:
    for name, value in STYLES.items():
        as_owner(f"ALTER ROLE {make_url(role).username} SET {name} = '{value}'")
    with ExitStack() as opened:
        url = role if shares is None else opened.enter_context(pooler(role, shares)).url
        store = opened.enter_context(closing(Store.connect(url, [KEY], pool_size=1)))
        enroll(store)
        store_orders(store, order("o-1", title="50% \\ 'off'"))
        step = store.begin(SELLER, Stream.ORDERS)
        with store.commit(step) as commit:
            commit.store_orders([order("o-2")], LATER)
        seller = store.seller(SELLER)
        (event, _) = store.feed.read()
        with store.engine.connect() as connection:
            values = connection.exec_driver_sql(
                "SELECT timestamptz '2026-03-01 12:00Z', interval '26 hours', float8 '0.1' + float8 '0.2'"
            ).one()
            waits = connection.exec_driver_sql("SELECT current_setting('statement_timeout')").scalar()

    assert event["data"]["title"] == "50% \\ 'off'"
    assert event["occurred_at"].endswith("Z")
    assert seller["seller_id"] == SELLER
    assert (values[0].isoformat(), values[1], values[2]) == ("2026-03-01T12:00:00+00:00", timedelta(hours=26), 0.1 + 0.2)
    assert waits == "15s"


def test_a_wrong_password_and_an_unknown_name_or_database_are_told(role: str) -> None:
    assert str(failure(changed(role, password="another"))) == faults.UNAVAILABLE["28P01"]
    assert str(failure(changed(role, username="nobody_at_all"))) == faults.UNAVAILABLE["28P01"]
    assert str(failure(changed(role, database="none_of_this_name"))) == faults.UNAVAILABLE["3D000"]
    assert "the host in SELLERBEAT_DATABASE_URL" in str(failure(changed(role, host="none.invalid")))


def test_a_role_that_may_not_log_in_is_told(role: str, as_owner: Execute) -> None:
    as_owner(f"ALTER ROLE {make_url(role).username} NOLOGIN")

    assert str(failure(role)) == faults.UNAVAILABLE["28000"]


@pytest.mark.parametrize("whose", ["ROLE {role}", "DATABASE {database}"])
def test_too_many_connections_are_told_and_pass(role: str, as_owner: Execute, whose: str) -> None:
    url = make_url(role)
    as_owner(f"ALTER {whose.format(role=url.username, database=url.database)} CONNECTION LIMIT 0")

    error = failure(role)

    assert isinstance(error, StoreUnavailableError)
    assert str(error) == faults.UNAVAILABLE["53300"]


@pytest.mark.parametrize("whose", ["ROLE {role}", "DATABASE {database}"])
def test_where_we_may_only_read_it_is_told_and_what_waits_is_stored_later(role: str, as_owner: Execute, whose: str) -> None:
    url = make_url(role)
    whom = whose.format(role=url.username, database=url.database)
    as_owner(f"ALTER {whom} SET default_transaction_read_only = on")

    error = failure(role, enroll)
    assert isinstance(error, StoreUnavailableError)
    assert str(error) == faults.UNAVAILABLE["25006"]
    with pytest.raises(StoreUnavailableError, match="lets us only read"):
        standing(role)

    as_owner(f"ALTER {whom} RESET default_transaction_read_only")
    with closing(Store.connect(role, [KEY], pool_size=1)) as store:
        enroll(store)


@pytest.mark.parametrize("code", ["53100", "53200", "53400", "57P02", "57P04", "58030"])
def test_what_postgres_lacks_is_told_and_passes(role: str, as_owner: Execute, code: str) -> None:
    with closing(Store.connect(role, [KEY], pool_size=1)) as store:
        enroll(store)
        as_owner(
            "CREATE FUNCTION sellerbeat.fails() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE 'could not extend file CANARY' USING ERRCODE = '{code}'; END $$; "
            "CREATE TRIGGER fails BEFORE INSERT ON sellerbeat.change_events FOR EACH ROW EXECUTE FUNCTION sellerbeat.fails()"
        )
        with pytest.raises(StoreUnavailableError) as caught:
            store_orders(store, order())
        as_owner("DROP FUNCTION sellerbeat.fails CASCADE")
        store_orders(store, order())

        assert [one["entity_id"] for one in store.feed.read()] == ["o-1"]
    assert str(caught.value) == faults.UNAVAILABLE.get(code, faults.UNAVAILABLE_CLASSES[code[:2]])


def test_a_connection_that_is_ended_within_a_statement_is_told(role: str) -> None:
    def cut_off(store: Store) -> None:
        with translated(), store.engine.begin() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    error = failure(role, cut_off)

    assert isinstance(error, StoreUnavailableError)
    assert (str(error), error.lost) == (faults.UNAVAILABLE["57P01"], True)


def test_a_database_that_takes_nobody_is_told(role: str, execute: Execute) -> None:
    database = make_url(role).database
    execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    try:
        assert str(failure(role)) == faults.UNAVAILABLE["57P03"]
    finally:
        execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        ("UPDATE ON sellerbeat.sellers", "lacks rights on sellers"),
        ("USAGE, UPDATE ON SEQUENCE sellerbeat.positions", "lacks rights on positions"),
        ("USAGE ON SCHEMA sellerbeat", "may not use the schema sellerbeat"),
    ],
)
def test_a_right_that_is_lacking_is_named(role: str, as_owner: Execute, taken: str, words: str) -> None:
    name = make_url(role).username
    with closing(Store.connect(role, [KEY], pool_size=1)) as store:
        enroll(store)
        store_orders(store, order())
        assert standing(role).role == name

        as_owner(f"REVOKE {taken} FROM {name}")

        with pytest.raises(NotAllowedError, match=f"the role {name} {words}"):
            standing(role)
        with pytest.raises(
            NotAllowedError, match=r"lacks a right on (table|sequence|schema) (sellers|positions|sellerbeat) \(SQLSTATE 42501\)"
        ):
            store_orders(store, order("o-2"))


# Texts of pgbouncer 1.18 to 1.24, and of Postgres where no test can bring it about
@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("ERROR:  no more connections allowed (max_client_conn)", "53300"),
        ("FATAL:  no more connections allowed", "53300"),
        ("FATAL:  query_wait_timeout", "53300"),
        ("FATAL:  sorry, too many clients already", "53300"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "53300"),
        ('FATAL:  server login failed: FATAL too many connections for role "CANARY"', "53300"),
        ("FATAL:  the database system is starting up", "57P03"),
        ("FATAL:  the database system is in recovery mode", "57P03"),
        ("FATAL:  server shutting down", "57P03"),
        ('FATAL:  password authentication failed for user "CANARY"', "28P01"),
        ("FATAL:  SASL authentication failed", "28P01"),
        ("FATAL:  no such user: CANARY", "28P01"),
        ("fe_sendauth: no password supplied", "28P01"),
        ("FATAL:  no such database: CANARY", "3D000"),
        ('FATAL:  no pg_hba.conf entry for host "CANARY", user "CANARY", database "CANARY", no encryption', "28000"),
        ("FATAL:  server login has been failing, cached error: connect failed (server_login_retry)", "the pooler reaches no Postgres"),
        ("FATAL:  server login has been failing, try again later (server_login_retry)", "the pooler reaches no Postgres"),
        ("FATAL:  pgbouncer cannot connect to server", "the pooler reaches no Postgres"),
        ("FATAL:  server conn crashed?", "the pooler reaches no Postgres"),
        ("FATAL:  transactions not allowed in statement pooling mode", "the pooler is in statement mode"),
        ("FATAL:  SSL required", "no encrypted connection"),
        ("server does not support SSL, but SSL was required", "no encrypted connection"),
    ],
)
@pytest.mark.parametrize("code", ["", "08P01"])
def test_what_a_pooler_says_is_told_as_what_it_is(said: str, meaning: str, code: str) -> None:
    words = faults.unavailable(code, said)

    assert words is not None
    assert faults.UNAVAILABLE.get(meaning, meaning) in words
    assert "CANARY" not in words


def test_what_nobody_knows_is_not_guessed() -> None:
    assert faults.unavailable("", "connection refused: CANARY") is None
    assert faults.unavailable("08P01", "protocol violation: CANARY") == faults.UNAVAILABLE_CLASSES["08"]
    assert faults.unavailable("22000", "too many connections") is None
    assert "CANARY" not in faults.not_allowed("permission denied for CANARY")


def test_every_text_says_what_to_do_where_somebody_must() -> None:
    by_themselves = {"25P03", "40001", "40P01", "55P03", "57014"}

    assert all(": " in words for code, words in faults.UNAVAILABLE.items() if code not in by_themselves)
    assert not [words for words in faults.UNAVAILABLE.values() if "\n" in words]
