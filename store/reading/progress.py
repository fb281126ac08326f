"""How far a read of several steps is, as `status` and the page say it.

What a checkpoint says is known to its model alone (`activities/polling/`), but for these two expressions, so that a list of thousands of
sellers need not fetch all of them. tests/activities/test_progress.py holds them to the models.
"""

from datetime import datetime
from typing import Any

from domain.changes.dates import read_time
from domain.pacing import Stream

IS_READING = "coalesce(reading - 'limit' <> '{}', false)"
"""Whether a read is in progress. What is remembered of eBay's limits when none is stands alone, as `limit`."""
PROGRESS = """
    CASE stream
        WHEN 'backfill' THEN jsonb_build_object('to', reading -> -1)
        WHEN 'sweep' THEN jsonb_build_object('offset', reading -> 'offset', 'total', reading -> 'total', 'done', reading -> 'done') END
"""
"""Of a backfill the end of its last pending window; of a sweep `SweepCheckpoint.done`, or the offset and total of those that had none."""
MOST = 0.99  # of what is not over


def progress(stream: str, found: dict[str, Any] | None, cursor: datetime | None, backfill_from: str | None) -> float | None:
    """How far a backfill or a sweep is, 0 to 1; None: not known.

    Args:
        found: `PROGRESS`.
        cursor: of the stream.
        backfill_from: where the backfill began, of the enrolment's options.
    """
    if found is None:
        return None
    return _of_sweep(found) if stream == Stream.SWEEP else _of_backfill(read_time(backfill_from), cursor, read_time(found["to"]))


def _of_sweep(found: dict[str, Any]) -> float | None:
    if found["done"] is not None:  # behind its windows come the open orders, of unknown number
        return float(min(max(found["done"], 0.0), MOST))
    offset, total = found["offset"], found["total"]  # begun by a version that went by offsets
    if total is None:  # by one that did not store it
        return None
    return MOST if offset is None else min(offset / max(total, 1), MOST)


def _of_backfill(start: datetime | None, cursor: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None or cursor is None or end <= start:
        return None
    return float(min(max((cursor - start) / (end - start), 0.0), MOST))
