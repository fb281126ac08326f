"""Writing change events: a sequence without a gap, a time that never falls, positions in the order of the commits.

Positions are drawn as the transaction's last act, under one advisory lock that is held until the commit is visible. So when a reader
sees position N, every event below N is visible to them or was rolled back: who resumes after N misses nothing. Drawn any earlier, a
transaction could take N, be overtaken by the commit of N+1, and appear behind a reader who stands at N+1.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Connection, text

from store.schema.errors import RestoredDatabaseError
from store.schema.names import lock

LOCK_POSITIONS = lock("positions", former=7_355_608)
FLEET = uuid5(NAMESPACE_URL, "sellerbeat:fleet")  # stands for the enrolment in ids of the fleet's alerts
CUT, GENERATION = "feed_cut", "feed_generation"  # in `marks`: what was cut off, and which feed it is since the last restore
FIRST_GENERATION = "0"
GAPS = "feed_gaps"  # likewise: JSON, [[the last position of the backup, the one to go on from], ...], one a restore
DATABASE, DOUBTED = "database", "doubted"  # likewise: the name that the database had; or that it has lost what was recorded
NAME_OF_DATABASE = "sellerbeat.name_of_database('sellerbeat.sellers')"
# Whether events may be written: not into a database that was restored and not made good yet (restores.py). It is looked at by the very
# statement that writes, behind the lock, so that no moment and no pooler lies between.
SOUND = f"""coalesce((
    SELECT value <> '{DOUBTED}' AND value = coalesce({NAME_OF_DATABASE}, value) FROM sellerbeat.marks WHERE name = '{DATABASE}'), true)"""

_EVENTS = """
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:types AS text[]), CAST(:entity_ids AS text[]), CAST(:versions AS bigint[]),
        CAST(:occurred AS timestamptz[]), CAST(:sources AS text[]), CAST(:changed AS jsonb[]), CAST(:previous AS jsonb[]),
        CAST(:data AS jsonb[])
    ) WITH ORDINALITY AS given (id, type, entity_id, version, occurred_at, source, changed, previous, data, n) ORDER BY n
