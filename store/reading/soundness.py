"""What `starter.py doctor` asks of the tables that only grow: are their partitions there, and do sellers' sequences go on without a gap."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, text

from domain import server_log
from store.delivery.partitioning import NO_RIGHT, missing
from store.schema.errors import translated
from store.schema.partitions import MAY_CHANGE_PARTITIONS

NEWEST = 10_000  # positions that are looked at: what a whole look would cost grows with the table

# Those of our own session: a role may have others than the server.
LOG_SETTINGS_OF_SESSION = text("""
    SELECT current_user AS role, jsonb_object_agg(name, setting) AS settings FROM pg_settings WHERE name = ANY (CAST(:names AS text[]))
""")
READ_CLOCK_FOR_SOUNDNESS = text("SELECT clock_timestamp()")
# Ids and sequences are unique within a partition by an index, and over all by the lock of the seller's row alone.
UNSOUND_SEQUENCES_OF_NEWEST_EVENTS = text(f"""
    WITH newest AS (
        SELECT seller_id, sequence, id FROM sellerbeat.change_events
        WHERE position > (SELECT last_value FROM sellerbeat.positions) - {NEWEST} AND seller_id IS NOT NULL
    ), sums AS (
        SELECT n.seller_id, count(*) - least(count(DISTINCT n.sequence), count(DISTINCT n.id)) AS doubles,
            max(n.sequence) - min(n.sequence) + 1 - count(DISTINCT n.sequence) AS gaps, max(n.sequence) > max(s.sequence) AS is_ahead
        FROM newest n LEFT JOIN sellerbeat.sellers s USING (seller_id) GROUP BY n.seller_id
    )
    SELECT seller_id, doubles > 0 OR coalesce(is_ahead, false) AS doubled, gaps > 0 AS gapped FROM sums
    WHERE doubles > 0 OR gaps > 0 OR is_ahead ORDER BY seller_id LIMIT 20
""")


class Soundness:
    """Looks only; nothing is mended here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def partitions(self, now: datetime | None = None) -> list[str]:
        """What is missing, in words. `now`: for tests."""
        with translated(), self._engine.begin() as connection:
            now = now or connection.execute(READ_CLOCK_FOR_SOUNDNESS).scalar_one()
            allowed = connection.execute(MAY_CHANGE_PARTITIONS).scalar_one()
            return [NO_RIGHT] * (not allowed) + [str(one) for one in missing(connection, now)]

    def log(self) -> str | None:
        """What Postgres's own log holds of buyers, with the remedy; None: nothing."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(LOG_SETTINGS_OF_SESSION, {"names": list(server_log.QUIET)}).one()
        return server_log.in_words(row.settings, row.role)

    def sequences(self) -> tuple[list[str], list[str]]:
        """Sellers of the newest 10,000 changes who have a sequence or an id twice, or will have, and those who lack one; 20 at most."""
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(UNSOUND_SEQUENCES_OF_NEWEST_EVENTS).all()
        return [row.seller_id for row in rows if row.doubled], [row.seller_id for row in rows if row.gapped and not row.doubled]
