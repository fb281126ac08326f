"""The feed of change events, in the contract's shape, in the order of their commits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, TextClause, bindparam, func, select, text

from store.events.events import CUT
from store.events.feed_bounds import FeedBounds, FeedGoneError, bounds_of
from store.events.feed_text import WrittenPage, written_page
from store.schema.errors import translated
from store.schema.event_tables import change_events
from store.schema.times import iso

E = change_events.c
EVENTS_AFTER = select(change_events).where(E.position > bindparam("after")).order_by(E.position).limit(bindparam("limit"))
# With each page that is not of all changes the newest position of all, of the same snapshot: what is visible there is all that there is up
# to it (events.py), so a reader of a quiet seller may go on from there, and is not left behind at what is cut off one day.
EVENTS_OF_SELLER_AFTER = text("""
    SELECT e.*, (SELECT max(position) FROM sellerbeat.change_events) AS looked_to, false AS more FROM (SELECT 1) AS one LEFT JOIN (
        SELECT * FROM sellerbeat.change_events WHERE seller_id = :seller AND position > :after ORDER BY position LIMIT :limit
    ) AS e ON true ORDER BY e.position
""")
SCAN = 20_000  # changes that one statement looks through
_OF_TYPES = "(type = ANY (:types) OR '*' = ANY (:types) OR split_part(type, '.', 1) || '.*' = ANY (:types))"
# Positions first, and the documents of those alone that are wanted: where few are, the rest is not unpacked.
# OFFSET 0: one by one by their index, never by a look at all that there is.
_DOCUMENTS = """(
        SELECT c.* FROM chosen CROSS JOIN LATERAL (SELECT * FROM sellerbeat.change_events WHERE position = chosen.position OFFSET 0) AS c
    ) AS e"""
_NEXT_CHANGES = f"""
    WITH looked AS MATERIALIZED (
        SELECT position, seller_id, type FROM sellerbeat.change_events WHERE position > :after ORDER BY position LIMIT :scan
    ), chosen AS MATERIALIZED (SELECT position FROM looked WHERE {{which}} ORDER BY position LIMIT :limit)
    SELECT e.*, l.looked_to, l.more FROM (
        SELECT max(position) AS looked_to, count(*) = :scan AS more FROM looked WHERE (SELECT count(*) FROM chosen) < :limit
    ) AS l LEFT JOIN {_DOCUMENTS} ON true ORDER BY e.position
"""
CHOSEN_OF_NEXT_CHANGES = text(_NEXT_CHANGES.format(which=_OF_TYPES))
CHOSEN_OF_NEXT_CHANGES_OF_SELLERS = text(_NEXT_CHANGES.format(which=f"seller_id = ANY (CAST(:sellers AS text[])) AND {_OF_TYPES}"))
# The next ones of each seller. Beyond the last of one of whom there may be more nothing is told: theirs would come too late.
CHOSEN_OF_NEXT_CHANGES_OF_EACH_SELLER = text(f"""
    WITH looked AS MATERIALIZED (
        SELECT s.seller_id, e.position, e.type FROM unnest(CAST(:sellers AS text[])) AS s (seller_id) CROSS JOIN LATERAL (
            SELECT position, type FROM sellerbeat.change_events WHERE seller_id = s.seller_id AND position > :after
            ORDER BY position LIMIT :share
        ) AS e
    ), edge AS MATERIALIZED (
        SELECT min(last) AS position FROM (SELECT max(position) AS last FROM looked GROUP BY seller_id HAVING count(*) = :share) AS cut_off
    ), chosen AS MATERIALIZED (
        SELECT position FROM looked WHERE position <= coalesce((SELECT position FROM edge), position) AND {_OF_TYPES}
        ORDER BY position LIMIT :limit
    )
    SELECT e.*, edge.position IS NOT NULL AS more,
        coalesce(edge.position, (SELECT max(position) FROM sellerbeat.change_events)) AS looked_to
    FROM edge LEFT JOIN {_DOCUMENTS} ON true ORDER BY e.position
""")
# Not the last that was drawn: its transaction may not have committed yet, and who goes on from there would never see its changes.
COMMITTED_POSITION_OF_FEED = text(f"""
    SELECT greatest((SELECT max(position) FROM sellerbeat.change_events),
        (SELECT CAST(value AS bigint) FROM sellerbeat.marks WHERE name = '{CUT}'), 0)
