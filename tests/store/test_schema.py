"""The schema of our own: made, found, moved into, and nothing else touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from domain.setting_texts import schema
from store import Store
from store.schema import migrate
from store.schema.errors import (
    EncodingError,
    FormerProcessesError,
    NotAllowedError,
    SchemaTakenError,
    StoreError,
    StoreUnavailableError,
    TablesUnknownError,
)
from store.schema.names import checked
from store.schema.tables import REVISION
from tests.store.documents import ENROLLED, enroll, order, store_orders
from tests.support.foreign_app import ForeignApp, dump
from tests.support.revisions import at_revision

KEY = Fernet.generate_key().decode()
OTHER = "other_shop"


def ask(database: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def tables(database: str, schema: str) -> set[str]:
    return {str(name) for (name,) in ask(database, f"SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('{schema}')")}


@contextmanager
def opened(database: str, schema: str) -> Iterator[Store]:
    with closing(Store.connect(database, [KEY], pool_size=3, schema=schema)) as store:
        yield store


@pytest.fixture
def role(empty_database: str, execute: Callable[[str], None]) -> Iterator[str]:
    """The URL of a role that may connect and no more, and whose name is not the schema's."""
    name = make_url(empty_database).database
    execute(f"CREATE ROLE app_{name} LOGIN PASSWORD 'pw'")
    yield make_url(empty_database).set(username=f"app_{name}", password="pw").render_as_string(hide_password=False)
    ask(empty_database, f"REASSIGN OWNED BY app_{name} TO CURRENT_USER; DROP OWNED BY app_{name}")
    execute(f"DROP ROLE app_{name}")


def test_migrate_touches_nothing_of_an_app_with_tables_of_the_same_names(empty_database: str, tmp_path: Path) -> None:
    app = ForeignApp(tmp_path, empty_database)
    app.up()
    before = dump(empty_database, "public")

    migrate.upgrade(empty_database)

    assert app.rows() == 20
    assert dump(empty_database, "public") == before
    ours = dump(empty_database, "sellerbeat")
    app.down()
    assert tables(empty_database, "public") == {"alembic_version", "alembic_version_pkc"}
    assert dump(empty_database, "sellerbeat") == ours
    app.up()
    assert dump(empty_database, "sellerbeat") == ours
    again = dump(empty_database, "public")
    ask(empty_database, "DROP SCHEMA sellerbeat CASCADE")
    migrate.upgrade(empty_database)
    assert dump(empty_database, "public") == again


def test_an_app_at_a_revision_named_as_one_of_ours_is_not_taken_for_ours(empty_database: str, tmp_path: Path) -> None:
    app = ForeignApp(tmp_path, empty_database)
    app.up("0019")
    before = dump(empty_database, "public")

    assert migrate.current(empty_database) is None
    migrate.upgrade(empty_database)

    assert migrate.current(empty_database) == REVISION
    assert dump(empty_database, "public") == before


def test_two_installations_in_one_database_know_nothing_of_each_other(database: str) -> None:
    assert migrate.upgrade(database, schema=OTHER) == REVISION
    with opened(database, "sellerbeat") as first, opened(database, OTHER) as second:
        for store, orders in ((first, ["o-1", "o-2"]), (second, ["o-3"])):
            enroll(store)
            store_orders(store, *(order(one) for one in orders))

        assert [one["entity_id"] for one in first.feed.read()] == ["o-1", "o-2"]
        assert [(one["entity_id"], one["position"]) for one in second.feed.read()] == [("o-3", 1)]
        assert len({store.hashes.of("p", "x") for store in (first, second)}) == 2
        with first.backlog.leading() as one, second.backlog.leading() as other:  # each has dispatchers of its own
            assert one is not None
            assert other is not None
        assert first.deployments.others("first") == 0
        assert second.deployments.others("second") == 0


def test_positions_are_drawn_under_a_lock_of_the_schemas_own(database: str) -> None:
    migrate.upgrade(database, schema=OTHER)
    url = make_url(database).update_query_dict({"options": "-c lock_timeout=200ms"}).render_as_string(hide_password=False)
    with opened(url, "sellerbeat") as free, opened(url, OTHER) as held, closing(psycopg2.connect(database)) as holder:
        for store in (free, held):
            enroll(store)
        holder.cursor().execute(f"SELECT pg_advisory_xact_lock(hashtextextended('{OTHER}.positions', 0))")

        store_orders(free, order("o-1"))
        with pytest.raises(StoreUnavailableError):
            store_orders(held, order("o-1"))


@pytest.mark.parametrize("revision", ["0001", pytest.param("0010", marks=pytest.mark.repeats), "0019"])
def test_an_installation_in_public_is_moved_with_all_that_it_holds(empty_database: str, revision: str) -> None:
    with at_revision(empty_database, revision, schema="public") as connection:
        connection.execute(
            text("""
            INSERT INTO public.sellers (seller_id, enrollment, enrolled_at) VALUES ('anna', gen_random_uuid(), now())
        """)
        )
        connection.execute(text("INSERT INTO public.quotas (resource, read_at) VALUES ('orders', now())"))
        connection.execute(text("SELECT setval('positions', 41)"))
        connection.execute(text("CREATE TABLE mine (id integer)"))  # of the app

    assert migrate.current(empty_database) is None
    assert migrate.steps_left(empty_database) == int(REVISION) - int(revision)
    migrate.upgrade(empty_database)

    assert tables(empty_database, "public") == {"mine"}
    assert ask(empty_database, "SELECT seller_id FROM sellerbeat.sellers") == [("anna",)]
    assert ask(empty_database, "SELECT nextval('sellerbeat.positions')") == [(42,)]
    assert migrate.current(empty_database) == REVISION
    with opened(empty_database, "sellerbeat") as store:
        store.check()


