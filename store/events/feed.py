"""The feed of change events, in the contract's shape, in the order of their commits."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, select, text

from store.events.events import CUT as CUT
from store.events.events import FIRST_GENERATION, GAPS, GENERATION
from store.schema.errors import StoreError, translated
from store.schema.event_tables import change_events
from store.schema.times import iso

E = change_events.c
EVENTS_AFTER = select(change_events).where(E.position > bindparam("after")).order_by(E.position).limit(bindparam("limit"))
EVENTS_OF_SELLER_AFTER = EVENTS_AFTER.where(E.seller_id == bindparam("seller"))
SCAN = 20_000  # changes that one page looks through for those of a type
# Positions first, and the documents of those alone that are wanted: where few are, the rest is not unpacked.
_CHOSEN = """
    WITH looked AS MATERIALIZED ({looked}), chosen AS (
        SELECT position FROM looked WHERE type = ANY (:types) OR '*' = ANY (:types) OR split_part(type, '.', 1) || '.*' = ANY (:types)
        ORDER BY position LIMIT :limit
    )
    SELECT e.*, (SELECT max(position) FROM looked) AS looked_to
    FROM (SELECT 1) AS one LEFT JOIN (sellerbeat.change_events e JOIN chosen USING (position)) ON true ORDER BY position
"""
CHOSEN_EVENTS_AFTER = text(
    _CHOSEN.format(looked=f"SELECT position, type FROM sellerbeat.change_events WHERE position > :after ORDER BY position LIMIT {SCAN}")
)
CHOSEN_EVENTS_OF_SELLERS_AFTER = text(
    _CHOSEN.format(
        looked=f"""
        SELECT e.position, e.type FROM unnest(CAST(:sellers AS text[])) AS s (seller_id) CROSS JOIN LATERAL (
            SELECT position, type FROM sellerbeat.change_events WHERE seller_id = s.seller_id AND position > :after
            ORDER BY position LIMIT {SCAN}
        ) AS e ORDER BY e.position LIMIT {SCAN}"""
    )
)
BOUNDS_OF_FEED = text(f"""
    SELECT CASE WHEN p.is_called THEN p.last_value ELSE 0 END AS latest,
        coalesce((SELECT CAST(value AS bigint) FROM sellerbeat.marks WHERE name = '{CUT}'), 0) AS cut,
        coalesce((SELECT value FROM sellerbeat.marks WHERE name = '{GENERATION}'), '{FIRST_GENERATION}') AS generation,
        (SELECT value FROM sellerbeat.marks WHERE name = '{GAPS}') AS gaps
    FROM sellerbeat.positions p
""")
# Not the last that was drawn: its transaction may not have committed yet, and who goes on from there would never see its changes.
COMMITTED_POSITION_OF_FEED = text(f"""
    SELECT greatest((SELECT max(position) FROM sellerbeat.change_events),
        (SELECT CAST(value AS bigint) FROM sellerbeat.marks WHERE name = '{CUT}'), 0)
""")
LAST_POSITION = select(func.coalesce(func.max(E.position), 0))


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


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events, oldest first; `next`: the position to go on after, which may lie behind the last of them; and the bounds then."""

    events: list[dict[str, Any]]
    next: int
    bounds: FeedBounds


class Feed:
    """For whoever reads changes. Locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def read(self, after: int = 0, limit: int = 500, seller: str | None = None) -> list[dict[str, Any]]:
        """Events behind a position, oldest first. Who reads on after the last position they got misses none and gets none twice.

        Raises:
            FeedGoneError: changes behind this position were deleted as too old, the feed never came so far, or a restore took it back.
        """
        return self.page(after, limit, seller)[0]

    def page(self, after: int = 0, limit: int = 500, seller: str | None = None) -> tuple[list[dict[str, Any]], FeedBounds]:
        """As `read`, and the bounds of the feed then."""
        statement = EVENTS_AFTER if seller is None else EVENTS_OF_SELLER_AFTER
        values = {"after": after, "limit": limit} | ({} if seller is None else {"seller": seller})
        with translated(), self._single.connect() as connection:
            events = [as_event(row) for row in connection.execute(statement, values)]
            bounds = _bounds(connection)  # behind the page: what is cut off meanwhile must not look like a feed without a gap
        if not bounds.holds(after):
            raise FeedGoneError(after, bounds)
        return events, bounds

    def chosen(self, after: int, limit: int, sellers: Sequence[str] | None, types: Sequence[str]) -> FeedPage:
        """As `page`, of some sellers (None: of all) and types (such as `order.*`; none: all). Looks through `SCAN` changes at most.

        A page that has none of them may still have come further: `next` says so. At most 100 sellers.

        Raises:
            FeedGoneError: as `read`.
        """
        if not types and (sellers is None or len(sellers) == 1):
            events, bounds = self.page(after, limit, sellers[0] if sellers else None)
            return FeedPage(events, events[-1]["position"] if events else after, bounds)
        statement = CHOSEN_EVENTS_AFTER if sellers is None else CHOSEN_EVENTS_OF_SELLERS_AFTER
        values: dict[str, Any] = {"after": after, "limit": limit, "types": list(types) or ["*"]}
        values |= {} if sellers is None else {"sellers": list(sellers)}
        with translated(), self._single.connect() as connection:
            rows = connection.execute(statement, values).all()
            bounds = _bounds(connection)
        if not bounds.holds(after):
            raise FeedGoneError(after, bounds)
        events = [as_event(row) for row in rows if row.position is not None]
        if len(events) == limit or rows[0].looked_to is None:
            return FeedPage(events, events[-1]["position"] if events else after, bounds)
        return FeedPage(events, rows[0].looked_to, bounds)

    def committed(self) -> int:
        """A position up to which all is committed: who goes on after it misses nothing that comes from now on."""
        with translated(), self._single.connect() as connection:
            position: int = connection.execute(COMMITTED_POSITION_OF_FEED).scalar_one()
            return position

    def last(self) -> int:
        """The newest position; 0 for an empty feed."""
        with translated(), self._single.connect() as connection:
            position: int = connection.execute(LAST_POSITION).scalar_one()
            return position


def _bounds(connection: Connection) -> FeedBounds:
    row = connection.execute(BOUNDS_OF_FEED).one()
    return FeedBounds(row.latest, row.cut, row.generation, tuple((low, high) for low, high in json.loads(row.gaps or "[]")))


def as_event(row: Row[Any]) -> dict[str, Any]:
    """A row of `change_events` in the contract's shape: times as text, in UTC to the millisecond."""
    return {
        "id": row.id,
        "position": row.position,
        "seller_id": row.seller_id,
        "sequence": row.sequence,
        "type": row.type,
        "entity_id": row.entity_id,
        "version": row.version,
        "occurred_at": iso(row.occurred_at),
        "detected_at": iso(row.detected_at),
        "source": row.source,
        "changed": row.changed,
        "previous": row.previous,
        "data": row.data,
    }
