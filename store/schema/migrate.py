"""Bring the tables up to date: `starter.py migrate`. Alembic, configured here; there is no alembic.ini."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, text
from sqlalchemy.pool import NullPool

from store.schema import indexes
from store.schema.engine import connect
from store.schema.errors import TablesUnknownError, translated

MIGRATION_LOCK = 7_355_607
# For this transaction: a migration of a large table takes longer than any statement of a worker may.
LIFT_TIMEOUTS_OF_MIGRATION = text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '60s', true)")
# Two who migrate at once: the second waits, then finds nothing to do.
LOCK_MIGRATION = text("SELECT pg_advisory_xact_lock(:key)")


def upgrade(url: str, on_revision: Callable[[str], None] = lambda revision: None) -> str:
    """Create or alter what is missing, in one transaction, then the indexes of large tables, without a lock; harmless when nothing is.

    Returns the revision reached.

    Args:
        on_revision: called with each revision that was gone through.
    Raises:
        TablesUnknownError: the tables are of a later version.
    """
    config = _config()
    with translated(), _engine(url).begin() as connection:
        connection.execute(LIFT_TIMEOUTS_OF_MIGRATION)
        connection.execute(LOCK_MIGRATION, {"key": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        config.attributes["told"] = lambda step, **_: on_revision(step.up_revision_id)
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise TablesUnknownError from None
    indexes.make(_engine(url))
    return newest()


def current(url: str) -> str | None:
    """The revision of the database's tables; None: it has none of ours."""
    with translated(), _engine(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def steps_left(url: str) -> int:
    """Revisions to go through from where the database is; 0 too where that is unknown here (`upgrade` refuses it)."""
    revisions = [step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()]  # the newest first
    found = current(url)
    return len(revisions) if found is None else revisions.index(found) if found in revisions else 0


def is_current(url: str) -> bool:
    """Whether the database's tables are exactly those that this code needs."""
    return current(url) == newest()


def _engine(url: str) -> Engine:
    """Without a pool, so that nothing stays open behind a command."""
    engine = connect(url, pool_size=1, application="sellerbeat migrate")
    pooled = engine.pool
    engine.pool = NullPool(pooled._creator, dialect=engine.dialect)
    return engine


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
