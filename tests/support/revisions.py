"""A database as an earlier version left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from sqlalchemy import Connection
from sqlalchemy.schema import CreateSchema

from store.schema import migrate
from store.schema.engine import connect
from store.schema.names import SCHEMA


@contextmanager
def at_revision(database: str, revision: str, schema: str = SCHEMA) -> Iterator[Connection]:
    """An empty database, migrated up to this revision and no further. `schema`: `public`, as it was up to 0019, or one of our own."""
    config, engine = migrate._config(schema), connect(database)
    with engine.begin() as connection:
        connection.execute(CreateSchema(schema, if_not_exists=True))
        connection.execute(migrate.LEAD_MIGRATIONS_TO_SCHEMA, {"schema": schema})
        config.attributes.update({"connection": connection, "on_revision": lambda **_: None})
        command.upgrade(config, revision)
        yield connection
    engine.dispose()
