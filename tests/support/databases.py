"""Databases for tests. One with tables is made once, emptied after each test and given to the next: 3 ms instead of a tenth of a second."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

import psycopg2
from sqlalchemy import make_url

from store.schema import account_tables, event_tables, notification_tables, outage_tables, quota_tables  # noqa: F401 (they are in `metadata`)
from store.schema.tables import metadata

Execute = Callable[[str], None]

# Rows of everything, but what migrations left.
EMPTY = "; ".join(f"DELETE FROM {table}" for table in metadata.tables if table != "sellerbeat.revisions")
LONGEST_MS = 20_000  # that ending a client, or emptying, may take: else the database is dropped

# All that a test may change but rows: a database in which any of it differs is dropped.
SHAPE = """
    SELECT md5(concat(
        (SELECT string_agg(concat(oid, relname, relnamespace, relkind, relpersistence, reloptions), ' ' ORDER BY oid) FROM pg_class
            WHERE oid >= 16384),
        (SELECT string_agg(concat(attrelid, attname, attnum, atttypid, atttypmod, attnotnull, attisdropped, atthasdef), ' '
            ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0),
        (SELECT string_agg(concat(oid, conrelid, convalidated, pg_get_constraintdef(oid)), ' ' ORDER BY oid) FROM pg_constraint
            WHERE oid >= 16384),
        (SELECT string_agg(concat(oid, nspname), ' ' ORDER BY oid) FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_'),
        (SELECT string_agg(concat(oid, proname, prosrc), ' ' ORDER BY oid) FROM pg_proc WHERE oid >= 16384),
        (SELECT string_agg(concat(adrelid, adnum, pg_get_expr(adbin, adrelid)), ' ' ORDER BY adrelid, adnum) FROM pg_attrdef
            WHERE adrelid >= 16384),
        (SELECT string_agg(concat(oid, tgname, tgenabled), ' ' ORDER BY oid) FROM pg_trigger),
        (SELECT string_agg(concat(indexrelid, indisvalid), ' ' ORDER BY indexrelid) FROM pg_index WHERE indexrelid >= 16384),
        (SELECT string_agg(concat(setdatabase, setrole, setconfig), ' ') FROM pg_db_role_setting)
    ))
"""
# How many are left to end. Nobody waits for each of them here: Postgres does so in steps of a tenth of a second.
END_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# A table without a page was not written to. What was learnt about rows (ANALYZE) goes with them.
EMPTIED = """
    DROP SCHEMA IF EXISTS driven CASCADE;
    DO $$
    DECLARE written text;
    BEGIN
        SELECT string_agg(oid::regclass::text, ', ') INTO written FROM pg_class
        WHERE relkind = 'r' AND relnamespace = to_regnamespace('sellerbeat') AND relname NOT IN ('alembic_version', 'revisions')
            AND pg_relation_size(oid) > 0;
        IF written IS NOT NULL THEN
            EXECUTE 'TRUNCATE ' || written;
        END IF;
        PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
        DELETE FROM pg_statistic WHERE starelid >= 16384;
    END $$
"""


class Database:
    """One with tables, and the connection by which it is emptied."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.connection = psycopg2.connect(url, application_name="tests", options=f"-c statement_timeout={LONGEST_MS}")
        self.connection.autocommit = True
        self.shape, self.revision = self.ask(SHAPE), self.revision_now()

    def ask(self, statement: str) -> object:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()

    def revision_now(self) -> object:
        """Of its migrations, by a row that is not emptied; None: it has no tables."""
        if self.ask("SELECT to_regclass('sellerbeat.alembic_version')") == (None,):
            return None
        return self.ask("SELECT string_agg(version_num, ' ' ORDER BY version_num) FROM sellerbeat.alembic_version")

    def emptied(self) -> bool:
        """Whoever is still connected is gone, and all rows with them. False: something else than rows was changed, or somebody is left."""
        with suppress(psycopg2.Error):
            over = time.monotonic() + LONGEST_MS / 1000
            while self.ask(END_OTHERS) != (0,):
                if time.monotonic() > over:
                    return False
                time.sleep(0.002)
            with self.connection.cursor() as cursor:
                cursor.execute(EMPTIED)
            return (self.ask(SHAPE), self.revision_now()) == (self.shape, self.revision)
        return False


numbers = count(1)
free: defaultdict[tuple[str, str], list[Database]] = defaultdict(list)  # by server and template


@contextmanager
def fresh(server: str, execute: Execute, template: str) -> Iterator[str]:
    """The URL of a database as its template is, for nobody else until the end of the block; whoever is still connected then is cut off."""
    waiting = free[server, template]
    if not waiting:
        name = f"test_{next(numbers)}"
        execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        waiting.append(Database(make_url(server).set(database=name).render_as_string(hide_password=False), name))
    database = waiting.pop()
    try:
        yield database.url
    finally:
        if database.emptied():
            waiting.append(database)
        else:
            database.connection.close()
            execute(f"DROP DATABASE {database.name} WITH (FORCE)")
