"""Partitions are made ahead and old ones dropped, each act a transaction of its own that is done wholly or not at all.

Several dispatchers may be at it: one acts at a time, and what another did before is seen. What cannot be done at once, as somebody reads
for long, is left to the next round. Without the right to call the function nothing is made: an alert says so, and rows go one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, text

from domain.partitions import Range, around, left_at_least, next_positions, next_times, period
from domain.retention import Retention
from store.events.alerts import close_alert, open_alert
from store.events.events import FLEET, GAPS, Events
from store.events.restores import LAST_POSITION_DRAWN
from store.schema.errors import translated
from store.schema.kinds import AlertKind
from store.schema.partitions import KEYS, MAY_CHANGE_PARTITIONS, Outcome, Partition, change, partitions, strays

AT_ONCE = 20  # acts of one round on one table
# How many were drawn since then, by halving: `detected_at` grows with the position, but for milliseconds between sellers. Those that a
# restore left out were drawn by nobody.
COUNT_POSITIONS_DRAWN_SINCE = text(f"""
    WITH RECURSIVE halving AS (
        SELECT coalesce(min(position), :last + 1) AS low, CAST(:last AS bigint) + 1 AS high FROM sellerbeat.change_events
        UNION ALL
        SELECT CASE WHEN young THEN low ELSE middle + 1 END, CASE WHEN young THEN middle ELSE high END FROM (
            SELECT low, high, middle, coalesce((SELECT c.detected_at >= :since FROM sellerbeat.change_events c WHERE c.position >= middle
                ORDER BY c.position LIMIT 1), true) AS young
            FROM (SELECT low, high, (low + high) / 2 AS middle FROM halving WHERE low < high) AS halved
        ) AS looked
    ), oldest AS (SELECT max(low) AS low FROM halving)
    SELECT :last + 1 - low - coalesce((
        SELECT sum(CAST(gap ->> 1 AS bigint) - greatest(CAST(gap ->> 0 AS bigint), low - 1))
        FROM sellerbeat.marks m, jsonb_array_elements(CAST(m.value AS jsonb)) AS gap
        WHERE m.name = '{GAPS}' AND CAST(gap ->> 1 AS bigint) >= low AND CAST(gap ->> 1 AS bigint) <= :last
    ), 0) AS drawn FROM oldest
