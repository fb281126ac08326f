"""A test finds its database as `migrate` leaves one, whatever the test before did to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing

import psycopg2
import pytest

from tests.support.databases import SHAPE, fresh
from tests.support.dumps import postgres_columns
from tests.support.postgres_clock import driven

SELLER = "INSERT INTO sellerbeat.sellers (seller_id, enrollment, enrolled_at) VALUES ('{}', gen_random_uuid(), now())"
FUNCTION = "CREATE OR REPLACE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT {}'"
LEFT = "SELECT (SELECT nextval('sellerbeat.positions')), (SELECT count(*) FROM pg_statistic WHERE starelid >= 16384)"


def run(database: str, statements: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statements)
        return cursor.fetchall() if cursor.description else []


Made = Callable[[], AbstractContextManager[str]]


@pytest.fixture
def made(postgres_server: str, execute: Callable[[str], None], migrated_template: str) -> Made:
    return lambda: fresh(postgres_server, execute, migrated_template)


def test_rows_numbers_and_what_was_learnt_about_them_are_gone_and_so_is_who_was_connected(made: Made) -> None:
    with made() as first:
        new = postgres_columns(first)
        driven(first)
        run(first, f"{SELLER.format('anna')}; SELECT nextval('sellerbeat.positions'); ANALYZE")
        held = psycopg2.connect(first)
        held.cursor().execute(SELLER.format("bert"))  # neither committed nor rolled back

    with made() as second:
        assert second == first
        assert postgres_columns(second) == new
        assert run(second, LEFT) == [(1, 0)]
        with pytest.raises(psycopg2.Error):
            held.cursor().execute("SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE sellerbeat.orders ADD CHECK (false) NOT VALID",
        "ALTER TABLE sellerbeat.orders RENAME TO gone",
        "ALTER TABLE sellerbeat.change_events ALTER COLUMN data DROP NOT NULL",
        "ALTER TABLE sellerbeat.set_aside ALTER COLUMN attempts SET DEFAULT 7",
        "DROP INDEX sellerbeat.change_events_by_entity",
        "CREATE TABLE mine ()",
        "CREATE SCHEMA mine",
        "UPDATE sellerbeat.alembic_version SET version_num = '9999'",
        "DELETE FROM sellerbeat.alembic_version",
    ],
)
def test_a_database_whose_tables_were_changed_is_given_to_nobody(made: Made, change: str) -> None:
    with made() as first:
        run(first, change)

    with made() as second:
        assert second != first


def test_the_body_of_a_function_is_part_of_a_databases_shape(made: Made) -> None:
    with made() as database:
        run(database, FUNCTION.format(1))
        before = run(database, SHAPE)
        run(database, FUNCTION.format(2))

        assert run(database, SHAPE) != before
