"""What processes leave for those that come after them: one word under a name."""

from __future__ import annotations

from sqlalchemy import Engine, text

from domain.pacing import Stream
from store.schema.errors import translated

# A row comes back only where the word was another: of several callers one gets it.
CHANGE_MARK = text("""
    INSERT INTO sellerbeat.marks AS m (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE m.value <> excluded.value
    RETURNING name
""")
FAILING_STREAMS = text("""
    SELECT t.seller_id, t.stream FROM sellerbeat.streams t JOIN sellerbeat.sellers s USING (seller_id)
    WHERE t.failures >= :failures AND s.removed_at IS NULL ORDER BY t.failures, t.seller_id LIMIT :limit
""")


class Marks:
    """The words by name, and which streams fail: one statement each, for all processes together."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def change(self, name: str, value: str) -> bool:
        """Leave a word. False: it stood there already; of several callers one is told True."""
        with translated(), self._single.connect() as connection:
            return connection.execute(CHANGE_MARK, {"name": name, "value": value}).scalar() is not None

    def failing(self, failures: int, limit: int = 10_000) -> list[tuple[str, Stream]]:
        """Streams that failed so often in a row, those that failed least first."""
        with translated(), self._single.connect() as connection:
            rows = connection.execute(FAILING_STREAMS, {"failures": failures, "limit": limit}).all()
        return [(row.seller_id, Stream(row.stream)) for row in rows]
