"""How each seller is watched: polling, shadow or webhooks; and what polling and notifications saw of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from domain.comparison import Mode, Seen, Side
from store.schema.errors import UnknownSellerError, translated

LOCK_SELLER_OF_MODE = text("SELECT removed_at FROM sellerbeat.sellers WHERE seller_id = :seller_id FOR NO KEY UPDATE")
MODE_OF_SELLER = text("SELECT mode, since, notified_at, compared_at, comparison FROM sellerbeat.modes WHERE seller_id = :seller_id")
# What a comparison said of shadow holds for webhooks; for every other change of the mode it is over.
SET_MODE_OF_SELLER = text("""
    INSERT INTO sellerbeat.modes AS m (seller_id, mode, since, watched_since)
    SELECT :seller_id, :mode, now, now FROM clock_timestamp() AS now
    ON CONFLICT (seller_id) DO UPDATE SET
        mode = excluded.mode, since = excluded.since,
        watched_since = CASE WHEN m.mode = 'polling' THEN excluded.since ELSE m.watched_since END,
        compared_at = CASE WHEN excluded.mode = 'webhooks' THEN m.compared_at END,
        comparison = CASE WHEN excluded.mode = 'webhooks' THEN m.comparison END
        WHERE m.mode <> excluded.mode
    RETURNING since
""")
# From webhooks only: another mode was chosen meanwhile, and stays.
SET_WEBHOOKS_BACK_TO_SHADOW = text("""
    UPDATE sellerbeat.modes SET mode = 'shadow', since = clock_timestamp(), compared_at = NULL, comparison = NULL
    WHERE seller_id = :seller_id AND mode = 'webhooks'
    RETURNING 1
""")
# Not where the mode was changed while it was compared.
RECORD_COMPARISON_OF_SELLER = text("""
    UPDATE sellerbeat.modes
        SET compared_at = clock_timestamp(), comparison = CAST(:comparison AS jsonb), orders = :orders, polls_first = :polls_first
    WHERE seller_id = :seller_id AND mode = :mode AND since = :since
    RETURNING compared_at
""")
SELLERS_DUE_FOR_COMPARISON = text("""
    SELECT m.seller_id FROM sellerbeat.modes m JOIN sellerbeat.sellers s USING (seller_id)
    WHERE m.mode <> 'polling' AND s.removed_at IS NULL
        AND greatest(m.since, m.compared_at) <= clock_timestamp() - CAST(:every AS interval)
    ORDER BY greatest(m.since, m.compared_at), m.seller_id LIMIT :limit
""")
WATCHED_SELLERS = text(
    """
        SELECT seller_id FROM sellerbeat.modes JOIN sellerbeat.sellers USING (seller_id) WHERE mode <> 'polling' AND removed_at IS NULL
            ORDER BY seller_id
    """
)
_FIRST_SEEN = """
    SELECT event_id, kind, entity_id, version, types, occurred_at, topic, first_by, first_at, first_told_at AS first_notified_at, other_at,
        other_told_at AS other_notified_at,
        other_version
    FROM sellerbeat.sightings
"""
FIRST_SEEN_OF_SELLER = text(f"""
    {_FIRST_SEEN}
    WHERE seller_id = :seller_id AND first_at >= :since AND first_at < :until AND (CAST(:kind AS text) IS NULL OR kind = :kind)
    ORDER BY first_at, entity_id, version
""")
UNNOTIFIED_ORDERS_OF_SELLER = text(f"""
    {_FIRST_SEEN}
    WHERE seller_id = :seller_id AND first_by = 'polling' AND kind = 'order' AND other_at IS NULL AND topic IS NOT NULL
        AND first_at >= :since
    ORDER BY first_at LIMIT :limit
""")
# A side has missed a version only once a poll of its kind came by. Stock is told by whichever stream reads it.
LAST_GOOD_POLLS_BY_KIND = text("""
    SELECT CASE stream WHEN 'orders' THEN 'order' WHEN 'fulfillment' THEN stream ELSE 'inventory' END AS kind, min(last_good_at) AS at
    FROM sellerbeat.streams
    WHERE seller_id = :seller_id AND stream IN ('orders', 'fulfillment', 'inventory', 'listings') AND next_poll_at IS NOT NULL GROUP BY 1
""")
SUM_LAST_COMPARISONS = text("""
    SELECT coalesce(sum(CAST(m.comparison ->> 'both' AS integer)), 0) AS both,
        coalesce(sum(CAST(m.comparison ->> 'only_polling' AS integer)), 0) AS only_polling,
        coalesce(sum(CAST(m.comparison ->> 'only_notifications' AS integer)), 0) AS only_notifications
    FROM sellerbeat.modes m JOIN sellerbeat.sellers s USING (seller_id) WHERE m.mode <> 'polling' AND s.removed_at IS NULL
""")
# By the index of each seller who was ever compared
DELETE_OLD_FIRST_SEEN = text("""
    DELETE FROM sellerbeat.sightings WHERE ctid = ANY (ARRAY(
        SELECT s.ctid FROM sellerbeat.modes m CROSS JOIN LATERAL (
            SELECT ctid FROM sellerbeat.sightings WHERE seller_id = m.seller_id
                AND first_at < (SELECT clock_timestamp() - CAST(:kept AS interval)) LIMIT 5000
        ) AS s LIMIT 5000))
