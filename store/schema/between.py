"""What stands between us and Postgres: nothing, or a pooler, and whether it shares sessions. Asked by `migrate` and `doctor` alone."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE
from sqlalchemy import Engine

from store.schema.errors import translated
from store.schema.session import is_ours

PATIENCE_S = 2.0  # whoever gets no session of a pooler within this waits for one that somebody keeps
ROUNDS = 5


class Between(StrEnum):
    """In the words of `doctor`."""

    NOTHING = "directly"
    SESSION_POOLER = "through a pooler in session mode"
    TRANSACTION_POOLER = "through a pooler in transaction mode"


def between(engine: Engine) -> Between:
    """Open a connection, and a second one beside it where a pooler answers: a session that both are given is nobody's own.

    Raises StoreError: Postgres, or the pooler, does not serve us.
    """
    with translated(), engine.connect() as connection:
        first = connection.connection.driver_connection
        assert first is not None
        if is_ours(first):
            return Between.NOTHING
        first.autocommit = True
        with _second(first) as second:
            return Between.TRANSACTION_POOLER if _is_shared(first, second) else Between.SESSION_POOLER


def _is_shared(first: Any, second: Any) -> bool:
    mine = _pid(first)
    theirs = _pid_within(second, "BEGIN; SELECT pg_backend_pid()")
    if theirs is None:  # all sessions are taken, and the first connection keeps its own, or would wait too
        return _pid(first) != mine
    if theirs == mine or _pid(first) != mine:  # the second one holds a session: the first may have to take another
        return True
    _pid_within(second, "ROLLBACK; SELECT pg_backend_pid()")
    firsts, seconds = {mine}, {theirs}
    for _ in range(ROUNDS):  # neither holds any: a pooler that takes turns, or is busy, gives them others
        firsts |= {_pid(first), _pid(first)}  # twice, or both would keep step with the turns
        seconds.add(_pid_within(second, "SELECT pg_backend_pid()") or 0)
    return firsts != {mine} or seconds != {theirs}


def _pid(connection: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@contextmanager
def _second(first: Any) -> Iterator[Any]:
    """Like the first, but it can be given up while it waits."""
    password = {"password": first.info.password} if first.info.password else {}
    with closing(psycopg2.connect(first.dsn, async_=True, **password)) as connection:
        if not _answers(connection):
            raise psycopg2.OperationalError("query_wait_timeout")
        yield connection


def _pid_within(connection: Any, statement: str) -> int | None:
    cursor = connection.cursor()
    cursor.execute(statement)
    return int(cursor.fetchone()[0]) if _answers(connection) else None


def _answers(connection: Any) -> bool:
    """Whether what was begun ends in time."""
    end = time.monotonic() + PATIENCE_S
    while (state := connection.poll()) != POLL_OK:
        wants = [connection.fileno()]
        if not any(select.select(wants if state == POLL_READ else [], wants if state == POLL_WRITE else [], [], end - time.monotonic())):
            return False
        if time.monotonic() >= end:
            return False
    return True