def test_it_is_not_moved_while_processes_of_before_are_connected(empty_database: str) -> None:
    with at_revision(empty_database, "0019", schema="public"):
        pass
    before = dump(empty_database, "public")
    with (
        closing(psycopg2.connect(empty_database, application_name="sellerbeat")),
        pytest.raises(FormerProcessesError, match=r"stop the worker and web\.py of the version before first \(1 of their connections"),
    ):
        migrate.upgrade(empty_database)
    assert dump(empty_database, "public") == before
    assert tables(empty_database, "sellerbeat") == set()

    migrate.upgrade(empty_database)

    assert migrate.current(empty_database) == REVISION


def test_another_schema_is_left_where_it_is_when_ours_is_there_already(database: str) -> None:
    with at_revision(database, "0019", schema="public"):  # somebody ran `migrate` of an older version
        pass
    before = dump(database, "public")

    migrate.upgrade(database)

    assert dump(database, "public") == before


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE sellerbeat.orders (id integer)",
        "CREATE TABLE sellerbeat.alembic_version (version_num text); INSERT INTO sellerbeat.alembic_version VALUES ('0019')",
        "CREATE TABLE sellerbeat.alembic_version (version_num text); INSERT INTO sellerbeat.alembic_version VALUES ('a3f2')",
    ],
)
def test_a_schema_that_holds_something_else_is_refused_and_left_as_it_is(empty_database: str, made: str) -> None:
    ask(empty_database, f"CREATE SCHEMA sellerbeat; {made}")
    before = dump(empty_database, "sellerbeat")

    with pytest.raises(SchemaTakenError, match="give SELLERBEAT_DATABASE_SCHEMA a name of its own"):
        migrate.upgrade(empty_database)

    assert dump(empty_database, "sellerbeat") == before


def test_tables_of_a_later_version_are_refused_and_left_as_they_are(database: str) -> None:
    ask(database, "UPDATE sellerbeat.alembic_version SET version_num = '9999'")

    with pytest.raises(TablesUnknownError, match="of a later version"):
        migrate.upgrade(database)


def test_a_role_that_may_make_no_schema_is_told_what_its_owner_runs(empty_database: str, role: str) -> None:
    name = make_url(role).username
    with pytest.raises(NotAllowedError, match=rf"have its owner run CREATE SCHEMA sellerbeat AUTHORIZATION {name}"):
        migrate.upgrade(role)
    assert tables(empty_database, "sellerbeat") == set()

    ask(empty_database, f"CREATE SCHEMA sellerbeat AUTHORIZATION {name}")

    assert migrate.upgrade(role) == REVISION
    with opened(role, "sellerbeat") as store:
        enroll(store)
        store_orders(store, order("o-1"))
        assert len(store.feed.read()) == 1


def test_a_database_of_another_encoding_is_refused(postgres_server: str, execute: Callable[[str], None]) -> None:
    execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(EncodingError, match="LATIN1"):
            migrate.upgrade(make_url(postgres_server).set(database="latin").render_as_string(hide_password=False))
    finally:
        execute("DROP DATABASE latin WITH (FORCE)")


@pytest.mark.parametrize("name", ["public", "pg_ours", 'my"schema', "Ours", "a" * 64, "", "our-schema", "1st", "information_schema"])
def test_a_name_that_cannot_be_a_schema_of_ours_is_refused_before_anything_is_asked(name: str) -> None:
    with pytest.raises(StoreError, match="cannot be the schema of our tables"):
        Store.connect("postgresql://nobody@127.0.0.1:1/db", [KEY], schema=name)


def test_a_search_path_leads_nobody_astray(database: str) -> None:
    ask(database, "CREATE SCHEMA trap; CREATE TABLE trap.orders (id integer); CREATE TABLE trap.sellers (id integer)")
    url = make_url(database).update_query_dict({"options": "-c search_path=trap"}).render_as_string(hide_password=False)

    with opened(url, "sellerbeat") as store:
        enroll(store)
        store_orders(store, order("o-1", modified=ENROLLED + timedelta(hours=1)))
        assert len(store.feed.read()) == 1


@given(
    st.one_of(
        st.text(max_size=5), st.from_regex(r"[a-zA-Z_][a-z0-9_.]{0,70}", fullmatch=True), st.sampled_from(["public", "pg_ours", OTHER])
    )
)
def test_the_settings_take_the_names_that_the_store_takes_and_no_other(name: str) -> None:
    def taken(take: Callable[[str], object]) -> bool:
        try:
            take(name)
        except (StoreError, ValueError):
            return False
        return True

    assert taken(checked) is taken(schema)
