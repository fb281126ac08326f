"""Backups of a database: a copy of it, whole, and the copy in its place again, as `pg_dump` and a restore would leave it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import make_url

from store import Store

Execute = Callable[[str], None]
# A copy within the database: a restore from it leaves the database its name, as a snapshot of the machine's disk does.
COPY = """
    DROP SCHEMA IF EXISTS backup CASCADE;
    CREATE SCHEMA backup;
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT relname FROM pg_class
            WHERE relnamespace = 'sellerbeat'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        LOOP
            EXECUTE format('CREATE TABLE backup.%1$I AS TABLE sellerbeat.%1$I', name);
        END LOOP;
        CREATE TABLE backup.last_positions AS SELECT last_value, is_called FROM sellerbeat.positions;
    END $$
"""
PUT_BACK = """
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'backup'::regnamespace AND relname <> 'last_positions'
        LOOP
            EXECUTE format('DELETE FROM sellerbeat.%1$I; INSERT INTO sellerbeat.%1$I OVERRIDING SYSTEM VALUE TABLE backup.%1$I', name);
        END LOOP;
        PERFORM setval('sellerbeat.positions', last_value, is_called) FROM backup.last_positions;
    END $$
"""


class Backup:
    """Of the database behind a URL; whoever is connected loses the connection, when it is taken and when it is put back."""

    def __init__(self, execute: Execute, url: str) -> None:
        self.execute = execute
        self.name = str(make_url(url).database)
        self.copy = f"{self.name}_backup"

    def take(self) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {self.copy} WITH (FORCE)")
        self._copied(self.name, self.copy)

    def put_back(self) -> None:
        self.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
        self._copied(self.copy, self.name)

    def drop(self) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {self.copy} WITH (FORCE)")

    def _copied(self, source: str, target: str) -> None:
        """Nobody may be connected to what is copied, and a worker connects again at once."""
        self.execute(f"ALTER DATABASE {source} ALLOW_CONNECTIONS false")
        self.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{source}'")
        self.execute(f"CREATE DATABASE {target} TEMPLATE {source}")
        for name in (source, target):
            self.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def copy_within(store: Store) -> None:
    _run(store, COPY)


def put_back_within(store: Store) -> None:
    _run(store, PUT_BACK)


def _run(store: Store, statement: str) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(statement.replace("%", "%%"))
