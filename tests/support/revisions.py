"""A database as an earlier version left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from sqlalchemy import Connection

from store.schema import migrate
from store.schema.engine import connect


@contextmanager
def at_revision(database: str, revision: str) -> Iterator[Connection]:
    """An empty database, migrated up to this revision and no further."""
    config, engine = migrate._config(), connect(database)
    with engine.begin() as connection:
        config.attributes.update({"connection": connection, "told": lambda **_: None})
        command.upgrade(config, revision)
        yield connection
    engine.dispose()
