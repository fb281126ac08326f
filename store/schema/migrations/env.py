"""Alembic's entry: the connection comes from `store.migrate`, which has opened the transaction and taken the lock."""

from alembic import context

from store.schema.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, on_version_apply=context.config.attributes["told"]
)
context.run_migrations()