""")
LIFT_TIMEOUT_OF_PARTITIONING = text("SELECT set_config('statement_timeout', '60s', true)")
NO_RIGHT = "the role of SELLERBEAT_DATABASE_URL may not make partitions: grant it EXECUTE as docs/how-to/share-a-database.md has it"


class Missing(NamedTuple):
    """A table of which a partition is missing, so that rows go to the default one."""

    parent: str
    strays: int | datetime | None  # the lowest key that lies there; None: none yet

    def __str__(self) -> str:
        rows = "" if self.strays is None else f", and rows from {self.strays} on lie in the default one"
        return f"{self.parent}: a partition is missing{rows}"


class Partitioning:
    """Of all tables that have partitions. For one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._enough_until: int | None = None  # the position from which on another partition is due; None: not known yet
        self._allowed = True

    def is_due(self) -> bool:
        """Whether so many positions were drawn since `make` that it should be called again."""
        if self._enough_until is None:
            return False
        with translated(), self._single.connect() as connection:
            return bool(connection.execute(LAST_POSITION_DRAWN).scalar_one() > self._enough_until)

    def make(self, keep: Retention, now: datetime) -> int:
        """What is to be made now, of all tables; what could not be made is alerted.

        Returns how many acts were done or have to be tried again.
        """
        with translated(), self._single.connect() as connection:
            self._allowed = connection.execute(MAY_CHANGE_PARTITIONS).scalar_one()
        oldest = {"poll_runs": now - keep.polls, "deliveries": now - keep.deliveries}  # older strays are deleted as rows
        done = 0
        try:
            if self._allowed:
                done = sum(self._make(parent, partial(self._next, keep, now, parent), oldest.get(parent)) for parent in KEYS)
            else:
                self._enough_until = None
        finally:  # what is missing now could not be made
            with translated(), self._single.connect() as connection:
                lacking = missing(connection, now)
            self._sync_alert(lacking)
        return done

    def _next(self, keep: Retention, now: datetime, parent: str, connection: Connection, ranges: list[Range[Any]]) -> Range[Any] | None:
        if parent != "change_events":
            return next_times(ranges, now, keep.polls if parent == "poll_runs" else keep.deliveries)
        last = connection.execute(LAST_POSITION_DRAWN).scalar_one()
        values = {"last": last, "since": now - period(keep.events)}
        drawn = int(connection.execute(COUNT_POSITIONS_DRAWN_SINCE, values).scalar_one())
        if (found := next_positions(ranges, last, drawn)) is None:
            self._enough_until = max(one.upper for one in ranges) - 1 - left_at_least(drawn)
        return found

    def _make(self, parent: str, decide: Callable[[Connection, list[Range[Any]]], Range[Any] | None], oldest: datetime | None) -> int:
        for done in range(AT_ONCE):
            with translated(), self._single.connect() as connection:
                ranges = [one.range for one in partitions(connection, parent)]
                found = decide(connection, ranges)
                if found is None:
                    keys = [key for key in strays(connection, parent, ranges) if oldest is None or key >= oldest]
                    if not keys:
                        return done
                    found = around(keys[0], ranges)
            if self._act("make", parent, lower=str(found.lower), upper=str(found.upper)) is not Outcome.DONE:
                return done + 1
        return AT_ONCE

    def drop(self, parent: str, before: datetime) -> int:
        """Drop partitions of a table cut by time that hold nothing younger. Returns how many acts were done or have to be tried again."""
        old = [one for one in self.listed(parent) if self._allowed and one.range.upper <= before]
        for one in old:
            self._act("drop", parent, partition=one.name)
        return len(old)

    def listed(self, parent: str) -> list[Partition]:
        """All but the default one, the oldest first."""
        with translated(), self._single.connect() as connection:
            return partitions(connection, parent)

    def closed_partitions_of_events(self) -> list[Partition]:
        """Those that no further position falls into, the oldest first; none where they may not be dropped."""
        with translated(), self._single.connect() as connection:
            last = connection.execute(LAST_POSITION_DRAWN).scalar_one()
            found = partitions(connection, "change_events") if self._allowed else []
        return [one for one in found if one.range.upper <= last + 1]

    def drop_events(self, partition: Partition, older_than: datetime, first: Callable[[Connection], None]) -> Outcome:
        """Drop a partition of the feed. `first`: what else is done in the same transaction."""
        return self._act("drop", "change_events", first, partition=partition.name, older_than=older_than)

    def _act(self, act: str, parent: str, first: Callable[[Connection], None] = lambda connection: None, **values: Any) -> Outcome:
        with translated(), self._engine.connect() as connection:
            connection.execute(LIFT_TIMEOUT_OF_PARTITIONING)
            first(connection)
            outcome = change(connection, act, parent, **values)
            if outcome is Outcome.DONE:
                connection.commit()
            else:
                connection.rollback()
            return outcome

    def _sync_alert(self, lacking: list[Missing]) -> None:
        words = [NO_RIGHT] * (not self._allowed) + [str(one) for one in lacking]
        with translated(), self._engine.begin() as connection:
            events = Events(FLEET)
            if words:
                open_alert(connection, events, None, AlertKind.PARTITION_MISSING, "; ".join(words))
            else:
                close_alert(connection, events, None, AlertKind.PARTITION_MISSING)
            events.emit(connection, None)


def missing(connection: Connection, now: datetime) -> list[Missing]:
    """Tables of which no partition holds what comes now, or whose default partition holds rows."""
    found: list[Missing] = []
    for parent in KEYS:
        ranges = [one.range for one in partitions(connection, parent)]
        key = now if parent != "change_events" else connection.execute(LAST_POSITION_DRAWN).scalar_one() + 1
        keys = strays(connection, parent, ranges)
        if keys or not any(one.holds(key) for one in ranges):
            found.append(Missing(parent, keys[0] if keys else None))
    return found
