"""All that servers keep, as bytes to be searched."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.sql import SQL, Identifier

COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'sellerbeat' AND table_type = 'BASE TABLE' AND table_name NOT IN (
        SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('sellerbeat') AND relispartition)
    ORDER BY table_name, ordinal_position
"""  # partitions hold what their table shows


def postgres_columns(database: str) -> dict[str, bytes]:
    """Every table of a database by `table.column`; values one a line, `bytea` as its bytes."""
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        dumped = {}
        for table, column in cursor.fetchall():
            cursor.execute(
                SQL("SELECT {} FROM {}").format(SQL("{0}{1}").format(Identifier(column), SQL("")), Identifier("sellerbeat", table))
            )
            binary = bool(cursor.description and cursor.description[0].type_code == 17)
            if not binary:
                cursor.execute(SQL("SELECT {}::text FROM {}").format(Identifier(column), Identifier("sellerbeat", table)))
            dumped[f"{table}.{column}"] = b"\n".join(_bytes(value) for (value,) in cursor.fetchall())
        return dumped


def sqlite_files(folder: Path) -> dict[str, bytes]:
    """Every file there byte by byte, and every column of its databases: a value that crosses a page of the file is in pieces there.

    The write-ahead log is read as it was found, and again merged into its database. Nobody may have them open.
    """
    dumped = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    for path in sorted(folder.rglob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            for name, content in _sqlite_columns(connection):
                dumped[f"{path.name}:{name}"] = content
        dumped[f"{path.name} after the checkpoint"] = path.read_bytes()
    return dumped


def _sqlite_columns(connection: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        rows = connection.execute(f'SELECT * FROM "{table}"')
        names = [column[0] for column in rows.description]
        columns: list[list[bytes]] = [[] for _ in names]
        for row in rows:
            for values, value in zip(columns, row, strict=True):
                values.append(_bytes(value))
        yield from ((f"{table}.{name}", b"\n".join(values)) for name, values in zip(names, columns, strict=True))


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode("utf-8", "surrogatepass")
