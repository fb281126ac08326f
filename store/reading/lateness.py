"""Polls that should have gone well by now: what `late` alerts tell."""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Engine, text

from domain.streams import POLLED, Stream
from store.schema.errors import translated
from store.schema.kinds import AlertKind

INTERVALS = 3
SHORTEST = timedelta(minutes=2)  # at intervals of seconds, a worker that is started anew is no news

# The interval is the one that the last good poll decided. A poll that waits for quota was given a later moment: it is late long after that.
LATE_STREAMS = text("""
    SELECT t.seller_id, t.stream
    FROM sellerbeat.streams t JOIN sellerbeat.sellers s USING (seller_id) LEFT JOIN sellerbeat.tokens k USING (seller_id)
    WHERE t.stream = ANY(CAST(:streams AS text[])) AND t.next_poll_at < clock_timestamp()
        AND s.removed_at IS NULL AND k.dead_at IS NULL
        AND (s.wishes ->> 'paused' IS NULL OR CAST(s.wishes -> 'pause' ->> 'until' AS timestamptz) < clock_timestamp())
        AND NOT EXISTS (SELECT FROM sellerbeat.accounts a WHERE a.seller_id = s.seller_id AND a.refused = k.generation)
        AND clock_timestamp() - coalesce(t.last_good_at, s.enrolled_at)
            > greatest(:intervals * (t.next_poll_at - coalesce(t.last_good_at, s.enrolled_at)), :shortest)
""")
OPEN_ALERTS_OF_KIND_PREFIX = text("SELECT seller_id, kind FROM sellerbeat.alerts WHERE closed_at IS NULL AND starts_with(kind, :prefix)")


class LatePoll(NamedTuple):
    """A seller's stream without a good poll for too long."""

    seller_id: str
    stream: Stream


class Lateness:
    """Which polls are late by the database's clock, and which of these have an alert."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def late(self) -> set[LatePoll]:
        """Streams without a good poll for 3 of their intervals, of sellers who are to be polled."""
        values = {"streams": [stream.value for stream in POLLED], "intervals": INTERVALS, "shortest": SHORTEST}
        with translated(), self._single.connect() as connection:
            return {LatePoll(row.seller_id, Stream(row.stream)) for row in connection.execute(LATE_STREAMS, values)}

    def reported(self) -> set[LatePoll]:
        """Those whose alert is open."""
        prefix = f"{AlertKind.LATE}:"
        with translated(), self._single.connect() as connection:
            rows: Collection[tuple[str, str]] = [tuple(row) for row in connection.execute(OPEN_ALERTS_OF_KIND_PREFIX, {"prefix": prefix})]
        return {LatePoll(seller_id, Stream(kind.removeprefix(prefix))) for seller_id, kind in rows}
