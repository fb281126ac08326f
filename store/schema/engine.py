"""The connection to Postgres: time-outs, no parameters in errors, UTC."""

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from store.schema.errors import StoreError, keep_words
from store.schema.names import SCHEMA, use_schema
from store.schema.session import SERVER_SETTINGS, given, settle

# A peer that vanished without a word is noticed by the kernel within half a minute.
CLIENT_SETTINGS = {"connect_timeout": 5, "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


def connect(url: str, pool_size: int | None = 5, schema: str = SCHEMA, own_sessions: bool = False, name: str | None = None) -> Engine:
    """An engine for `postgresql://...`; one step uses one connection at a time, so size the pool to the threads.

    `pool_size` None: without a pool, so that nothing stays open behind a command. `own_sessions`: no pooler in transaction mode stands
    between (`between.py` finds out); else that is assumed of every pooler. `name`: as `pg_stat_activity` shows it; None: as ours.

    There is no ping before use: it would double the round trips of a quiet poll. After a restart of Postgres the first statement
    fails as `StoreUnavailableError`, SQLAlchemy drops every pooled connection at once, and the retry gets a new one.

    Raises:
        StoreError: the URL is none, or names another database than Postgres; the schema's name cannot be used.
    """
    sized = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": 10, "pool_use_lifo": True}
    pool: dict[str, Any] = {"poolclass": NullPool} if pool_size is None else sized
    engine = create_engine(
        _address(url),
        connect_args={**CLIENT_SETTINGS, "application_name": name or application(schema)},
        hide_parameters=True,
        use_native_hstore=False,  # else each connection begins with a look for that type, which we do not use
        **pool,
    )
    engine.dialect.reset_isolation_level = _as_it_was  # type: ignore[method-assign, assignment]
    settings = SERVER_SETTINGS | _given(url)
    event.listen(engine, "connect", lambda connection, record: settle(connection, settings, own_sessions), insert=True)  # before all else
    event.listen(engine, "handle_error", _keep_words)
    use_schema(engine, schema)
    return engine


def application(schema: str) -> str:
    """As `pg_stat_activity` shows our connections. Versions that had no schema of their own said `sellerbeat`, and no more."""
    return f"sellerbeat in {schema}"


def _keep_words(context: ExceptionContext) -> None:
    if context.connection is not None and (connection := context.connection.connection.dbapi_connection) is not None:
        keep_words(context.original_exception, connection)


def _as_it_was(connection: Any) -> None:
    """Before a connection goes back to the pool. SQLAlchemy's own way asks the server (a round trip for each single statement), and where
    that has died meanwhile it fails between the connection and the pool: the place is lost for ever, and after some such deaths of Postgres
    no step gets a connection. psycopg2 needs no server for this.
    """
    if not connection.closed:
        connection.autocommit = False
        connection.isolation_level = None  # the server's: read committed


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreError("the database URL cannot be read: it should look like postgresql://user:password@host:5432/name") from None
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise StoreError("the database URL must begin with postgresql://")
    query = {name: value for name, value in address.query.items() if name != "options"}
    return address.set(drivername="postgresql+psycopg2", query=query)


def _given(url: str) -> dict[str, str]:
    """What the URL itself sets, which wins. Poolers refuse `options` at the start of a connection, so they are set like ours."""
    options: Any = make_url(url).query.get("options", "")
    return given(options if isinstance(options, str) else " ".join(options))
