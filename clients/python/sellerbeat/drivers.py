"""What drivers of databases do each in a way of their own (PEP 249): mark values, commit by themselves, refuse savepoints."""

from __future__ import annotations

import sys
from typing import Any


def paramstyle_of(connection: Any) -> str:
    """How the driver of a connection marks values. Raises ValueError: it does not say so."""
    for kind in type(connection).__mro__:
        module = sys.modules.get(kind.__module__.partition(".")[0])
        style = getattr(module, "paramstyle", None)
        if style:
            return str(style)
    raise ValueError(f"{type(connection).__name__} does not tell its paramstyle: give it as DbApiPosition(paramstyle=...)")


def in_style(statement: str, style: str) -> str:
    """The same statement as a driver of this paramstyle takes it. Raises ValueError."""
    if style == "qmark":
        return statement
    if style in ("format", "pyformat"):
        return statement.replace("%", "%%").replace("?", "%s")
    if style in ("numeric", "named"):
        parts = statement.split("?")
        return parts[0] + "".join(f":{number}{part}" for number, part in enumerate(parts[1:], 1))
    raise ValueError(f"paramstyle {style!r} is none that DB-API knows")


def commits_by_itself(connection: Any) -> bool:
    """Whether a DB-API connection commits every statement, so that nothing could be undone; as far as its driver says it."""
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 and isinstance(connection, sqlite3.Connection) and connection.isolation_level is None:
        return not connection.in_transaction  # else the app has begun one by itself
    said = getattr(connection, "autocommit", False)
    if callable(said):  # of MySQL's drivers: it sets it
        asked = getattr(connection, "get_autocommit", None)
        return bool(asked()) if asked else False
    return said is True


def is_ended(error: Exception) -> bool:
    """Whether a driver's error at the end of a savepoint says that it is gone: the transaction in which it was made has ended.

    PostgreSQL says it by 3B001 (invalid savepoint) and 25P01 (no transaction), SQLite and MySQL in words.
    """
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return state in ("3B001", "25P01") or "savepoint" in str(error).lower()
