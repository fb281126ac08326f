"""What is new in the feed, for whoever waits for changes: one look, however many wait."""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from store.schema.errors import translated

NEWEST_POSITION_OF_FEED = text("SELECT coalesce(max(position), 0) FROM sellerbeat.change_events")
SELLERS_WITH_NEWS = text(
    "SELECT seller_id, max(position) AS position FROM sellerbeat.change_events WHERE position > :position GROUP BY seller_id"
)


@dataclass(frozen=True, slots=True)
class NewChanges:
    """What one look at the feed found."""

    position: int  # the newest
    sellers: frozenset[str | None]  # whose changes are newer than what was known; None: alerts of the fleet


def news(engine: Engine, known: int | None) -> NewChanges:
    """What arrived behind a position; None: where the feed stands."""
    with translated(), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if known is None:
            return NewChanges(connection.execute(NEWEST_POSITION_OF_FEED).scalar_one(), frozenset())
        rows = connection.execute(SELLERS_WITH_NEWS, {"position": known}).all()
    return NewChanges(max((row.position for row in rows), default=known), frozenset(row.seller_id for row in rows))
