"""Are the real tables those of the code? A restore of half a backup, or a hand that helped, leaves tables that no migration left so."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from store.schema.every_table import metadata
from store.schema.names import SCHEMA
from store.schema.partitions import KEYS

PARTITIONS = tuple(f"{one.name}_" for one in metadata.tables.values() if one.dialect_options["postgresql"]["partition_by"])

# Unique within each partition, as they cannot be over all.
UNIQUE = {"change_events": {"id", "seller_id, sequence"}, "poll_runs": {"seller_id, epoch"}, "deliveries": {"id"}}
PARTITIONS_AND_THEIR_UNIQUE_INDEXES = text("""
    SELECT p.relname AS parent, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' AS is_default, ARRAY (
        SELECT (SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM unnest(x.indkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number)
        FROM pg_index x WHERE x.indrelid = c.oid AND x.indisunique AND x.indisvalid
    ) AS uniques
    FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid JOIN pg_class c ON c.oid = i.inhrelid
    WHERE p.relnamespace = to_regnamespace(:schema) AND p.relname = ANY (CAST(:parents AS text[]))
""")


def differences(connection: Connection, schema: str = SCHEMA, besides: Collection[str] = ()) -> list[str]:
    """What lacks, or is another than the code needs, in words, a line each. What is there beside it is nobody's fault.

    `besides`: indexes that are not looked for, as they are made later.
    """
    context = MigrationContext.configure(connection, opts=options(schema))
    found = compare_metadata(context, _in_schema(schema))
    return sorted([*(words for one in found for words in _words(one, besides)), *_of_partitions(connection, schema)])


def options(schema: str) -> dict[str, Any]:
    """Of a comparison by Alembic: all that it can compare, in this schema alone."""
    return {
        "compare_type": True,
        "compare_server_default": True,
        "include_schemas": True,
        "include_name": lambda name, type_, parents: type_ != "schema" or name == schema,
        "include_object": lambda made, name, type_, *_: not (type_ == "table" and name.startswith(PARTITIONS)),
        "version_table_schema": schema,
    }


def _of_partitions(connection: Connection, schema: str) -> list[str]:
    rows = connection.execute(PARTITIONS_AND_THEIR_UNIQUE_INDEXES, {"schema": schema, "parents": list(KEYS)}).all()
    lacking = KEYS.keys() - {row.parent for row in rows if row.is_default}
    return [
        *(f"the default partition of {parent} is missing" for parent in lacking),
        *(f"the unique index on {columns} of {row.name} is missing" for row in rows for columns in UNIQUE[row.parent] - set(row.uniques)),
    ]


def _in_schema(schema: str) -> MetaData:
    if schema == SCHEMA:
        return metadata
    ours = MetaData(schema=schema)
    for table in metadata.tables.values():
        table.to_metadata(ours, schema=schema)
    return ours


def _words(difference: Any, besides: Collection[str]) -> list[str]:
    """Alembic's tuples, and lists of tuples for what differs within a column."""
    if isinstance(difference, list):
        return [f"{table}.{column} has another {what.removeprefix('modify_')}" for what, _, table, column, *_ in difference]
    match difference:
        case ("add_table", table):
            return [f"the table {table.name} is missing"]
        case ("add_column", _, table, column):
            return [f"{table}.{column.name} is missing"]
        case ("add_index" | "add_constraint", made) if made.name not in besides:
            return [f"{made.name} of {made.table.name} is missing"]
        case _:
            return []  # something more is there
