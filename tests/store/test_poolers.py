"""With a pooler between us and Postgres: every wait has its end, nothing is left behind in a session, one at a time leads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from domain.pacing import Stream
from store import Store, StoreError, StoreUnavailableError
from store.schema import leases, migrate, session
from store.schema.between import Between, between
from store.schema.engine import connect
from store.schema.errors import SharedSessionsError
from store.schema.session import SERVER_SETTINGS
from tests.store.conftest import KEY
from tests.store.documents import SELLER, enroll, order, store_orders
from tests.support.pooler import Pooler, pooler
from tests.support.waiting import eventually_here

SHOWN = {"lock_timeout": "5s", "statement_timeout": "15s", "idle_in_transaction_session_timeout": "30s", "timezone": "UTC"}
SETTINGS_AND_SESSION = text(f"SELECT pg_backend_pid(), {', '.join(f'current_setting({name!r})' for name in SHOWN)}")


@pytest.fixture
def shared(database: str) -> Iterator[Pooler]:
    """A pooler in transaction mode, with two sessions of nobody's."""
    with pooler(database) as it:
        for _ in range(2):
            psycopg2.connect(it.url).close()
        yield it


@contextmanager
def opened(url: str, **options: str) -> Iterator[Store]:
    settings = {"options": " ".join(f"-c {name}={value}" for name, value in options.items())} if options else {}
    address = make_url(url).update_query_dict(settings)
    with closing(Store.connect(address.render_as_string(hide_password=False), [KEY], pool_size=2)) as store:
        yield store


def test_every_transaction_brings_its_time_outs_and_leaves_none_behind(shared: Pooler) -> None:
    seen = []
    with opened(shared.url) as store:
        for _ in range(3):
            with store.engine.begin() as connection:
                seen.append(connection.execute(SETTINGS_AND_SESSION).one())
                seen.append(connection.execute(SETTINGS_AND_SESSION).one())
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                seen += [connection.execute(SETTINGS_AND_SESSION).one() for _ in range(3)]
            with store.engine.begin() as connection:
                streamed = connection.execution_options(stream_results=True).execute(SETTINGS_AND_SESSION)
                seen += list(streamed)
    with closing(psycopg2.connect(shared.url)) as other:
        other.autocommit = True
        left = set()
        for _ in range(9):
            with other.cursor() as cursor:
                cursor.execute(SETTINGS_AND_SESSION.text)
                left.add(cursor.fetchone())

    assert {tuple(row)[1:] for row in seen} == {tuple(SHOWN.values())}
    assert len({row[0] for row in seen}) > 1
    assert len({pid for pid, *_ in left}) >= 3
    assert all(statement == "0" and lock == "0" for _, lock, statement, *_ in left)


def test_a_step_costs_no_message_more_than_without_a_pooler(database: str) -> None:
    costs = []
    for shares in (False, True):
        with pooler(database, shares=shares) as it, opened(it.url) as store:
            seller = f"seller-{shares}"
            enroll(store, seller)
            store.begin(seller, Stream.ORDERS)
            before = it.queries
            store_orders(store, order(), seller_id=seller)
            costs.append(it.queries - before)
    engine = connect(database)
    with engine.connect() as connection:
        assert session.is_ours(connection.connection.driver_connection)

    assert costs[0] == costs[1] > 0


def test_what_somebody_else_left_in_a_session_changes_nothing(database: str, shared: Pooler) -> None:
    with closing(psycopg2.connect(shared.url)) as other:
        other.autocommit = True
        for _ in range(6):
            other.cursor().execute("SET timezone = 'Pacific/Apia'; SET statement_timeout = 10000; SET intervalstyle = 'sql_standard'")
    with opened(shared.url) as store:
        enroll(store)
        store_orders(store, order("o-1"), order("o-2"))
        snapshot = [row["entity_id"] for row in store.snapshot(SELLER, "orders")]
        with store.engine.begin() as connection:
            found = connection.execute(text("SELECT timestamptz '2026-03-01 12:00Z' AS at, interval '1 day 2 hours' AS lasts")).one()

    assert snapshot == ["o-1", "o-2"]
    assert found.at.isoformat() == "2026-03-01T12:00:00+00:00"
    assert found.lasts == timedelta(days=1, hours=2)


def test_a_lock_that_is_held_too_long_ends_the_wait(shared: Pooler) -> None:
    with opened(shared.url) as store, opened(shared.url, lock_timeout="50") as impatient:
        enroll(store)
        step = store.begin(SELLER, Stream.ORDERS)
        with store.commit(step), pytest.raises(StoreUnavailableError, match="held a lock for too long"):
            impatient.begin(SELLER, Stream.ORDERS)


def test_who_stands_between_is_found_out(database: str, shared: Pooler) -> None:
    with pooler(database, shares=False) as keeps:
        found = [between(connect(url, pool_size=None)) for url in (database, keeps.url, shared.url)]

    assert found == [Between.NOTHING, Between.SESSION_POOLER, Between.TRANSACTION_POOLER]


def test_a_shared_session_is_found_out_however_few_there_are(database: str) -> None:
    with pooler(database) as it:
        assert between(connect(it.url, pool_size=None)) is Between.TRANSACTION_POOLER


