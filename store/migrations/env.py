"""Alembic's entry: the connection comes from `store.migrate`, which has opened the transaction and taken the lock."""

from alembic import context

from store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
