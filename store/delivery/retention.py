"""What is old goes: polls, attempts of deliveries, and changes, which are cut from the beginning of the feed.

Changes that an endpoint still waits for stay up to twice as long, with an alert. Where the feed begins is kept, so that a reader who comes
too late is told so, and never reads over a gap.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from domain.retention import Retention
from store.delivery.cursors import MATCHES
from store.events.alerts import close_alert, open_alert
from store.events.events import FLEET, Events
from store.events.feed import CUT
from store.schema.errors import translated
from store.schema.kinds import AlertKind

CHUNK = 5000  # rows deleted in one transaction

DELETE_OLD_POLL_RUNS = text(f"""
    DELETE FROM sellerbeat.poll_runs WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM sellerbeat.poll_runs WHERE started_at < (SELECT clock_timestamp() - CAST(:kept AS interval)) LIMIT {CHUNK}))
""")
DELETE_OLD_DELIVERIES = text(f"""
    DELETE FROM sellerbeat.deliveries WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM sellerbeat.deliveries WHERE at < (SELECT clock_timestamp() - CAST(:kept AS interval)) LIMIT {CHUNK}))
""")
# Of the oldest changes: the last one that is looked at, the first that is not old, and the first old one that an endpoint waits for.
OLDEST_EVENTS = text(f"""
    WITH now AS (SELECT clock_timestamp() AS at), oldest AS (
        SELECT c.position, c.seller_id, c.sequence, c.type, c.detected_at FROM sellerbeat.change_events c ORDER BY c.position LIMIT {CHUNK}
    ), looked AS (
        SELECT o.position, o.detected_at >= now.at - CAST(:kept AS interval) AS young,
            o.detected_at >= now.at - CAST(:at_most AS interval) AND EXISTS (
                SELECT FROM sellerbeat.endpoints e
                LEFT JOIN sellerbeat.delivery_lanes l ON l.endpoint_id = e.id AND l.seller_id = coalesce(o.seller_id, '')
                WHERE e.off_at IS NULL AND (e.seller_id IS NULL OR e.seller_id = o.seller_id)
                    AND {MATCHES.format(type="o.type", types="e.types")} AND coalesce(l.sequence, 0) < coalesce(o.sequence, o.position)
            ) AS awaited
        FROM oldest o, now
    )
    SELECT max(position) AS last, min(position) FILTER (WHERE young) AS young, min(position) FILTER (WHERE awaited AND NOT young) AS awaited
    FROM looked
""")
DELETE_EVENTS_UP_TO = text("DELETE FROM sellerbeat.change_events WHERE position <= :position")
# What was to be sent again and is gone is sent no more.
DELETE_REDELIVERIES_UP_TO = text("DELETE FROM sellerbeat.redeliveries WHERE position <= :position")
RECORD_CUT_OF_FEED = text("""
    INSERT INTO sellerbeat.marks AS m (name, value) VALUES (:name, CAST(CAST(:position AS bigint) AS text))
    ON CONFLICT (name) DO UPDATE SET value = CAST(greatest(CAST(m.value AS bigint), CAST(excluded.value AS bigint)) AS text)
""")
LIFT_TIMEOUT_OF_RETENTION = text("SELECT set_config('statement_timeout', '60s', true)")


class RetentionStore:
    """Deletes what is older than it is to be kept, some thousand rows at a time. Its clock is the database's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def forget(self, keep: Retention) -> int:
        """One round; returns how many rows went. Call it again while there were any."""
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_RETENTION)
            runs = connection.execute(DELETE_OLD_POLL_RUNS, {"kept": keep.polls}).rowcount
            log = connection.execute(DELETE_OLD_DELIVERIES, {"kept": keep.deliveries}).rowcount
        return runs + log + self._cut_events(keep.events, keep.events_at_most)

    def _cut_events(self, age: timedelta, at_most: timedelta) -> int:
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_RETENTION)
            found = connection.execute(OLDEST_EVENTS, {"kept": age, "at_most": at_most}).one()
            bounds = [bound for bound in (found.young, found.awaited) if bound is not None]
            cut = min(bounds) - 1 if bounds else found.last
            gone = 0
            if cut is not None and (gone := connection.execute(DELETE_EVENTS_UP_TO, {"position": cut}).rowcount):
                connection.execute(DELETE_REDELIVERIES_UP_TO, {"position": cut})
                connection.execute(RECORD_CUT_OF_FEED, {"name": CUT, "position": cut})
            _sync_alert(connection, found.awaited is not None, age)
        return gone


def _sync_alert(connection: Connection, awaited: bool, age: timedelta) -> None:
    events = Events(FLEET)
    if awaited:
        words = f"changes older than {age.days} days stay, as an endpoint waits for them; after {2 * age.days} days they go"
        open_alert(connection, events, None, AlertKind.EVENTS_AWAITED, words)
    else:
        close_alert(connection, events, None, AlertKind.EVENTS_AWAITED)
    events.emit(connection, None)