def test_migrate_needs_a_session_of_its_own_and_says_so(empty_database: str) -> None:
    with pooler(empty_database) as shares, pytest.raises(SharedSessionsError, match="leads to Postgres itself"):
        migrate.upgrade(shares.url)
    assert migrate.current(empty_database) is None

    with pooler(empty_database, shares=False) as keeps:
        assert migrate.upgrade(keeps.url) == migrate.newest()
        assert migrate.examine(keeps.url) == migrate.newest()


def leads(store: Store) -> bool:
    with store.backlog.leading() as connection:
        return connection is not None


@pytest.mark.parametrize("direct", [False, True], ids=["through a pooler", "directly"])
def test_one_dispatcher_leads_until_it_ends(database: str, shared: Pooler, direct: bool) -> None:
    with opened(shared.url) as first, opened(database if direct else shared.url) as second:
        for one, other in ((first, second), (second, first)):
            with one.backlog.leading() as connection:
                assert connection is not None
                assert not leads(other)
                assert one.backlog.leads(connection)


def test_a_dispatcher_that_stands_still_is_replaced_and_notices(database: str, shared: Pooler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LASTS", timedelta(milliseconds=50))
    monkeypatch.setattr(leases, "RENEWED_EVERY_S", 0.0)
    with opened(shared.url) as first, opened(shared.url) as second, first.backlog.leading() as stands_still:
        assert stands_still is not None

        eventually_here(lambda: leads(second))

        assert not first.backlog.leads(stands_still)


def test_another_who_asks_at_the_very_moment_takes_no_lead_away(database: str, shared: Pooler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY_S", 0.0)
    with opened(shared.url) as store, opened(database) as asking, store.backlog.leading() as connection, asking.engine.connect() as other:
        assert connection is not None
        assert other.execute(text(f"WITH {leases._FREE} SELECT of_former FROM free"), {"name": "dispatchers"}).scalar()  # and stays at it

        assert store.backlog.leads(connection)


def test_a_lead_is_taken_again_by_whoever_lost_the_connection(shared: Pooler) -> None:
    with opened(shared.url) as store, opened(shared.url) as other:
        with store.backlog.leading() as connection:
            assert connection is not None
            connection.invalidate()

        assert leads(store)
        assert leads(other)


@pytest.mark.parametrize("direct", [False, True], ids=["through a pooler", "directly"])
def test_a_dispatcher_of_a_version_with_a_lock_of_the_session_is_respected(database: str, shared: Pooler, direct: bool) -> None:
    with opened(database if direct else shared.url) as store, closing(psycopg2.connect(database)) as former:
        former.autocommit = True
        former.cursor().execute("SELECT pg_advisory_lock(hashtextextended('sellerbeat.dispatchers', 0))")
        assert not leads(store)

        former.cursor().execute("SELECT pg_advisory_unlock(hashtextextended('sellerbeat.dispatchers', 0))")
        assert leads(store)


def test_a_former_version_that_begins_to_lead_is_given_way(shared: Pooler, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY_S", 0.0)
    with opened(shared.url) as store, closing(psycopg2.connect(database)) as former, store.backlog.leading() as connection:
        assert connection is not None
        assert store.backlog.leads(connection)

        former.cursor().execute("SELECT pg_advisory_lock(hashtextextended('sellerbeat.dispatchers', 0))")

        assert not store.backlog.leads(connection)


def test_a_former_version_waits_while_a_session_of_ours_leads(database: str) -> None:
    with opened(database) as store, closing(psycopg2.connect(database)) as former, former.cursor() as cursor:
        with store.backlog.leading() as connection:
            assert connection is not None
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('sellerbeat.dispatchers', 0))")
            assert cursor.fetchone() == (False,)

        def free() -> bool:
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('sellerbeat.dispatchers', 0))")
            return bool(cursor.fetchone() == (True,))

        eventually_here(free)


NAMES = st.from_regex(r"[a-z_][a-z0-9_.]{0,20}", fullmatch=True)


@given(settings=st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cs", "Cc"]))), long=st.booleans())
def test_settings_in_a_url_are_read_as_libpq_reads_them(settings: dict[str, str], long: bool) -> None:
    escaped = {name: "".join(f"\\{one}" if one.isspace() or one == "\\" else one for one in value) for name, value in settings.items()}

    assert session.given(" ".join(f"{'--' if long else '-c '}{name}={value}" for name, value in escaped.items())) == settings


@pytest.mark.parametrize("options", ["search_path=x", "-c", "-c search_path", "-d 5"])
def test_options_that_are_none_are_refused(options: str) -> None:
    with pytest.raises(StoreError, match="-c name=value"):
        session.given(options)


@pytest.mark.parametrize("shares", [False, True])
def test_what_a_url_sets_wins_whatever_stands_in_it(database: str, shares: bool) -> None:
    given = {"statement_timeout": "7s", "search_path": 'public,"it\'s\\ 100%"', "sellerbeat.test": "a\\\\b%s'"}
    with pooler(database, shares) as it, opened(it.url, **given) as store, store.engine.begin() as connection:
        shown = [connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one() for name in given]

    assert shown == ["7s", 'public,"it\'s 100%"', "a\\b%s'"]


def test_the_settings_say_the_end_of_every_wait() -> None:
    assert set(session.TIMEOUTS) < set(SERVER_SETTINGS)
