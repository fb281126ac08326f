"""Polls that should have gone well by now: what `late` alerts tell."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Engine, text

from domain.lateness import FEW_FAILURES, PROGRESS, SHORTEST, PollStanding
from domain.streams import POLLED, Stream
from store.schema.errors import translated
from store.schema.kinds import AlertKind

# What is due; whether it is late is decided in `domain/lateness.py`. The interval is the one that the last good poll decided. A poll that
# waits for quota was given a later moment: it is late long after that.
DUE_STREAMS = text("""
    SELECT t.seller_id, t.stream, clock_timestamp() AS now, t.next_poll_at AS due_at, coalesce(t.last_good_at, s.enrolled_at) AS good_at,
        t.last_poll_at AS touched_at, t.run_over AS is_over, t.failures
    FROM sellerbeat.streams t JOIN sellerbeat.sellers s USING (seller_id) LEFT JOIN sellerbeat.tokens k USING (seller_id)
    WHERE t.stream = ANY(CAST(:streams AS text[])) AND t.next_poll_at < clock_timestamp()
        AND clock_timestamp() - coalesce(t.last_good_at, s.enrolled_at) > :shortest
        AND s.removed_at IS NULL AND k.dead_at IS NULL
        AND (s.wishes ->> 'paused' IS NULL OR CAST(s.wishes -> 'pause' ->> 'until' AS timestamptz) < clock_timestamp())
        AND NOT EXISTS (SELECT FROM sellerbeat.accounts a WHERE a.seller_id = s.seller_id AND a.refused = k.generation)
""")
_LATELY = f"clock_timestamp() - interval '{PROGRESS.total_seconds():.0f} s'"
IS_PROGRESSING = f"coalesce(NOT t.run_over AND t.failures <= {FEW_FAILURES} AND t.last_poll_at >= {_LATELY}, false)"
"""Of `streams` as t: a long read goes on, as `PollStanding.is_progressing` says it, where sellers are counted in Postgres."""
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
        """Streams without a good poll for 3 of their intervals, of sellers who are to be polled; a long read that goes on is none."""
        values = {"streams": [stream.value for stream in POLLED], "shortest": SHORTEST}
        with translated(), self._single.connect() as connection:
            rows = connection.execute(DUE_STREAMS, values).all()
        return {LatePoll(row.seller_id, Stream(row.stream)) for row in rows if PollStanding(*row[2:]).is_late}

    def reported(self) -> set[LatePoll]:
        """Those whose alert is open."""
        prefix = f"{AlertKind.LATE}:"
        with translated(), self._single.connect() as connection:
            rows: Collection[tuple[str, str]] = [tuple(row) for row in connection.execute(OPEN_ALERTS_OF_KIND_PREFIX, {"prefix": prefix})]
        return {LatePoll(seller_id, Stream(kind.removeprefix(prefix))) for seller_id, kind in rows}
