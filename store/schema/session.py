"""What holds on a connection: ends of waits, and UTC. Set once where the session is ours, with each transaction where a pooler shares it.

A pooler refuses settings at the start of a connection, or hands the session that got them to somebody else after a transaction. So they are
set after connecting, and read back by a transaction of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, cursor

from store.schema.errors import StoreError, keep_words

# Every wait has an end, so a step fails and is tried again instead of hanging. Milliseconds.
SERVER_SETTINGS = {
    "lock_timeout": "5000",
    "statement_timeout": "15000",
    "idle_in_transaction_session_timeout": "30000",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",  # psycopg2 reads dates and intervals in these styles alone; a role may have others
    "intervalstyle": "postgres",
    "extra_float_digits": "1",  # floats come as they are stored
    "jit": "off",  # compiling takes longer than any of our statements
}
TIMEOUTS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
_GIVEN = re.compile(r"(?:-c\s*|--)([A-Za-z_][A-Za-z0-9_.-]*)=((?:\\.|[^\s\\])*)\s*")


def given(options: str) -> dict[str, str]:
    """The settings in `options` of a database URL, as libpq reads them: `-c name=value`, a blank in a value behind a backslash.

    Raises StoreError: it holds something else.
    """
    settings, at = {}, 0
    options = options.lstrip()
    while at < len(options):
        if (found := _GIVEN.match(options, at)) is None:
            raise StoreError("the options of the database URL cannot be read: they should look like -c name=value")
        name, value = found.groups()
        settings[name.replace("-", "_").lower()] = re.sub(r"\\(.)", r"\1", value)
        at = found.end()
    return settings


def settle(connection: Any, settings: Mapping[str, str], is_known: bool = False) -> None:
    """Have these settings hold in every transaction of a new connection, whoever stands between.

    Args:
        is_known: the session is known to be this connection's own, though a pooler stands between.
    Raises:
        StoreError: they do not hold.
    """
    before, connection.autocommit = connection.autocommit, True
    try:
        pid = "pg_backend_pid()" if is_known else str(int(connection.info.backend_pid))
        ours, shown = _set(connection, settings, pid)
        if not ours or _read(connection, settings, pid) != (True, shown):
            connection.cursor_factory = _setting(_local(settings))
            connection.autocommit = False  # a pooler in statement mode says here that it cannot serve us
            read = _read(connection, settings, pid)[1]
            connection.rollback()
            if read != shown:
                raise StoreError("what stands between us and Postgres lets no time-out hold: use a pooler in session or transaction mode")
    except psycopg2.Error as error:
        keep_words(error, connection)
        raise
    finally:
        if not connection.closed:
            connection.autocommit = before


def is_ours(connection: Any) -> bool:
    """Whether the session belongs to this connection, as far as `settle` could know: else each transaction brings its settings."""
    return not getattr(connection.cursor_factory, "settings", "")


def _set(connection: Any, settings: Mapping[str, str], pid: str) -> tuple[bool, list[str]]:
    """Whether the server answers directly, and what it then shows for each setting.

    A pooler makes up the process that it tells a client at the start, as it has none yet. Where it is another than the one that answers,
    nothing outlives this statement.
    """
    each = ", ".join(f"set_config({_quoted(name)}, {_quoted(value)}, pg_backend_pid() <> {pid})" for name, value in settings.items())
    return _row(connection, f"SELECT pg_backend_pid() = {pid}, {each}")


def _read(connection: Any, settings: Mapping[str, str], pid: str) -> tuple[bool, list[str]]:
    each = ", ".join(f"current_setting({_quoted(name)})" for name in settings)
    return _row(connection, f"SELECT pg_backend_pid() = {pid}, {each}")


def _row(connection: Any, statement: str) -> tuple[bool, list[str]]:
    with connection.cursor() as asking:
        asking.execute(statement)
        same, *shown = asking.fetchone()
    return same, shown


def _local(settings: Mapping[str, str]) -> str:
    """A statement before the transaction's first one, sent with it: so it costs no round trip."""
    return f"SELECT {', '.join(f'set_config({_quoted(name)}, {_quoted(value)}, true)' for name, value in settings.items())}; "


def _quoted(value: str) -> str:
    """A literal that means the same with and without parameters beside it, and whatever `standard_conforming_strings` says."""
    return "'" + value.replace("'", "''").replace("\\", "'||chr(92)||'").replace("%", "'||chr(37)||'") + "'"


class TransactionCursor(cursor):  # type: ignore[misc]  # psycopg2 has no types
    """Sends `settings` with the first statement of each transaction. A statement alone is a transaction: the server takes both as one."""

    settings = ""

    def execute(self, query: Any, parameters: Any = None) -> None:
        """As psycopg2's."""
        if self._begins():
            if self.name is None:
                query = self.settings.encode() + query if isinstance(query, bytes) else self.settings + query
            else:  # which psycopg2 makes a DECLARE of
                self._send_settings()
        super().execute(query, parameters)

    def executemany(self, query: Any, rows: Sequence[Any]) -> None:
        """As psycopg2's."""
        if self._begins() and not self.connection.autocommit:
            self._send_settings()
        super().executemany(query, rows)

    def _begins(self) -> bool:
        return bool(self.connection.info.transaction_status == TRANSACTION_STATUS_IDLE)

    def _send_settings(self) -> None:
        with self.connection.cursor(cursor_factory=cursor) as before:
            before.execute(self.settings)


@cache
def _setting(settings: str) -> type[TransactionCursor]:
    return type("SettingCursor", (TransactionCursor,), {"settings": settings})
