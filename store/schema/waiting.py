"""Locks of tables that a migration takes while workers run: all of them within a moment, or none."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from store.schema.errors import TablesHeldError, sqlstate

WAIT_MS = 2000  # for the first table, and as long for the rest: together less than a worker waits for a lock (engine.py)
TRIES, BETWEEN_S = 5, 1.0  # workers catch up in between
NOT_NOW = ("55P03", "57014", "40P01")  # waited for too long, or for one another

WAITS_BEFORE = text("SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement")
SET_WAITS = text("SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true)")
# Of others' sessions Postgres may show no more than the number. Who came within our wait is none whom we waited for.
HOLDERS_OF_TABLES = text("""
    SELECT l.pid, coalesce(nullif(max(a.application_name), ''), 'a session') AS who
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.pid <> pg_backend_pid() AND l.relation IN (
            SELECT CAST(to_regclass('sellerbeat.' || name) AS oid) FROM unnest(CAST(:tables AS text[])) AS given (name))
        AND (a.xact_start IS NULL OR a.xact_start < clock_timestamp() - CAST(:waited AS interval))
    GROUP BY l.pid ORDER BY min(a.xact_start) LIMIT 5
""")


def lock_in_turn(connection: Connection, first: str, rest: Sequence[str]) -> None:
    """Lock a table against all but readers, then the others against everybody, at once, until the transaction ends.

    Whoever reads one of them for long, as a backup does, is not waited for with the others held: these would keep every worker waiting. All
    are given back and tried again, a few times.

    Raises:
        TablesHeldError: somebody held one all the time. Nothing of ours is locked.
    """
    before = connection.execute(WAITS_BEFORE).one()
    for attempt in range(TRIES):
        if attempt:
            time.sleep(BETWEEN_S)
        savepoint = connection.begin_nested()
        try:
            connection.execute(SET_WAITS, {"lock": f"{WAIT_MS}ms", "statement": f"{WAIT_MS}ms"})
            connection.execute(text(f"LOCK TABLE sellerbeat.{first} IN EXCLUSIVE MODE"))
            connection.execute(text(f"LOCK TABLE {', '.join(f'sellerbeat.{one}' for one in rest)} IN ACCESS EXCLUSIVE MODE"))
        except DBAPIError as error:
            savepoint.rollback()
            if sqlstate(error) not in NOT_NOW:
                raise
        else:
            savepoint.commit()
            connection.execute(SET_WAITS, before._asdict())
            return
    found = connection.execute(HOLDERS_OF_TABLES, {"tables": [first, *rest], "waited": f"{WAIT_MS / 2}ms"})
    raise TablesHeldError([f"{row.who} (process {row.pid} of Postgres)" for row in found])