""")
READ_CLOCK_FOR_MODES = text("SELECT clock_timestamp()")


@dataclass(frozen=True, slots=True)
class Watch:
    """How a seller is watched. Times UTC, by the database's clock."""

    mode: Mode = Mode.POLLING
    since: datetime | None = None  # None: never anything but polling
    notified_at: datetime | None = None
    compared_at: datetime | None = None
    comparison: dict[str, Any] | None = None  # the last one, as it is told (activities/fleet/comparing.py)


class Modes:
    """How sellers are watched, a row each but for those who were never anything but polled. Its clock is the database's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def get(self, seller_id: str) -> Watch:
        """A seller without a row, so an unknown one too, is in mode polling."""
        with translated(), self._single.connect() as connection:
            row = connection.execute(MODE_OF_SELLER, {"seller_id": seller_id}).one_or_none()
        return Watch(Mode(row.mode), row.since, row.notified_at, row.compared_at, row.comparison) if row else Watch()

    def set(self, seller_id: str, mode: Mode) -> bool:
        """Returns whether it was another one before.

        Raises:
            UnknownSellerError: never enrolled, or removed.
        """
        with translated(), self._engine.begin() as connection:
            seller = connection.execute(LOCK_SELLER_OF_MODE, {"seller_id": seller_id}).one_or_none()
            if seller is None or seller.removed_at is not None:
                raise UnknownSellerError(seller_id, removed=seller is not None)
            known = connection.execute(MODE_OF_SELLER, {"seller_id": seller_id}).one_or_none()
            if mode is Mode(known.mode if known else Mode.POLLING):
                return False
            # Under the lock, so that no commit of a step runs beside it.
            connection.execute(SET_MODE_OF_SELLER, {"seller_id": seller_id, "mode": mode.value})
            return True

    def compared(self, seller_id: str, watch: Watch, comparison: Mapping[str, Any], orders: int, polls_first: int) -> bool:
        """Keep what a comparison came to. False: the mode was changed meanwhile, and nothing is kept.

        `orders`: new ones of the last 30 days; `polls_first`: those of which no notification came in time.
        """
        values = {
            "seller_id": seller_id,
            "mode": watch.mode.value,
            "since": watch.since,
            "comparison": json.dumps(dict(comparison)),
            "orders": orders,
            "polls_first": polls_first,
        }
        with translated(), self._single.connect() as connection:
            return connection.execute(RECORD_COMPARISON_OF_SELLER, values).scalar() is not None

    def due(self, every: timedelta, limit: int) -> list[str]:
        """Sellers in shadow or webhooks who were not compared for so long, the longest wait first."""
        with translated(), self._single.connect() as connection:
            return list(connection.execute(SELLERS_DUE_FOR_COMPARISON, {"every": every, "limit": limit}).scalars())

    def watched(self) -> list[str]:
        """Sellers in shadow or webhooks."""
        with translated(), self._single.connect() as connection:
            return list(connection.execute(WATCHED_SELLERS).scalars())

    def seen(self, seller_id: str, since: datetime, until: datetime, kind: str | None = None) -> list[Seen]:
        """Versions first seen in [since, until), of one kind or of all, the oldest first."""
        values = {"seller_id": seller_id, "since": since, "until": until, "kind": kind}
        with translated(), self._single.connect() as connection:
            return [_seen(row) for row in connection.execute(FIRST_SEEN_OF_SELLER, values)]

    def polled(self, seller_id: str) -> dict[str, datetime]:
        """The last good poll by kind of entity; of the two streams of the stock, the one that was read longer ago."""
        with translated(), self._single.connect() as connection:
            return {row.kind: row.at for row in connection.execute(LAST_GOOD_POLLS_BY_KIND, {"seller_id": seller_id}) if row.at}

    def prune(self, age: timedelta) -> int:
        """Forget who saw what first so long ago and before, 5,000 rows at a time. Returns how many."""
        with translated(), self._single.connect() as connection:
            return connection.execute(DELETE_OLD_FIRST_SEEN, {"kept": age}).rowcount

    def sums(self) -> dict[str, int]:
        """Of the last comparisons of all sellers in shadow or webhooks: changes seen by both, only_polling, only_notifications."""
        with translated(), self._single.connect() as connection:
            return {name: int(count) for name, count in connection.execute(SUM_LAST_COMPARISONS).mappings().one().items()}

    def clock(self) -> datetime:
        """The database's clock, by which sightings go."""
        with translated(), self._single.connect() as connection:
            now: datetime = connection.execute(READ_CLOCK_FOR_MODES).scalar_one()
            return now


def back_to_shadow(connection: Connection, seller_id: str) -> bool:
    """False: somebody chose another mode since the step began."""
    return connection.execute(SET_WEBHOOKS_BACK_TO_SHADOW, {"seller_id": seller_id}).scalar() is not None


def unnotified(connection: Connection, seller_id: str, since: datetime, limit: int = 100) -> list[Seen]:
    """Orders' versions that a notification should have told and none has, the oldest first."""
    return [_seen(row) for row in connection.execute(UNNOTIFIED_ORDERS_OF_SELLER, {"seller_id": seller_id, "since": since, "limit": limit})]


def _seen(row: Any) -> Seen:
    values = dict(row._mapping)
    return Seen(**{**values, "types": tuple(values["types"]), "first_by": Side(values["first_by"])})
