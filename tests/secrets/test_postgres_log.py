"""Postgres's own log: what goes wrong leaves its kind there, and no value of a row, a statement or a parameter."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest

from demo_stack.devstack.postgres import SETTINGS
from domain.server_log import loud_settings
from tests.support.canary import found

CANARY = "tweety4711-of-postgres-log"
SPOKEN = {  # as in Postgres's messages: what goes wrong with the canary in it
    "duplicate key value": f"INSERT INTO lines VALUES (1, '{CANARY}'), (1, '{CANARY}')",
    "violates check constraint": f"INSERT INTO lines VALUES (-1, '{CANARY}')",
    "violates not-null constraint": f"INSERT INTO lines VALUES (NULL, '{CANARY}')",
    "syntax error": f"INSERT INSERT '{CANARY}'",
    "division by zero": f"SELECT '{CANARY}', 1 / (SELECT count(*) FROM lines WHERE text = '{CANARY}')",
    "invalid input syntax for type json": f"""SELECT '{{"buyer": {CANARY}'::json""",
    "canceling statement due to statement timeout": f"SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(10), '{CANARY}'",
    "canceling statement due to lock timeout": f"SET LOCAL lock_timeout = '20ms'; SELECT '{CANARY}' FROM held FOR UPDATE",
    "raised within": f"DO $$ BEGIN PERFORM '{CANARY}'; RAISE 'raised within'; END $$",
}
USUAL = "SET log_error_verbosity = 'default'; SET log_min_error_statement = 'error'"  # what a server of one's own has by itself


@pytest.fixture
def log(postgres_server: str) -> Callable[[], bytes]:
    """What the run's Postgres has logged so far. Its log stands beside its data."""
    with closing(psycopg2.connect(postgres_server)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        file = Path(cursor.fetchone()[0]).parent / "postgres.log"
    return file.read_bytes


def provoke(url: str, before: str, word: str) -> None:
    with closing(psycopg2.connect(url)) as connection, closing(psycopg2.connect(url)) as holder:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE lines (id bigint PRIMARY KEY CHECK (id > 0), text text); CREATE TABLE held AS SELECT 1; {before}")
        holder.cursor().execute("SELECT * FROM held FOR UPDATE")
        for statement in SPOKEN.values():
            with suppress(psycopg2.Error), connection, connection.cursor() as cursor:
                cursor.execute(statement.replace(CANARY, f"{CANARY}-{word}"))


def test_what_goes_wrong_leaves_no_value_in_postgres_log(empty_database: str, log: Callable[[], bytes]) -> None:
    begun = len(log())

    provoke(empty_database, "SELECT 1", "quiet")

    written = log()[begun:]
    assert [said for said in SPOKEN if said.encode() not in written] == []
    assert found([f"{CANARY}-quiet"], {"the log": written}) == []


def test_with_the_settings_that_postgres_has_by_itself_the_search_finds_them(empty_database: str, log: Callable[[], bytes]) -> None:
    provoke(empty_database, USUAL, "spoken")

    assert log().count(f"{CANARY}-spoken".encode()) >= len(SPOKEN)


def test_short_of_panic_the_statement_of_an_ended_connection_is_written(empty_database: str, log: Callable[[], bytes]) -> None:
    for level in ("fatal", "panic"):
        with closing(psycopg2.connect(empty_database)) as connection, connection.cursor() as cursor:
            cursor.execute("SET log_error_verbosity = 'terse'; SET log_min_error_statement = %s", [level])
            with suppress(psycopg2.OperationalError):
                cursor.execute(f"SELECT '{CANARY}-ended-{level}', pg_terminate_backend(pg_backend_pid())")

    written = log()
    assert [level for level in ("fatal", "panic") if f"{CANARY}-ended-{level}".encode() in written] == ["fatal"]


def test_what_is_shipped_and_the_how_to_have_what_the_doctor_wants() -> None:
    house = Path(__file__).resolve().parents[2]
    compose = (house / "docker-compose.yml").read_text(encoding="utf-8")
    page = (house / "docs/how-to/deploy.md").read_text(encoding="utf-8")
    ours = {name: value for name, value in SETTINGS.items() if name.startswith("log_") and name != "log_timezone"}

    assert len(ours) == 6
    assert loud_settings(ours) == []
    assert [name for name, value in ours.items() if f"-c{name}={value}" not in compose] == []
    assert [name for name in ours if name not in page] == []
