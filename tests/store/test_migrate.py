from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from cryptography.fernet import Fernet

from store import Store
from store.schema import migrate
from store.schema.drift import options
from store.schema.every_table import metadata
from store.schema.names import SCHEMA
from store.schema.tables import REVISION
from tests.support.revisions import at_revision

KEY = Fernet.generate_key().decode()


def test_the_migrations_create_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options(SCHEMA))
        found = compare_metadata(context, metadata)

    assert len(metadata.tables) > 10
    assert found == []


def test_the_code_names_the_newest_migration(store: Store) -> None:
    assert migrate.newest() == REVISION


@pytest.mark.parametrize("made", [True, False])
def test_a_column_that_0011_made_in_one_of_its_versions_alone_is_in_no_database_any_more(empty_database: str, made: bool) -> None:
    with at_revision(empty_database, "0011") as connection:
        if not made:
            connection.exec_driver_sql("ALTER TABLE sellerbeat.stock_due DROP COLUMN sure")

    migrate.upgrade(empty_database)

    with closing(Store.connect(empty_database, [KEY])) as store, store.engine.connect() as connection:
        columns = connection.exec_driver_sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'stock_due'")
        assert set(columns.scalars()) == set(metadata.tables["sellerbeat.stock_due"].columns.keys())


def test_migrating_twice_is_harmless(empty_database: str) -> None:
    before = migrate.current(empty_database)

    reached = [migrate.upgrade(empty_database) for _ in range(2)]

    assert before is None
    assert reached == [REVISION, REVISION]
    assert migrate.current(empty_database) == REVISION


def test_many_may_migrate_at_once(empty_database: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        reached = list(pool.map(migrate.upgrade, [empty_database] * 3))

    assert reached == [REVISION] * 3
