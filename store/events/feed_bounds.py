"""From where to where the feed has changes, and what is said to a reader who stands elsewhere."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, text

from store.events.events import CUT, FIRST_GENERATION, GAPS, GENERATION
from store.schema.errors import StoreError

BOUNDS_OF_FEED = text(f"""
    SELECT CASE WHEN p.is_called THEN p.last_value ELSE 0 END AS latest,
        coalesce((SELECT CAST(value AS bigint) FROM sellerbeat.marks WHERE name = '{CUT}'), 0) AS cut,
        coalesce((SELECT value FROM sellerbeat.marks WHERE name = '{GENERATION}'), '{FIRST_GENERATION}') AS generation,
        (SELECT value FROM sellerbeat.marks WHERE name = '{GAPS}') AS gaps
    FROM sellerbeat.positions p
""")


@dataclass(frozen=True, slots=True)
class FeedBounds:
    """From where to where there are changes."""

    latest: int  # the last position that was drawn, which may not be committed yet; 0: none was
    cut: int  # changes up to here are kept no more
    generation: str  # another one after a restore
    gaps: tuple[tuple[int, int], ...] = ()  # one a restore: the last position of the backup, and the one to go on from

    def lost(self, after: int) -> tuple[int, int] | None:
        """The gap that a position lies in: a reader there has read what a restore took away."""
        return next((gap for gap in self.gaps if gap[0] < after < gap[1]), None)

    def holds(self, after: int) -> bool:
        """Whether all that comes after the position is there."""
        return after == 0 or (self.cut <= after <= self.latest and self.lost(after) is None)


class FeedGoneError(StoreError):
    """What comes next after this position is not known any more. Not retried. Act: begin again, at the oldest or at the latest."""

    def __init__(self, after: int, bounds: FeedBounds) -> None:
        words = f"the feed ends at position {bounds.latest}"
        if after < bounds.cut:
            words = f"changes are kept from position {bounds.cut + 1} on"
        elif gap := bounds.lost(after):
            words = f"the database was restored since, to position {gap[0]}, and the feed goes on from {gap[1]}"
        super().__init__(f"nothing is known of what comes after position {after}: {words}. See docs/how-to/read-the-feed.md")
        self.bounds = bounds


def bounds_of(connection: Connection) -> FeedBounds:
    """From where to where there are changes, now."""
    row = connection.execute(BOUNDS_OF_FEED).one()
    return FeedBounds(row.latest, row.cut, row.generation, tuple((low, high) for low, high in json.loads(row.gaps or "[]")))
