"""What is old goes: polls, attempts of deliveries, who did what, and changes, which are cut from the beginning of the feed.

A partition that is old as a whole is dropped (store/delivery/partitioning.py); old rows of one that is not are deleted, some thousand at a
time, unless it is old soon. Changes that an endpoint still waits for stay up to twice as long, with an alert. Where the feed begins is
kept, so that a reader who comes too late is told so, and never reads over a gap.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Row, TextClause, text

from domain.partitions import Range, worth_waiting_for
from domain.retention import Retention
from store.access.api_tokens import ApiTokens
from store.access.audit import AuditLog
from store.access.ended_sessions import EndedSessions
from store.access.idempotency import IdempotencyKeys
from store.delivery.cursors import MATCHES
from store.delivery.partitioning import Partitioning
from store.events.alerts import close_alert, open_alert
from store.events.events import CUT, FLEET, Events
from store.schema.errors import translated
from store.schema.kinds import AlertKind
from store.schema.partitions import Outcome
from store.schema.presence import forget_workers

CHUNK = 5000  # rows deleted in one transaction

READ_CLOCK_FOR_RETENTION = text("SELECT clock_timestamp()")
# A row of another partition may have the same ctid: if it is old too it goes as well, and nothing is lost.
DELETE_OLD_POLL_RUNS = text(f"""
    DELETE FROM sellerbeat.poll_runs WHERE started_at < :before
        AND ctid = ANY (ARRAY(SELECT ctid FROM sellerbeat.poll_runs WHERE started_at < :before LIMIT {CHUNK}))
""")
DELETE_OLD_DELIVERIES = text(f"""
    DELETE FROM sellerbeat.deliveries WHERE at < :before
        AND ctid = ANY (ARRAY(SELECT ctid FROM sellerbeat.deliveries WHERE at < :before LIMIT {CHUNK}))
""")
# Of these changes: the last one that is looked at, the first that is not old, and the first old one that an endpoint waits for.
_LOOKED_AT = f"""
    looked AS (
        SELECT o.position, o.detected_at >= :old AS young, o.detected_at >= :too_old AND EXISTS (
            SELECT FROM sellerbeat.endpoints e
            LEFT JOIN sellerbeat.delivery_lanes l ON l.endpoint_id = e.id AND l.seller_id = coalesce(o.seller_id, '')
            WHERE e.off_at IS NULL AND (e.seller_id IS NULL OR e.seller_id = o.seller_id)
                AND {MATCHES.format(type="o.type", types="e.types")} AND coalesce(l.sequence, 0) < coalesce(o.sequence, o.position)
        ) AS awaited
        FROM {{changes}} o
    )
    SELECT max(position) AS last, min(position) FILTER (WHERE young) AS young, min(position) FILTER (WHERE awaited AND NOT young) AS awaited
    FROM looked
"""
OLDEST_EVENTS = text(f"""
    WITH oldest AS (
        SELECT position, seller_id, sequence, type, detected_at FROM sellerbeat.change_events ORDER BY position LIMIT {CHUNK}
    ), {_LOOKED_AT.format(changes="oldest")}
""")
EVENTS_OF_PARTITION = text(f"""
    WITH whole AS (SELECT * FROM sellerbeat.change_events WHERE position >= :lower AND position < :upper),
        {_LOOKED_AT.format(changes="whole")}
""")
NEWEST_EVENT_OF_PARTITION = text("""
    SELECT position, detected_at FROM sellerbeat.change_events WHERE position >= :lower AND position < :upper ORDER BY position DESC LIMIT 1
""")
DELETE_EVENTS_UP_TO = text("""
    WITH gone AS (DELETE FROM sellerbeat.change_events WHERE position <= :position RETURNING position)
    SELECT count(*) AS rows, max(position) AS last FROM gone
""")
# What was to be sent again and is gone is sent no more.
DELETE_REDELIVERIES_UP_TO = text("DELETE FROM sellerbeat.redeliveries WHERE position <= :position")
DELETE_OLD_REPLAYS = text("DELETE FROM sellerbeat.replays WHERE queued_at < :before")
RECORD_CUT_OF_FEED = text("""
    INSERT INTO sellerbeat.marks AS m (name, value) VALUES (:name, CAST(CAST(:position AS bigint) AS text))
    ON CONFLICT (name) DO UPDATE SET value = CAST(greatest(CAST(m.value AS bigint), CAST(excluded.value AS bigint)) AS text)
