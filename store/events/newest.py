"""Where in the feed the newest changes begin: so many of them, or those since a time. No statement looks through all that there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from store.schema.errors import translated

SCAN = 20_000  # changes that one statement looks through at most
MARGIN = timedelta(minutes=1)  # so far positions and times of two sellers may disagree
# `looked` is read one by one from the newest on, until `chosen` has enough (by Postgres 17 and later; one before reads all of it). The
# last that may be read is chosen though it may not fit, to go on from. MATERIALIZED it is planned for as many as `scan`: planned for a few,
# Postgres looks for a seller's among the newest of everybody, and for those of one who fell silent among all that there are.
_NEWEST = """
    WITH looked AS MATERIALIZED (
        SELECT position, row_number() OVER (ORDER BY position DESC) AS nth,
            type = ANY (:types) OR '*' = ANY (:types) OR split_part(type, '.', 1) || '.*' = ANY (:types) AS fits
        FROM sellerbeat.change_events WHERE position > :after AND position < :before{whose} ORDER BY position DESC LIMIT :scan
    ), chosen AS MATERIALIZED (
        SELECT position, nth, fits FROM looked WHERE fits OR nth = :scan ORDER BY position DESC LIMIT :limit
    )
    SELECT count(*) FILTER (WHERE fits) AS found, min(position) FILTER (WHERE fits) AS first,
        min(position) AS looked_to, coalesce(max(nth) = :scan, false) AS more
    FROM chosen
"""
NEWEST_CHANGES = text(_NEWEST.format(whose=""))
NEWEST_CHANGES_OF_SELLER = text(_NEWEST.format(whose=" AND seller_id = :seller"))
LAST_POSITION_BEFORE_TIME = text("""
    WITH RECURSIVE halving AS (
        SELECT coalesce(min(position), 1) AS low, coalesce(max(position), 0) + 1 AS high FROM sellerbeat.change_events
        UNION ALL
        SELECT CASE WHEN young THEN low ELSE middle + 1 END, CASE WHEN young THEN middle ELSE high END FROM (
            SELECT low, high, middle, coalesce((SELECT c.detected_at >= :since FROM sellerbeat.change_events c WHERE c.position >= middle
                ORDER BY c.position LIMIT 1), true) AS young
            FROM (SELECT low, high, (low + high) / 2 AS middle FROM halving WHERE low < high) AS halved
        ) AS looked
    )
    SELECT max(low) - 1 FROM halving
""")


def before_last(engine: Engine, count: int, after: int, seller: str | None, types: Sequence[str]) -> int:
    """The position after which the newest `count` changes come that fit; `after` where there are no more than that.

    Args:
        types: such as `order.*`; none: all.
    """
    statement = NEWEST_CHANGES if seller is None else NEWEST_CHANGES_OF_SELLER
    values = {"after": after, "seller": seller, "types": list(types) or ["*"]}
    before, left, first = 2**63 - 1, count, None
    with translated(), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        while left:
            scan = SCAN if types or seller else min(left, SCAN)  # where all fit, no more is read than is asked for
            row = connection.execute(statement, {**values, "before": before, "limit": left, "scan": scan}).one()
            left, first = left - row.found, first if row.first is None else row.first
            if not row.more:
                break
            before = row.looked_to
    return after if left or first is None else int(first) - 1


def before_time(engine: Engine, since: datetime) -> int:
    """A position after which all changes come that were recorded since then (UTC), with some of the minute before; 0: all of them."""
    with translated(), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        position: int = connection.execute(LAST_POSITION_BEFORE_TIME, {"since": since - MARGIN}).scalar_one()
        return max(position, 0)
