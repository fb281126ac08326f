"""A lease: what one process at a time may do, as a row with an end. Whoever holds it renews it; once it has ended, another one takes it.

The clock is the database's. A lock of a session would end with its process at once, but means nothing where a pooler shares sessions.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from sqlalchemy import Connection, TextClause, text

from store.schema.session import is_ours

LASTS = timedelta(seconds=6)
RENEWED_EVERY_S = 2.0
PREFIX = "lease:"

# Versions before the leases have a lock of the session instead, which is respected: tried, and held only where the session is ours.
TRY_TO_LOCK_AS_FORMER_VERSIONS = text("SELECT pg_try_advisory_lock(hashtextextended('sellerbeat.' || :name, 0))")
# Shared: it is in the way of the former lock, and not of others who ask at the same moment.
_FREE = "free AS MATERIALIZED (SELECT pg_try_advisory_xact_lock_shared(hashtextextended('sellerbeat.' || :name, 0)) AS of_former)"
# The end is the holder's proof too: no other process knows it to the microsecond, and whoever takes the lease writes another.
TAKE_LEASE = text(f"""
    WITH {_FREE}
    INSERT INTO sellerbeat.claims AS c (name, at) SELECT :prefix || :name, clock_timestamp() + :lasts FROM free WHERE of_former
    ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE c.at <= clock_timestamp() OR c.at = CAST(:mine AS timestamptz)
    RETURNING at
""")
RENEW_LEASE = text(f"""
    WITH {_FREE}
    UPDATE sellerbeat.claims SET at = clock_timestamp() + :lasts FROM free
    WHERE of_former AND name = :prefix || :name AND at = CAST(:mine AS timestamptz)
    RETURNING at
""")
END_LEASE = text("UPDATE sellerbeat.claims SET at = clock_timestamp() WHERE name = :prefix || :name AND at = CAST(:mine AS timestamptz)")


class FleetLease:
    """Of one process. Its connections are in AUTOCOMMIT."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._end: datetime | None = None
        self._renewed = 0.0

    def take(self, connection: Connection) -> bool:
        """Whether it is ours from now on. Where the session is too, it has to be closed after `end`."""
        if not self._has(connection, TAKE_LEASE):
            return False
        if not is_ours(connection.connection.driver_connection):
            return True
        locked = bool(connection.execute(TRY_TO_LOCK_AS_FORMER_VERSIONS, {"name": self.name}).scalar())
        if not locked:
            self.end(connection)
        return locked

    def holds(self, connection: Connection) -> bool:
        """Whether it is still ours; renewed when the time has come."""
        if time.monotonic() - self._renewed < RENEWED_EVERY_S:
            return True
        return self._has(connection, RENEW_LEASE)

    def end(self, connection: Connection) -> None:
        """Let another one have it, if it is ours."""
        connection.execute(END_LEASE, self._given())
        self._end = None

    def _has(self, connection: Connection, statement: TextClause) -> bool:
        began = time.monotonic()  # before the statement, as the end counts from then on, however late the answer is
        self._end, self._renewed = connection.execute(statement, self._given()).scalar(), began
        return self._end is not None

    def _given(self) -> dict[str, object]:
        return {"prefix": PREFIX, "name": self.name, "lasts": LASTS, "mine": self._end}
