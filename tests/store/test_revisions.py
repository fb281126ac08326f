"""Which version may work with which tables, and tables that are not as a migration left them."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from cryptography.fernet import Fernet

from store import Store, TablesMissingError, TablesUnknownError
from store.schema import migrate
from store.schema.errors import FormerProcessesError, TablesDifferError
from store.schema.tables import REVISION
from tests.store.documents import enroll, order, store_orders
from tests.support.revisions import at_revision

KEY = Fernet.generate_key().decode()
VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"


def run(database: str, statements: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statements)


def later(database: str, *revisions: tuple[str, str]) -> None:
    """As if migrations of later versions had been applied: (revision, compatible since)."""
    values = ", ".join(f"('{revision}', '{since}', now())" for revision, since in revisions)
    run(
        database,
        f"INSERT INTO sellerbeat.revisions VALUES {values}; UPDATE sellerbeat.alembic_version SET version_num = '{revisions[-1][0]}'",
    )


def test_each_migration_says_since_which_version_processes_may_go_on(database: str) -> None:
    said = migrate.compatible_since()
    expected = {path.name[:4] for path in VERSIONS.glob("[0-9]*.py")} - {f"{number:04}" for number in range(20)}

    assert set(said) == expected
    assert all("0020" <= since <= revision for revision, since in said.items())
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT revision, compatible_since FROM sellerbeat.revisions")
        assert dict(cursor.fetchall()) == said


def test_a_version_works_with_later_tables_that_allow_it(database: str) -> None:
    later(database, ("0098", REVISION), ("0099", "0020"))

    with closing(Store.connect(database, [KEY])) as store:
        store.check()
        enroll(store)
        store_orders(store, order("o-1"))
    assert migrate.examine(database) == "0099"
    assert migrate.upgrade(database) == "0099"  # nothing to do


@pytest.mark.parametrize("revisions", [[("0099", "0099")], [("0098", "0098"), ("0099", "0020")]], ids=["the last", "one between"])
def test_a_version_that_later_tables_do_not_allow_names_the_one_that_is_needed(database: str, revisions: list[tuple[str, str]]) -> None:
    later(database, *revisions)
    needed = revisions[0][1]

    for attempt in (Store.connect(database, [KEY]).check, lambda: migrate.examine(database), lambda: migrate.upgrade(database)):
        with pytest.raises(TablesUnknownError, match=rf"revision 0099\), which need a version of revision {needed} or later") as caught:
            attempt()
        assert "migrate" not in str(caught.value)


def test_later_tables_that_say_nothing_are_not_worked_with(database: str) -> None:
    run(database, "UPDATE sellerbeat.alembic_version SET version_num = '0099'")

    with pytest.raises(TablesUnknownError, match="of a later version"):
        Store.connect(database, [KEY]).check()


def test_older_tables_are_to_be_migrated(database: str) -> None:
    run(database, "UPDATE sellerbeat.alembic_version SET version_num = '0019'")

    with pytest.raises(TablesMissingError, match=r"run starter\.py migrate"):
        Store.connect(database, [KEY]).check()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER TABLE sellerbeat.orders DROP is_open CASCADE", "orders.is_open is missing"),
        ("DROP TABLE sellerbeat.rereads", "the table rereads is missing"),
        ("DROP INDEX sellerbeat.orders_by_creation", "orders_by_creation of orders is missing"),
        ("ALTER TABLE sellerbeat.streams ALTER next_poll_at TYPE text", "streams.next_poll_at has another type"),
        ("ALTER TABLE sellerbeat.endpoints ALTER url DROP NOT NULL", "endpoints.url has another nullable"),
        ("DROP TABLE sellerbeat.poll_runs_default", "the default partition of poll_runs is missing"),
        ("DROP INDEX sellerbeat.change_events_first_sequence", "the unique index on seller_id, sequence of change_events_first is missing"),
    ],
)
def test_tables_that_a_hand_changed_are_named(database: str, change: str, words: str) -> None:
    run(database, change)

    for attempt in (migrate.examine, migrate.upgrade):
        with pytest.raises(TablesDifferError) as caught:
            attempt(database)
        assert words in str(caught.value)


def test_what_is_there_beside_is_nobodys_fault(database: str) -> None:
    run(
        database,
        "CREATE TABLE sellerbeat.mine (); ALTER TABLE sellerbeat.orders ADD mine text; CREATE INDEX ON sellerbeat.orders (version)",
    )

    assert migrate.examine(database) == REVISION


def test_another_schema_is_compared_too(empty_database: str) -> None:
    assert migrate.upgrade(empty_database, schema="other_shop") == REVISION
    run(empty_database, "DROP TABLE other_shop.rereads")

    with pytest.raises(TablesDifferError, match="rereads is missing"):
        migrate.examine(empty_database, "other_shop")


def test_nothing_is_migrated_while_processes_are_connected_that_could_not_work_with_it(empty_database: str) -> None:
    with at_revision(empty_database, "0021"):
        pass
    with (
        closing(psycopg2.connect(empty_database, application_name="sellerbeat in sellerbeat")),
        pytest.raises(FormerProcessesError, match=r"migration 0022 makes: stop the worker .*\(1 of their connections are open\)"),
    ):
        migrate.upgrade(empty_database)
    assert migrate.current(empty_database) == "0021"

    with closing(psycopg2.connect(empty_database, application_name="the app")):
        assert migrate.upgrade(empty_database) == REVISION


def test_migrations_that_landed_are_as_they_landed() -> None:
    """People ran them. What is wrong with one is mended by the next."""
    found = {path.name[:4]: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in sorted(VERSIONS.glob("[0-9]*.py"))}

    assert {revision: digest for revision, digest in found.items() if revision in LANDED} == LANDED
    assert list(found)[: len(LANDED)] == list(LANDED)


LANDED = {
    "0001": "bed66f5084f56067",
    "0002": "d9d04e2e9488b5ba",
    "0003": "d46d97cf3ed0b2a0",
    "0004": "9d1dab45e6e3a97f",
    "0005": "09a51fc0bca3c90e",
    "0006": "b65a9bb8979443ba",
    "0007": "eead05425d3c9f29",
    "0008": "1c31059de2d697e5",
    "0009": "23716244335ae62b",
    "0010": "9dd13ccea8e0dd79",
    "0011": "0e8d536d15ebdf17",
    "0012": "e4c029475b85f973",
    "0013": "bd057f6a279fb4cb",
    "0014": "107ef524777f8fee",
    "0015": "2f224552b69d57bf",
    "0016": "78e59c378837851e",
    "0017": "b8791175985ac6b5",
    "0018": "856ffe1248812717",
    "0019": "7e1d160854cbf3ec",
    "0020": "63e4e9453d32566f",
    "0021": "22e7de09076a0748",
    "0022": "8cb68d7ce4fe3a49",
    "0023": "e1cb7628f7cd396a",
    "0024": "9e74fda8fffb4891",
    "0025": "83d61a78025b51af",
    "0026": "ee743e52c45ed19a",
    "0027": "5e8829a635e9ad48",
    "0028": "244e67449b4275ff",
    "0029": "a4dea1fac90fef71",
    "0030": "3dee14eb3b094e18",
}
