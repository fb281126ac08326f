from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from store import Store, migrate
from store.tables import REVISION, metadata


def test_the_migrations_create_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)

    assert len(metadata.tables) > 10
    assert differences == []


def test_the_code_names_the_newest_migration(store: Store) -> None:
    assert migrate.newest() == REVISION


def test_migrating_twice_is_harmless(empty_database: str) -> None:
    before = migrate.current(empty_database), migrate.is_current(empty_database)

    reached = [migrate.upgrade(empty_database) for _ in range(2)]

    assert before == (None, False)
    assert reached == [REVISION, REVISION]
    assert migrate.is_current(empty_database)


def test_many_may_migrate_at_once(empty_database: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        reached = list(pool.map(migrate.upgrade, [empty_database] * 3))

    assert reached == [REVISION] * 3
