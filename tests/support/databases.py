"""Databases for tests. One with tables is made once, emptied after each test and given to the next: 3 ms instead of a tenth of a second."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import psycopg2
from sqlalchemy import Engine, event, make_url

from store.schema.engine import connect
from store.schema.every_table import metadata

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
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND pid <> ALL (%s)
"""
# A table without a page was not written to. Rows of a few pages are deleted: with each new file of a table every connection has to learn
# it anew. So small a table is planned for as an empty one. What was learnt about rows (ANALYZE) goes with them.
FEW_PAGES = 8
EMPTIED = f"""
    DROP SCHEMA IF EXISTS driven CASCADE;
    SET session_replication_role = replica;
    DO $$
    DECLARE one record; large text;
    BEGIN
        FOR one IN
            SELECT oid::regclass AS name, pg_relation_size(oid) > {FEW_PAGES} * 8192 OR relpages > 0 AS is_large FROM pg_class
            WHERE relkind = 'r' AND relnamespace = to_regnamespace('sellerbeat') AND relname NOT IN ('alembic_version', 'revisions')
                AND pg_relation_size(oid) > 0
        LOOP
            IF one.is_large THEN
                large := concat_ws(', ', large, one.name);
            ELSE
                EXECUTE 'DELETE FROM ' || one.name;
            END IF;
        END LOOP;
        IF large IS NOT NULL THEN
            EXECUTE 'TRUNCATE ' || large;
        END IF;
        PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
        DELETE FROM pg_statistic WHERE starelid >= 16384;
    END $$;
    RESET session_replication_role
"""


class Database:
    """One with tables, and the connection by which it is emptied."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.connection = psycopg2.connect(url, application_name="tests", options=f"-c statement_timeout={LONGEST_MS}")
        self.connection.autocommit = True
        self.shape, self.revision = self.ask(SHAPE), self.revision_now()

    def ask(self, statement: str, *values: object) -> object:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
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
            while self.ask(END_OTHERS, engines.idle(self.name)) != (0,):
                if time.monotonic() > over:
                    return False
                time.sleep(0.002)
            with self.connection.cursor() as cursor:
                cursor.execute(EMPTIED)
            return (self.ask(SHAPE), self.revision_now()) == (self.shape, self.revision)
        return False


class LastingEngine:
    """One that outlives its test, as the database does.

    The first statements of a connection cost Postgres 10 ms in which it learns its own catalog, and an engine compiles each of ours once.
    """

    def __init__(self, url: str) -> None:
        self.engine, self.backends = connect(url), set[int]()
        event.listen(self.engine, "connect", lambda connection, _: self.backends.add(backend(connection)))
        event.listen(self.engine, "close", lambda connection, _: self.backends.discard(backend(connection)))

    def is_idle(self) -> bool:
        """Whether no connection is still in use."""
        used: int = self.engine.pool.checkedout()  # type: ignore[attr-defined] # of a pool with a size
        return used == 0


class LastingEngines:
    def __init__(self) -> None:
        self.made: defaultdict[str, dict[str, LastingEngine]] = defaultdict(dict)  # by database and URL

    def of(self, url: str) -> Engine:
        """With the same connections each time, and listeners of its own."""
        made = self.made[make_url(url).database or ""]
        if url not in made:
            made[url] = LastingEngine(url)
        return made[url].engine.execution_options()

    def idle(self, name: str) -> list[int]:
        """Process ids of the connections to this database that may stay. An engine of which one is in use goes, and so do they."""
        for url, one in list(self.made[name].items()):
            if not one.is_idle():
                self.made[name].pop(url).engine.dispose()
        return [number for one in self.made[name].values() for number in one.backends]

    def forget(self, name: str) -> None:
        for one in self.made.pop(name, {}).values():
            one.engine.dispose()


def backend(connection: Any) -> int:
    number: int = connection.get_backend_pid()
    return number


engines = LastingEngines()
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
            engines.forget(database.name)
            database.connection.close()
            execute(f"DROP DATABASE {database.name} WITH (FORCE)")
