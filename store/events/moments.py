"""Moments that eBay cannot show, set aside: a row each of `set_aside`, of kind `window`, with no document."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from domain.changes import unreadable
from domain.changes.dates import read_time
from domain.changes.moments import Moment
from domain.pacing import Stream
from store.events import aside
from store.schema.times import iso

WINDOW = "window"  # the kind of the rows

MOMENTS_OF_STREAM = text("""
    SELECT key, reason FROM sellerbeat.set_aside WHERE seller_id = :seller_id AND kind = 'window' AND key >= :since
        AND starts_with(key, :stream)
    ORDER BY key LIMIT 1000
""")


def key(stream: Stream, moment: Moment) -> str:
    """`orders:START/END`: sorted as they lie in time."""
    return f"{stream.value}:{iso(moment.start)}/{iso(moment.end)}"


def moment_of(key: str, reason: str) -> Moment | None:
    """From a row's key, as `key` writes it; None: the key has another form."""
    start, _, end = key.partition(":")[2].partition("/")
    since, until = read_time(start), read_time(end)
    return Moment(since, until, reason) if since and until else None


def put(connection: Connection, seller_id: str, stream: Stream, moment: Moment, now: datetime) -> None:
    """Set a moment aside. It counts as read at its end, by eBay's clock; `now`: our clock."""
    refusal = aside.Refusal(None, unreadable.because(moment.reason))
    aside.put(connection, seller_id, WINDOW, refusal, moment.end, now, what_of(stream), own_key=key(stream, moment))


def what_of(stream: Stream) -> str:
    """How it is read again: by its stream."""
    return f"{WINDOW}:{stream.value}"


def of_stream(connection: Connection, seller_id: str, stream: Stream, since: datetime) -> Sequence[Moment]:
    """Those of a stream that begin since then, oldest first."""
    values = {"seller_id": seller_id, "stream": f"{stream.value}:", "since": f"{stream.value}:{iso(since)}"}
    rows = connection.execute(MOMENTS_OF_STREAM, values)
    return [moment for row in rows if (moment := moment_of(row.key, row.reason))]


def clear(connection: Connection, seller_id: str, stream: Stream, moment: Moment) -> bool:
    """The moment is no longer set aside. Returns whether it was."""
    return aside.clear(connection, seller_id, WINDOW, [key(stream, moment)])
