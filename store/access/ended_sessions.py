"""Sessions of the page that were logged out before their end: a cookie that was copied opens nothing afterwards.

A session itself is a signed cookie and stands nowhere: who looks at a page costs no row, and nobody is logged out by a restart of Postgres.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, text

from store.schema.errors import translated

END_SESSION = text("INSERT INTO sellerbeat.ended_sessions (id, ends_at) VALUES (:id, :ends_at) ON CONFLICT (id) DO NOTHING")
ENDED_SESSIONS = text("SELECT id FROM sellerbeat.ended_sessions WHERE ends_at > clock_timestamp()")
FORGET_ENDED_SESSIONS = text("""
    DELETE FROM sellerbeat.ended_sessions WHERE id IN (
        SELECT id FROM sellerbeat.ended_sessions WHERE ends_at < clock_timestamp() - interval '1 hour' LIMIT 5000)
""")


class EndedSessions:
    """For the page. Only who was logged in can add one, so that they are few."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, session_id: str, ends_at: datetime) -> None:
        """End a session. `ends_at`: when it would have ended by itself, UTC. May be repeated."""
        with translated(), self._engine.begin() as connection:
            connection.execute(END_SESSION, {"id": session_id, "ends_at": ends_at})

    def all(self) -> frozenset[str]:
        """Ids of those whose cookies would still be good."""
        with translated(), self._engine.connect() as connection:
            return frozenset(connection.execute(ENDED_SESSIONS).scalars())

    def forget_old(self) -> int:
        """Delete some whose cookies have ended anyway. Returns how many; 5,000: there may be more."""
        with translated(), self._engine.begin() as connection:
            return connection.execute(FORGET_ENDED_SESSIONS).rowcount
