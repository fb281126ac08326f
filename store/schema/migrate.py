"""Bring the tables up to date: `starter.py migrate`. Alembic, configured here; there is no alembic.ini."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from store.schema import former, indexes
from store.schema.engine import connect
from store.schema.errors import EncodingError, NotAllowedError, SchemaTakenError, TablesUnknownError, sqlstate, translated
from store.schema.names import SCHEMA, checked, lock
from store.schema.revisions import APPLIED_REVISION
from store.schema.views import make_views

# For this transaction: a migration of a large table takes longer than any statement of a worker may.
LIFT_TIMEOUTS_OF_MIGRATION = text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '60s', true)")
# Two who migrate at once: the second waits, then finds nothing to do.
LOCK_MIGRATION = text(lock("migration", former=7_355_607))
# For this transaction: migrations name no schema, as the first ones were written before there was one.
LEAD_MIGRATIONS_TO_SCHEMA = text("SELECT set_config('search_path', :schema, true)")
ENCODING_OF_DATABASE = text("SELECT current_setting('server_encoding')")
ROLE_AND_DATABASE = text("SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database")
DOES_SCHEMA_EXIST = text("SELECT to_regnamespace(:schema) IS NOT NULL")
IS_SCHEMA_EMPTY = text("SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace(:schema))")
HAS_VERSION_TABLE = text("SELECT to_regclass('sellerbeat.alembic_version') IS NOT NULL")


def upgrade(url: str, on_revision: Callable[[str], None] = lambda revision: None, schema: str = SCHEMA) -> str:
    """Create or alter what is missing, in one transaction, then the indexes of large tables, without a lock; harmless when nothing is.

    An installation of ours in `public`, where versions before the schema had it, is moved. Whatever else the database holds is left alone.

    Returns the revision reached.

    Args:
        on_revision: called with each revision that was gone through.
        schema: of our tables; made where it is missing.
    Raises:
        TablesUnknownError: the tables are of a later version.
        SchemaTakenError: the schema holds somebody else's tables.
        FormerProcessesError: tables have to move, and processes of before are connected.
        NotAllowedError, EncodingError: of the role and the database, as the text says.
    """
    engine = _engine(url, schema)
    with translated(), engine.begin() as connection:
        connection.execute(LIFT_TIMEOUTS_OF_MIGRATION)
        connection.execute(LOCK_MIGRATION)
        prepare(connection, schema)
        connection.execute(LEAD_MIGRATIONS_TO_SCHEMA, {"schema": schema})
        config = _config(schema)
        config.attributes["connection"] = connection
        config.attributes["told"] = lambda step, **_: on_revision(step.up_revision_id)
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise TablesUnknownError from None
        make_views(connection)
    indexes.make(engine)
    return newest()


def prepare(connection: Connection, schema: str) -> None:
    """See that the schema is there and ours: made, or moved out of `public`, or as it was. Raises as `upgrade`."""
    if (encoding := connection.execute(ENCODING_OF_DATABASE).scalar_one()) != "UTF8":
        raise EncodingError(encoding)
    if revision := _revision(connection):
        known = revision in _revisions()
        if not former.are_ours(connection, schema, revision if known else former.LAST):
            raise SchemaTakenError(schema)
        if not known:
            raise TablesUnknownError
        return
    if not connection.execute(DOES_SCHEMA_EXIST, {"schema": schema}).scalar():
        _make_schema(connection, schema)
    elif not connection.execute(IS_SCHEMA_EMPTY, {"schema": schema}).scalar():
        raise SchemaTakenError(schema)
    if revision := former.revision_in_public(connection, _revisions()):
        former.move(connection, schema, revision)


def _make_schema(connection: Connection, schema: str) -> None:
    who = connection.execute(ROLE_AND_DATABASE).one()
    try:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    except ProgrammingError as error:
        if sqlstate(error) != "42501":
            raise
        raise NotAllowedError(
            f"the role {who.role} may make no schema in {who.database}: have its owner run CREATE SCHEMA {schema} AUTHORIZATION {who.role}"
        ) from None


def current(url: str, schema: str = SCHEMA) -> str | None:
    """The revision of the database's tables; None: it has none of ours, or only in `public`, from where `upgrade` moves them."""
    with translated(), _engine(url, schema).connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not connection.execute(HAS_VERSION_TABLE).scalar():
        return None
    revision: str | None = connection.execute(APPLIED_REVISION).scalar()
    return revision


def newest() -> str:
    """The revision that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _revisions() -> list[str]:
    """All that this code knows, the newest first."""
    return [step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()]


def steps_left(url: str, schema: str = SCHEMA) -> int:
    """Revisions to go through from where the database is; 0 too where that is unknown here (`upgrade` refuses it)."""
    with translated(), _engine(url, schema).connect() as connection:
        found = _revision(connection) or former.revision_in_public(connection, _revisions())
    revisions = _revisions()
    return len(revisions) if found is None else revisions.index(found) if found in revisions else 0


def is_current(url: str, schema: str = SCHEMA) -> bool:
    """Whether the database's tables are exactly those that this code needs."""
    return current(url, schema) == newest()


def _engine(url: str, schema: str) -> Engine:
    """Without a pool, so that nothing stays open behind a command."""
    engine = connect(url, pool_size=1, schema=checked(schema))
    pooled = engine.pool
    engine.pool = NullPool(pooled._creator, dialect=engine.dialect)
    return engine


def _config(schema: str = SCHEMA) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["schema"] = schema
    return config