""")
LAST_POSITION = select(func.coalesce(func.max(E.position), 0))


class FoundChanges(NamedTuple):
    """What one statement found."""

    events: list[dict[str, Any]]  # oldest first
    next: int  # all that was asked for is found up to here
    complete: bool  # there was no more


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events, oldest first; `next`: the position to go on after, which may lie behind the last of them; and the bounds then."""

    events: list[dict[str, Any]]
    next: int
    bounds: FeedBounds
    complete: bool  # all that there was is looked through; else there may be more to read at once


class Feed:
    """For whoever reads changes. Locks nothing. `scan`: how many changes one statement looks through."""

    def __init__(self, engine: Engine, scan: int = SCAN) -> None:
        self._single, self._scan = engine.execution_options(isolation_level="AUTOCOMMIT"), scan

    def read(self, after: int = 0, limit: int = 500, seller: str | None = None) -> list[dict[str, Any]]:
        """Events behind a position, oldest first. Who reads on after the last position they got misses none and gets none twice.

        Raises:
            FeedGoneError: changes behind this position were deleted as too old, the feed never came so far, or a restore took it back.
        """
        return self.page(after, limit, seller)[0]

    def page(self, after: int = 0, limit: int = 500, seller: str | None = None) -> tuple[list[dict[str, Any]], FeedBounds]:
        """As `read`, and the bounds of the feed then."""
        page = self.chosen(after, limit, None if seller is None else [seller], [])
        return page.events, page.bounds

    def chosen(self, after: int, limit: int, sellers: Collection[str] | None, types: Sequence[str]) -> FeedPage:
        """As `page`, of some sellers (None: of all) and types (such as `order.*`; none: all), however many they are.

        A page with fewer than `limit` may still have come further, as far as `SCAN` changes reach: `next` and `complete` say so.

        Raises:
            FeedGoneError: as `read`.
        """
        with translated(), self._single.connect() as connection:
            found = self._find(connection, after, limit, None if sellers is None else sorted(set(sellers)), list(types))
            bounds = bounds_of(connection)  # behind the page: what is cut off meanwhile must not look like a feed without a gap
        if not bounds.holds(after):
            raise FeedGoneError(after, bounds)
        return FeedPage(found.events, found.next, bounds, found.complete)

    def _find(self, connection: Connection, after: int, limit: int, sellers: list[str] | None, types: list[str]) -> FoundChanges:
        values: dict[str, Any] = {"after": after, "limit": limit}
        if not types and sellers is None:
            events = [as_event(row) for row in connection.execute(EVENTS_AFTER, values)]
            return FoundChanges(events, events[-1]["position"] if events else after, len(events) < limit)
        if not types and sellers is not None and len(sellers) == 1:
            return _found(connection, EVENTS_OF_SELLER_AFTER, {**values, "seller": sellers[0]})
        values |= {"scan": self._scan, "types": types or ["*"]}
        if sellers is None:
            return _found(connection, CHOSEN_OF_NEXT_CHANGES, values)
        values |= {"sellers": sellers}
        first = FoundChanges([], after, complete=False)
        # Where the sellers' own next ones may be too many, the feed's next ones first: at its end these are few, for any number of sellers.
        if types or len(sellers) * limit > self._scan:
            first = _found(connection, CHOSEN_OF_NEXT_CHANGES_OF_SELLERS, values)
        if first.complete or len(first.events) == limit:
            return first
        left = limit - len(first.events)
        share = max(1, self._scan // max(1, len(sellers)))
        values |= {"after": first.next, "limit": left, "share": share if types else min(share, left)}
        rest = _found(connection, CHOSEN_OF_NEXT_CHANGES_OF_EACH_SELLER, values)
        return FoundChanges(first.events + rest.events, rest.next, rest.complete)

    def written(self, after: int, limit: int) -> WrittenPage:
        """As `page`, of all changes, as JSON, in less time. Raises FeedGoneError: as `read`."""
        return written_page(self._single, after, limit)

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


def _found(connection: Connection, statement: TextClause, values: dict[str, Any]) -> FoundChanges:
    rows = connection.execute(statement, values).all()
    events = [as_event(row) for row in rows if row.position is not None]
    if len(events) == values["limit"]:
        return FoundChanges(events, events[-1]["position"], complete=False)
    return FoundChanges(events, max(values["after"], rows[0].looked_to or 0), complete=not rows[0].more)


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