""")
LIFT_TIMEOUT_OF_RETENTION = text("SELECT set_config('statement_timeout', '60s', true)")


class RetentionStore:
    """Drops and deletes what is older than it is to be kept. The clock of partitioned tables is the database's, unless one is given."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.partitioning = Partitioning(engine)

    def forget(self, keep: Retention, now: datetime | None = None) -> int:
        """One round: partitions are made ahead, old ones dropped, old rows deleted; of the API's access too, by the database's clock.

        Returns how much was done, or could not be done just now: call it again while that is more than 0. `now`: for tests.
        """
        if now is None:
            with translated(), self._engine.begin() as connection:
                now = connection.execute(READ_CLOCK_FOR_RETENTION).scalar_one()
        done = self.partitioning.make(keep, now)
        done += self._old_rows("poll_runs", DELETE_OLD_POLL_RUNS, now, keep.polls)
        done += self._old_rows("deliveries", DELETE_OLD_DELIVERIES, now, keep.deliveries)
        done += AuditLog(self._engine).forget(keep.audit)
        done += sum(one(self._engine).forget_old() for one in (IdempotencyKeys, ApiTokens, EndedSessions))
        done += forget_workers(self._engine) + self._old_replays(now - keep.deliveries)
        return done + self._cut_events(keep, now)

    def _old_rows(self, parent: str, statement: TextClause, now: datetime, keep: timedelta) -> int:
        before = now - keep
        if done := self.partitioning.drop(parent, before):
            return done
        border = next((one.range for one in self.partitioning.listed(parent) if one.range.holds(before)), None)
        if border and border.lower and worth_waiting_for(border.upper, now, keep):
            before = border.lower
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_RETENTION)
            return connection.execute(statement, {"before": before}).rowcount

    def _old_replays(self, before: datetime) -> int:
        with translated(), self._engine.begin() as connection:
            return connection.execute(DELETE_OLD_REPLAYS, {"before": before}).rowcount

    def _cut_events(self, keep: Retention, now: datetime) -> int:
        bounds = {"old": now - keep.events, "too_old": now - keep.events_at_most}
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_RETENTION)
            found = connection.execute(OLDEST_EVENTS, bounds).one()
            _sync_alert(connection, found.awaited is not None, keep.events)
        stays = min((one for one in (found.young, found.awaited) if one is not None), default=None)
        done = 0
        for one in self.partitioning.closed_partitions_of_events():
            newest = self._newest(one.range)
            if newest and newest.detected_at >= bounds["old"]:
                if done or worth_waiting_for(newest.detected_at, now, keep.events):
                    return done
                break
            if newest and ((stays is not None and one.range.holds(stays)) or self._stays(one.range, bounds)):
                break
            outcome = self.partitioning.drop_events(one, bounds["old"], partial(_record_cut, position=newest.position if newest else None))
            done += 1
            if outcome is Outcome.BUSY:
                return done
        last = found.last if stays is None else stays - 1
        return done or (self._delete_events(last) if last is not None else 0)

    def _newest(self, range_: Range[int]) -> Row[Any] | None:
        values = {"lower": range_.lower if range_.lower is not None else 0, "upper": range_.upper}
        with translated(), self._engine.begin() as connection:
            return connection.execute(NEWEST_EVENT_OF_PARTITION, values).one_or_none()

    def _stays(self, range_: Range[int], bounds: dict[str, datetime]) -> bool:
        """Whether anything of a partition is young or awaited."""
        values = {"lower": range_.lower if range_.lower is not None else 0, "upper": range_.upper, **bounds}
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_RETENTION)
            found = connection.execute(EVENTS_OF_PARTITION, values).one()
        return found.young is not None or found.awaited is not None

    def _delete_events(self, up_to: int) -> int:
        with translated(), self._engine.begin() as connection:
            connection.execute(LIFT_TIMEOUT_OF_RETENTION)
            gone = connection.execute(DELETE_EVENTS_UP_TO, {"position": up_to}).one()
            _record_cut(connection, gone.last)
        rows: int = gone.rows
        return rows


def _record_cut(connection: Connection, position: int | None) -> None:
    """`position`: of the last change that goes; None: none does."""
    if position is not None:
        connection.execute(DELETE_REDELIVERIES_UP_TO, {"position": position})
        connection.execute(RECORD_CUT_OF_FEED, {"name": CUT, "position": position})


def _sync_alert(connection: Connection, awaited: bool, age: timedelta) -> None:
    events = Events(FLEET)
    if awaited:
        words = f"changes older than {age.days} days stay, as an endpoint waits for them; after {2 * age.days} days they go"
        open_alert(connection, events, None, AlertKind.EVENTS_AWAITED, words)
    else:
        close_alert(connection, events, None, AlertKind.EVENTS_AWAITED)
    events.emit(connection, None)
