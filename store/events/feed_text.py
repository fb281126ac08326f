"""A page of the whole feed as JSON, put together of what Postgres has as text: to read documents and write them again is most of a page.

The same as `Feed.page` gives, letter for letter as `json.dumps` would write it; tests/store/test_feed_text.py compares them.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from sqlalchemy import Engine, Row, text

from store.events.feed_bounds import FeedBounds, FeedGoneError, bounds_of
from store.schema.errors import translated
from store.schema.times import iso

WRITTEN_EVENTS_AFTER = text("""
    SELECT position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source,
        CAST(changed AS text) AS changed, CAST(previous AS text) AS previous, CAST(data AS text) AS data
    FROM sellerbeat.change_events WHERE position > :after ORDER BY position LIMIT :limit
""")


class WrittenPage(NamedTuple):
    """`text`: a JSON array of the events, oldest first."""

    text: str
    events: int
    next: int  # the position to go on after
    bounds: FeedBounds
    complete: bool  # there was no more


def written_page(engine: Engine, after: int, limit: int) -> WrittenPage:
    """The next changes of all sellers, by an engine that begins no transaction. Raises FeedGoneError: as `Feed.read`."""
    with translated(), engine.connect() as connection:
        rows = connection.execute(WRITTEN_EVENTS_AFTER, {"after": after, "limit": limit}).all()
        bounds = bounds_of(connection)  # behind the page, as there
    if not bounds.holds(after):
        raise FeedGoneError(after, bounds)
    return WrittenPage(f"[{', '.join(map(_written, rows))}]", len(rows), rows[-1].position if rows else after, bounds, len(rows) < limit)


def _written(row: Row[tuple[object, ...]]) -> str:
    entity = json.dumps(row.entity_id, ensure_ascii=False)
    seller, sequence = ("null", "null") if row.seller_id is None else (f'"{row.seller_id}"', row.sequence)
    named = f'{{"id": "{row.id}", "position": {row.position}, "seller_id": {seller}, "sequence": {sequence}, "type": "{row.type}"'
    about = f'"entity_id": {entity}, "version": {row.version}, "occurred_at": {json.dumps(iso(row.occurred_at))}'
    seen = f'"detected_at": {json.dumps(iso(row.detected_at))}, "source": "{row.source}", "changed": {row.changed}'
    return f'{named}, {about}, {seen}, "previous": {row.previous}, "data": {row.data}}}'
