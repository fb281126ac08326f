"""A clock of Postgres that a test drives: all that our statements call `clock_timestamp()` is what the test says."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import psycopg2
from sqlalchemy import make_url

CLOCK = """
    CREATE SCHEMA driven;
    CREATE UNLOGGED TABLE driven.clock (now timestamptz NOT NULL);
    INSERT INTO driven.clock VALUES (pg_catalog.clock_timestamp());
    CREATE FUNCTION driven.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT c.now FROM driven.clock c';
"""


def driven(database: str) -> str:
    """Gives a migrated database such a clock; returns the URL whose connections see it."""
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(CLOCK)
    return make_url(database).update_query_dict({"options": "-c search_path=driven,pg_catalog"}).render_as_string(hide_password=False)


class PostgresClock:
    def __init__(self, database: str) -> None:
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def set(self, now: datetime) -> None:
        self.cursor.execute("UPDATE driven.clock SET now = %s", (now,))

    def close(self) -> None:
        self.connection.close()