"""
_INTO = """
    INSERT INTO sellerbeat.change_events
        (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
"""
# Two statements in one round trip: the positions are drawn by the second, when the first has the lock.
EMIT_EVENTS = text(f"""
    {LOCK_POSITIONS};
    WITH mine AS (
        UPDATE sellerbeat.sellers SET sequence = sequence + :count, detected_at = greatest(clock_timestamp(), detected_at)
        WHERE seller_id = :seller_id AND {SOUND} RETURNING sequence, detected_at
    )
    {_INTO}
    SELECT nextval('sellerbeat.positions'), e.id, :seller_id, mine.sequence - :count + e.n, e.type, e.entity_id, e.version, e.occurred_at,
        mine.detected_at, e.source, e.changed, e.previous, e.data
    FROM mine, ({_EVENTS}) AS e
""")
# The same, and who saw these versions first, at the very time that the events tell.
EMIT_EVENTS_AND_FIRST_SEEN = text(f"""
    {LOCK_POSITIONS};
    WITH mine AS (
        UPDATE sellerbeat.sellers SET sequence = sequence + :count, detected_at = greatest(clock_timestamp(), detected_at)
        WHERE seller_id = :seller_id AND {SOUND} RETURNING sequence, detected_at
    ), sights AS (
        INSERT INTO sellerbeat.sightings
            (seller_id, kind, entity_id, version, event_id, types, occurred_at, topic, first_by, first_at, first_told_at)
        SELECT :seller_id, g.kind, g.entity_id, g.version, g.event_id, string_to_array(g.types, ','), g.occurred_at, g.topic, g.first_by,
            mine.detected_at, g.told_at
        FROM mine, unnest(
            CAST(:s_kinds AS text[]), CAST(:s_ids AS text[]), CAST(:s_versions AS bigint[]), CAST(:s_events AS text[]),
            CAST(:s_types AS text[]), CAST(:s_occurred AS timestamptz[]), CAST(:s_topics AS text[]), CAST(:s_bys AS text[]),
            CAST(:s_told AS timestamptz[])
        ) AS g (kind, entity_id, version, event_id, types, occurred_at, topic, first_by, told_at)
        ON CONFLICT DO NOTHING
    )
    {_INTO}
    SELECT nextval('sellerbeat.positions'), e.id, :seller_id, mine.sequence - :count + e.n, e.type, e.entity_id, e.version, e.occurred_at,
        mine.detected_at, e.source, e.changed, e.previous, e.data
    FROM mine, ({_EVENTS}) AS e
""")
# These have no seller and no sequence. Behind LOCK_POSITIONS_AND_READ_GENERATION, which has the lock.
EMIT_EVENTS_OF_FLEET = text(f"""
    {_INTO}
    SELECT nextval('sellerbeat.positions'), e.id, NULL, NULL, e.type, e.entity_id, e.version, e.occurred_at, clock_timestamp(), e.source,
        e.changed, e.previous, e.data
    FROM ({_EVENTS}) AS e WHERE {SOUND}
""")
LOCK_POSITIONS_AND_READ_GENERATION = text(f"{LOCK_POSITIONS}; SELECT value FROM sellerbeat.marks WHERE name = '{GENERATION}'")


def event_id(enrollment: UUID, entity_id: str, version: int, type_: str) -> str:
    """The same for ever, however often the change is delivered; another one after a new enrolment, or a restore, which renews it."""
    return str(uuid5(enrollment, f"{entity_id}\n{version}\n{type_}"))


@dataclass(slots=True)
class Events:
    """Events of one transaction, column by column, until it ends."""

    enrollment: UUID
    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: [] for name in ("ids", "types", "entity_ids", "versions", "occurred", "sources", "changed", "previous", "data")
        }
    )

    def __len__(self) -> int:
        return len(self.columns["ids"])

    def add(
        self,
        type_: str,
        entity_id: str,
        version: int,
        occurred_at: datetime,
        source: str,
        data: str,
        changed: Sequence[str] = (),
        previous: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> None:
        """
        Args:
            data: JSON text: what the entity's row got.
            key: what can happen only once, whatever entity it is told of and in whatever version; it makes the id then.
        """
        columns = self.columns
        own = event_id(self.enrollment, entity_id, version, type_) if key is None else event_id(self.enrollment, key, 0, type_)
        columns["ids"].append(own)
        columns["types"].append(type_)
        columns["entity_ids"].append(entity_id)
        columns["versions"].append(version)
        columns["occurred"].append(occurred_at)
        columns["sources"].append(source)
        columns["changed"].append(json.dumps(changed) if changed else "[]")
        columns["previous"].append(json.dumps(previous, ensure_ascii=False) if previous else "{}")
        columns["data"].append(data)

    def emit(self, connection: Connection, seller_id: str | None, first_seen: dict[str, Any] | None = None) -> None:
        """The transaction's last act. The seller's row is locked already: locks are taken in this order everywhere.

        `first_seen`: who saw the versions first (store/steps/first_seen.py), where that is recorded.

        Raises:
            RestoredDatabaseError: nothing may be written yet.
        """
        if not len(self):
            return
        if seller_id is None:
            self._of_generation(connection.execute(LOCK_POSITIONS_AND_READ_GENERATION).scalar())
            written = connection.execute(EMIT_EVENTS_OF_FLEET, self.columns).rowcount
        else:
            values = {**self.columns, "seller_id": seller_id, "count": len(self)}
            written = connection.execute(EMIT_EVENTS_AND_FIRST_SEEN if first_seen else EMIT_EVENTS, values | (first_seen or {})).rowcount
        if not written:
            raise RestoredDatabaseError

    def _of_generation(self, generation: str | None) -> None:
        """The fleet has no enrolment that a restore renews: the feed's generation salts its ids. An erased seller had one."""
        if self.enrollment == FLEET and generation not in (None, FIRST_GENERATION):
            columns, salted = self.columns, uuid5(FLEET, str(generation))
            given = zip(columns["entity_ids"], columns["versions"], columns["types"], strict=True)
            columns["ids"] = [event_id(salted, *one) for one in given]
