"""Bring the tables up to date: `starter.py migrate`. Alembic, configured here; there is no alembic.ini."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from store.schema import former, indexes
from store.schema.between import Between, between
from store.schema.drift import differences
from store.schema.engine import application, connect
from store.schema.errors import (
    EncodingError,
    FormerProcessesError,
    NotAllowedError,
    SchemaTakenError,
    SharedSessionsError,
    TablesDifferError,
    sqlstate,
    translated,
)
from store.schema.names import SCHEMA, checked, lock
from store.schema.partitions import make_function
from store.schema.revisions import APPLIED_REVISION, RECORD_APPLIED_REVISION, check_revision
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

    Returns the revision of the tables: the newest that this version knows, or a later one that it may work with.

    Args:
        on_revision: called with each revision that was gone through.
        schema: of our tables; made where it is missing.
    Raises:
        TablesUnknownError: the tables are of a later version that this one cannot work with.
        SchemaTakenError: the schema holds somebody else's tables.
        TablesDifferError: somebody changed them by hand. Nothing was changed.
        FormerProcessesError: processes are connected that cannot work with what is to come.
        NotAllowedError, EncodingError: of the role and the database, as the text says.
        SharedSessionsError: a pooler in transaction mode stands between. Nothing was changed.
    """
    if between(_engine(url, schema)) is Between.TRANSACTION_POOLER:
        raise SharedSessionsError
    engine = connect(url, pool_size=None, schema=schema, own_sessions=True, name=f"sellerbeat migrate in {schema}")
    with translated(), engine.begin() as connection:
        connection.execute(LIFT_TIMEOUTS_OF_MIGRATION)
        connection.execute(LOCK_MIGRATION)
        if later := prepare(connection, schema):
            return later
        connection.execute(LEAD_MIGRATIONS_TO_SCHEMA, {"schema": schema})
        config = _config(schema)
        config.attributes["connection"] = connection
        config.attributes["on_revision"] = lambda step, **_: on_revision(step.up_revision_id)
        command.upgrade(config, "head")
        for revision, since in compatible_since().items():
            connection.execute(RECORD_APPLIED_REVISION, {"revision": revision, "compatible_since": since})
        if wrong := differences(connection, schema, besides=indexes.INDEXES):
            raise TablesDifferError(wrong)
        make_views(connection)
        make_function(connection)
    indexes.make(engine)
    return newest()


def prepare(connection: Connection, schema: str) -> str | None:
    """See that the schema is there and ours: made, or moved out of `public`, or as it was.

    Returns the tables' revision where it is a later one than this code knows, and there is nothing to do. Raises as `upgrade`.
    """
    if (encoding := connection.execute(ENCODING_OF_DATABASE).scalar_one()) != "UTF8":
        raise EncodingError(encoding)
    if revision := _revision(connection):
        if not former.has_tables(connection, schema, former.CORE):
            raise SchemaTakenError(schema)
        if revision not in _revisions():
            return check_revision(connection)
        _refuse_while_polling(connection, schema, revision)
        return None
    if not connection.execute(DOES_SCHEMA_EXIST, {"schema": schema}).scalar():
        _make_schema(connection, schema)
    elif not connection.execute(IS_SCHEMA_EMPTY, {"schema": schema}).scalar():
        raise SchemaTakenError(schema)
    if revision := former.revision_in_public(connection, _revisions()):
        former.move(connection, schema, revision)
    return None


def _refuse_while_polling(connection: Connection, schema: str, revision: str) -> None:
    """Where a migration behind this revision cannot be worked with by processes of it."""
    barred = min((new for new, since in compatible_since().items() if new > revision and since > revision), default=None)
    if barred is None:
        return
    applications = {"applications": [application(schema)]}
    if count := connection.execute(former.CONNECTIONS_OF_FORMER_VERSIONS, applications).scalar():
        raise FormerProcessesError(count, f"the version before cannot work with the tables that migration {barred} makes")


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


def examine(url: str, schema: str = SCHEMA) -> str:
    """The tables' revision, where this version may work with them and they are as it needs them.

    Raises:
        TablesMissingError, TablesUnknownError: as `check_revision`.
        TablesDifferError: somebody changed them by hand.
    """
    with translated(), _engine(url, schema).connect() as connection:
        revision = check_revision(connection)
        if revision == newest() and (wrong := differences(connection, schema)):
            raise TablesDifferError(wrong)
        return revision


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


def compatible_since() -> dict[str, str]:
    """By revision, from 0020 on: the oldest revision whose processes may work with the tables that it leaves."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return {one.revision: one.module.compatible_since for one in scripts if hasattr(one.module, "compatible_since")}


def steps_left(url: str, schema: str = SCHEMA) -> int:
    """Revisions to go through from where the database is; 0 too where that is unknown here (`upgrade` refuses it)."""
    with translated(), _engine(url, schema).connect() as connection:
        found = _revision(connection) or former.revision_in_public(connection, _revisions())
    revisions = _revisions()
    return len(revisions) if found is None else revisions.index(found) if found in revisions else 0


def _engine(url: str, schema: str) -> Engine:
    return connect(url, pool_size=None, schema=checked(schema))


def _config(schema: str = SCHEMA) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["schema"] = schema
    return config
