"""What Postgres knows of the health of the whole, in one statement; and whether it takes a row, where that is in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, Row, text

from domain.changes.dates import read_time
from domain.endpoint_health import SAID_AFTER, FailingEndpoint
from domain.health import OVERDUE, HealthPart, standstill
from domain.health_facts import AlertFacts, FleetFacts, WorkerFacts, WorkerFindings
from store.quota.breakers import Breaker, troubled_breakers, words
from store.reading.lateness import IS_PROGRESSING
from store.schema.errors import StoreError, translated
from store.schema.faults import UNAVAILABLE

READ_ONLY, FULL = UNAVAILABLE["25006"], UNAVAILABLE["53300"]
_MOMENT = """clock_timestamp() AS now, pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS is_read_only,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('task_queue', task_queue, 'last_seen_at', last_seen_at, 'ended_at', ended_at,
            'findings', findings)), '[]') FROM sellerbeat.workers WHERE kind = 'polling') AS workers"""
# With every read of a seller: a row a process, and no look at sellers.
WORKERS_FACTS = text(f"SELECT {_MOMENT}")
_OVERDUE = f"t.next_poll_at < clock_timestamp() - :overdue AND t.waits_for IS NULL AND NOT {IS_PROGRESSING}"
# `enrolled_at` is eBay's clock; the event that tells of it has the database's, and is the last one while nobody polls.
# Who waits for quota or eBay has a reason, and who is paused or needs a new consent is not to be polled. A long read goes on.
HEALTH_FACTS = text(f"""
    SELECT {_MOMENT},
        (SELECT coalesce(jsonb_object_agg(kind, jsonb_build_object('count', count, 'since', since, 'text', text)), '{{}}') FROM (
            SELECT split_part(kind, ':', 1) AS kind, count(*) AS count, min(opened_at) AS since, min(text) AS text
            FROM sellerbeat.alerts WHERE closed_at IS NULL GROUP BY 1) AS a) AS alerts,
        (SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.since), '[]') FROM (
            SELECT e.id, e.name, e.failing_since AS since, last.outcome, coalesce(CAST(last.status AS text), last.kind) AS answer,
                coalesce((SELECT min(d.retry_at) FROM sellerbeat.delivery_lanes d WHERE d.endpoint_id = e.id),
                    (SELECT t.retry_at FROM sellerbeat.alert_turns t WHERE t.endpoint_id = e.id)) AS next_try_at
            FROM sellerbeat.endpoints e LEFT JOIN LATERAL (
                SELECT outcome, status, kind FROM sellerbeat.deliveries WHERE endpoint_id = e.id ORDER BY id DESC LIMIT 1) AS last ON true
            WHERE e.off_at IS NULL AND e.failing_since < clock_timestamp() - interval '{SAID_AFTER.total_seconds():.0f} s'
        ) AS f) AS failing_endpoints,
        (SELECT count(*) FROM sellerbeat.sellers WHERE removed_at IS NULL) AS enrolled, awake.*
    FROM (
        SELECT count(*) AS awake, min(s.detected_at) AS first_enrolled_at, max(t.last_poll_at) AS polled_at,
            count(*) FILTER (WHERE {_OVERDUE}) AS overdue,
            min(t.next_poll_at) FILTER (WHERE {_OVERDUE}) AS overdue_since
        FROM sellerbeat.sellers s LEFT JOIN sellerbeat.tokens k USING (seller_id)
            LEFT JOIN sellerbeat.streams t ON t.seller_id = s.seller_id AND t.stream = 'orders'
        WHERE s.removed_at IS NULL AND k.dead_at IS NULL
            AND (s.wishes ->> 'paused' IS NULL OR CAST(s.wishes -> 'pause' ->> 'until' AS timestamptz) < clock_timestamp())
    ) AS awake
""")
TRY_TO_WRITE = text("""
    INSERT INTO sellerbeat.workers (id, kind, task_queue, started_at, last_seen_at, findings)
    VALUES (:id, 'trial', '', clock_timestamp(), clock_timestamp(), '{}')
""")


class HealthReader:
    """For whoever asks how all is. Locks nothing, and leaves nothing behind."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def facts(self, *, try_to_write: bool = False) -> FleetFacts:
        """What Postgres knows. Raises StoreError: it cannot be read.

        Args:
            try_to_write: also where nothing is in doubt.
        """
        with translated(), self._single.connect() as connection:
            facts = health_facts(connection, troubled_breakers(connection))
        return replace(facts, writes=facts.writes or self.refusal()) if try_to_write else self.complete(facts)

    def complete(self, facts: FleetFacts) -> FleetFacts:
        """Where no worker says that it is there, perhaps none can: a database that takes no row is the cause."""
        found = standstill(facts)
        if found is None or found.part is not HealthPart.WORKER:
            return facts
        return replace(facts, writes=self.refusal())

    def stalled(self, facts: FleetFacts) -> str | None:
        """Why nobody at all is polled, and since when, in words; None: nothing keeps everybody from it."""
        found = standstill(self.complete(facts))
        return found.what if found else None

    def refusal(self) -> str | None:
        """Why no row can be written, by one that is rolled back; None: it can."""
        try:
            with translated(), self._engine.connect() as connection:
                connection.execute(TRY_TO_WRITE, {"id": f"trial-{uuid4().hex}"})
                connection.rollback()
        except StoreError as error:
            return str(error)
        return None


def standstill_facts(connection: Connection) -> FleetFacts:
    """What says whether nobody at all is polled: one small statement, and where no worker is seen the whole of it."""
    row = connection.execute(WORKERS_FACTS).one()
    facts = FleetFacts(now=row.now, writes=READ_ONLY if row.is_read_only else None, workers=[_worker(one) for one in row.workers])
    found = standstill(facts)
    is_missed = not facts.workers or (found is not None and found.part is HealthPart.WORKER)
    return health_facts(connection, {}) if is_missed else facts


def health_facts(connection: Connection, down: Mapping[str, Breaker]) -> FleetFacts:
    """Within the caller's transaction, or on a connection that has none. `down`: of eBay, by resource."""
    row = connection.execute(HEALTH_FACTS, {"overdue": OVERDUE}).one()
    return FleetFacts(
        now=row.now,
        writes=READ_ONLY if row.is_read_only else None,
        workers=[_worker(one) for one in row.workers],
        enrolled=row.enrolled,
        first_enrolled_at=row.first_enrolled_at,
        awake=row.awake,
        overdue=row.overdue,
        overdue_since=row.overdue_since,
        polled_at=row.polled_at,
        ebay={resource: (words(one), one.since or one.opened_at) for resource, one in down.items()},
        failing_endpoints=[_failing(one) for one in row.failing_endpoints],
        alerts={kind: AlertFacts(int(one["count"]), read_time(one["since"]), one["text"]) for kind, one in _alerts(row).items()},
    )


def _alerts(row: Row[Any]) -> Mapping[str, Any]:
    alerts: Mapping[str, Any] = row.alerts
    return alerts


def _failing(fields: Mapping[str, Any]) -> FailingEndpoint:
    since = read_time(fields["since"])
    assert since is not None
    answer = f" ({fields['answer']})" if fields["answer"] else ""
    last = f"{fields['outcome']}{answer}" if fields["outcome"] else None
    return FailingEndpoint(fields["id"], fields["name"], since, last, read_time(fields["next_try_at"]))


def _worker(fields: Mapping[str, Any]) -> WorkerFacts:
    seen = read_time(fields["last_seen_at"])
    assert seen is not None
    return WorkerFacts(fields["task_queue"], seen, read_time(fields["ended_at"]), WorkerFindings.of(fields["findings"] or {}))
