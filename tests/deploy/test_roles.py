"""The roles of docker-compose.yml on a real Postgres: who migrates owns, who works writes rows, who reads sees the views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography.fernet import Fernet
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import make_url

from demo_stack import devstack
from domain.pacing import Stream
from store import Store
from store.schema.migrate import upgrade
from tests.store.documents import LATER, enroll, item, order, store_orders

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "postgres"
PASSWORDS = {role: f"{role}-password" for role in ("owner", "worker", "reader", "temporal")}
VIEWS = ("v_orders", "v_order_lines", "v_parcels", "v_stock", "v_changes")


class Deployed:
    """A server as the image makes it: a superuser and our database, then the roles."""

    def __init__(self, server: str, database: str = "sellerbeat") -> None:
        self.server, self.url = server, make_url(server).set(database=database)
        self.execute(f"CREATE DATABASE {database}")

    def execute(self, statement: str) -> None:
        with closing(psycopg2.connect(self.server)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)

    def as_role(self, name: str, password: str) -> str:
        return self.url.set(username=name, password=PASSWORDS[password]).render_as_string(hide_password=False)

    def run(self, name: str, url: str | None = None, owner: str = "sellerbeat_owner") -> None:
        """As deploy/postgres/run.sh does."""
        given = {**PASSWORDS, "owner_name": owner} if name == "roles.sql" else {}
        options = " ".join(f"-c roles.{key}={value}" for key, value in given.items())
        with closing(psycopg2.connect(url or self.url.render_as_string(hide_password=False), options=options)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with devstack.postgres(tmp_path_factory.mktemp("roles"), fast=True) as server:
        here = Deployed(server)
        for _ in range(2):  # as at each start
            here.run("roles.sql")
            upgrade(here.as_role("sellerbeat_owner", "owner"))
            here.run("grants.sql", here.as_role("sellerbeat_owner", "owner"))
        yield here


@contextmanager
def asking(url: str) -> Iterator[Any]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        yield cursor


def test_no_role_of_ours_is_a_superuser_or_makes_roles(deployed: Deployed) -> None:
    with asking(deployed.url.render_as_string(hide_password=False)) as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname ~ '^(sellerbeat_|temporal)' ORDER BY 1"
        )
        found = cursor.fetchall()

    assert found == [
        ("sellerbeat_owner", False, False, False),
        ("sellerbeat_reader", False, False, False),
        ("sellerbeat_worker", False, False, False),
        ("temporal", False, False, True),
    ]


def test_the_worker_stores_and_reads_what_a_poll_finds_and_keeps_its_partitions(deployed: Deployed) -> None:
    store = Store.connect(deployed.as_role("sellerbeat_worker", "worker"), [Fernet.generate_key().decode()])
    enroll(store, "anna")
    store_orders(store, order("o-1"), seller_id="anna")
    with store.commit(store.begin("anna", Stream.INVENTORY)) as commit:
        commit.store_inventory([item("SKU-1", 7)], LATER)
    store.close()

    with asking(deployed.as_role("sellerbeat_worker", "worker")) as cursor:
        cursor.execute("SELECT count(*) FROM sellerbeat.change_events")
        assert cursor.fetchone()[0] >= 2
        cursor.execute("SELECT has_function_privilege(oid, 'EXECUTE') FROM pg_proc WHERE proname = 'change_partition'")
        assert cursor.fetchall() == [(True,)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE sellerbeat.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE SCHEMA mine",
        "ALTER TABLE sellerbeat.sellers ADD COLUMN mine int",
        "DROP TABLE sellerbeat.sellers",
        "TRUNCATE sellerbeat.change_events",
        "CREATE ROLE mine",
    ],
)
@pytest.mark.parametrize(("role", "password"), [("sellerbeat_worker", "worker"), ("sellerbeat_reader", "reader")])
def test_neither_worker_nor_reader_may_change_a_table(deployed: Deployed, role: str, password: str, statement: str) -> None:
    with asking(deployed.as_role(role, password)) as cursor, pytest.raises(psycopg2.Error) as error:
        cursor.execute(statement)

    assert isinstance(error.value, InsufficientPrivilege)


def test_the_reader_sees_the_views_and_no_table_not_even_a_partition(deployed: Deployed) -> None:
    with asking(deployed.as_role("sellerbeat_reader", "reader")) as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'sellerbeat'::regnamespace AND relkind IN ('r', 'p', 'v') "
            "AND has_table_privilege(oid, 'SELECT') ORDER BY relname"
        )
        readable = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'sellerbeat'::regnamespace AND relkind IN ('r', 'p')")
        tables = cursor.fetchone()[0]
        for view in VIEWS:
            cursor.execute(f"SELECT count(*) FROM sellerbeat.{view}")

    assert readable == sorted(VIEWS)
    assert tables > 20


def test_what_a_later_migration_makes_is_open_to_the_worker_by_itself(deployed: Deployed) -> None:
    with closing(psycopg2.connect(deployed.as_role("sellerbeat_owner", "owner"))) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE sellerbeat.later (id bigserial)")
        cursor.execute(
            "SELECT has_table_privilege('sellerbeat_worker', 'sellerbeat.later', 'INSERT'), "
            "has_sequence_privilege('sellerbeat_worker', 'sellerbeat.later_id_seq', 'USAGE'), "
            "has_table_privilege('sellerbeat_reader', 'sellerbeat.later', 'SELECT')"
        )
        found = cursor.fetchone()
        connection.rollback()

    assert found == (True, True, False)
    for name in ("sellerbeat_reader", "temporal"):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(deployed.as_role(name, "worker"))  # another's password


def test_an_installation_from_before_goes_on_with_its_one_role_though_it_has_the_schemas_name(deployed: Deployed) -> None:
    former = Deployed(deployed.server, "former")
    former.execute(f"CREATE ROLE sellerbeat SUPERUSER LOGIN PASSWORD '{PASSWORDS['owner']}'")
    one_role = former.as_role("sellerbeat", "owner")
    upgrade(one_role)  # before there were others

    for _ in range(2):
        former.run("roles.sql", one_role, owner="sellerbeat")
        upgrade(one_role)
        former.run("grants.sql", one_role)

    with asking(former.as_role("sellerbeat_worker", "worker")) as cursor:
        cursor.execute("SELECT count(*) FROM sellerbeat.sellers")
        cursor.execute("SELECT sellerbeat.change_partition('make', 'poll_runs', NULL, '2030-01-01', '2030-01-02', NULL)")
        made = cursor.fetchone()
        cursor.execute("SELECT has_table_privilege('sellerbeat_reader', 'sellerbeat.poll_runs_20300101', 'SELECT')")
        readable = cursor.fetchone()
        cursor.execute("SELECT sellerbeat.change_partition('drop', 'poll_runs', 'poll_runs_20300101', NULL, NULL, NULL)")
        dropped = cursor.fetchone()

    assert (made, readable, dropped) == (("done",), (False,), ("done",))
