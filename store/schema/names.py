"""The schema that holds all that is ours. Statements name the default one; where a deployment calls it otherwise, they are rewritten.

So each statement can be read, and pasted into psql, as it stands, and none depends on a `search_path`, which a pooler may hand to somebody
else and which leads to tables of the same name of the app in whose database we are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, event

from store.schema.errors import StoreError

SCHEMA = "sellerbeat"
NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")  # needs no quotes, and is no name of Postgres'
TAKEN = ("public", "information_schema")
_OURS = re.compile(rf"\b{SCHEMA}\.")


def checked(schema: str) -> str:
    """The name, if it may be a schema of ours. Raises StoreError with what it has to look like."""
    if not NAME.fullmatch(schema) or schema in TAKEN:
        raise StoreError(f"{schema!r} cannot be the schema of our tables: it takes a name of its own of a-z, 0-9 and _, such as {SCHEMA}")
    return schema


def use_schema(engine: Engine, schema: str) -> None:
    """Have each statement of this engine name that schema. The default one costs nothing, any other a look into a small table."""
    checked(schema)
    if schema != SCHEMA:
        event.listen(engine, "before_cursor_execute", _renamer(schema), retval=True)


def _renamer(schema: str) -> Any:
    renamed = lru_cache(maxsize=1000)(lambda statement: _OURS.sub(f"{schema}.", statement))
    return lambda connection, cursor, statement, parameters, context, executemany: (renamed(statement), parameters)


def lock(name: str, former: int) -> str:
    """SQL that takes this lock until the end of the transaction: one by the schema's name, and the number that it had.

    Two installations in one database have locks of their own. Versions before the schema know the number alone.
    """
    return f"SELECT pg_advisory_xact_lock({former}), pg_advisory_xact_lock(hashtextextended('{SCHEMA}.{name}', 0))"
