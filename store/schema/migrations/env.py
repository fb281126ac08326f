"""Alembic's entry: the connection comes from `store.migrate`, which has opened the transaction, taken the lock and set the schema."""

from alembic import context

from store.schema.every_table import metadata

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=metadata,
    on_version_apply=attributes["on_revision"],
    version_table_schema=attributes["schema"],
)
context.run_migrations()
