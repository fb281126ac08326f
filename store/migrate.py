"""Bring the tables up to date: `starter.py migrate`. Alembic, configured here; there is no alembic.ini."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.pool import NullPool

from store.engine import connect
from store.errors import translated

LOCK = 7_355_607  # two who migrate at once: the second waits, then finds nothing to do


def upgrade(url: str) -> str:
    """Create or alter what is missing, in one transaction. Returns the revision reached; harmless when there is nothing to do."""
    config = _config()
    with translated(), _engine(url).begin() as connection:
        connection.execute(text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '60s', true)"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
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


def is_current(url: str) -> bool:
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
