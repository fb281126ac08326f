"""Delivery cursors: how far one endpoint got one seller's changes, in order; what comes next, and how an attempt ended.

A run of a cursor takes the cursor's next epoch, as a step does of a seller: what an older run finds out late, it may not record.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from store.delivery.claims import Attempt, Claim, Failing
from store.events.alerts import LOCK_SELLER, close_alert, open_alert
from store.events.events import FLEET, Events
from store.events.feed import as_event
from store.schema.delivery_tables import FLEET_CURSOR
from store.schema.errors import SupersededError, translated
from store.schema.kinds import AlertKind, named
from store.schema.vault import Vault

IN_HAND = timedelta(minutes=1)  # the dispatcher leaves a cursor alone for so long after a run began, and after the time of a retry
PROBE_EVERY = timedelta(seconds=20)
TROUBLED = 5  # failures of an endpoint in a row, of whichever sellers: from then on one attempt at a time

MATCHES = "({type} = ANY({types}) OR '*' = ANY({types}) OR split_part({type}, '.', 1) || '.*' = ANY({types}))"
# Takes the next epoch, which fences older runs, and keeps the dispatcher away; the time of a retry stays as it is.
BEGIN_CURSOR_RUN = text("""
    WITH e AS (
        SELECT * FROM sellerbeat.endpoints WHERE id = :endpoint AND off_at IS NULL
            AND (:seller = '' OR EXISTS (SELECT FROM sellerbeat.sellers WHERE seller_id = :seller))
    ), cursor AS (
        INSERT INTO sellerbeat.delivery_lanes AS l (endpoint_id, seller_id, sequence, epoch, tell_at)
        SELECT id, :seller, 0, 1, CAST(:now AS timestamptz) + :in_hand FROM e
        ON CONFLICT (endpoint_id, seller_id) DO UPDATE SET epoch = l.epoch + 1,
            tell_at = CASE WHEN l.retry_at > :now THEN l.tell_at ELSE excluded.tell_at END
        RETURNING *
    )
    SELECT e.url, e.types, e.thin, e.failures, c.sequence, c.epoch, c.tries, c.schedule_from, c.failing_since, c.retry_at,
        c.tell_at,
        ARRAY (SELECT secret FROM sellerbeat.endpoint_secrets WHERE endpoint_id = e.id ORDER BY number DESC) AS secrets
    FROM e, cursor c
""")
NEXT_EVENTS_OF_SELLER = text(f"""
    SELECT * FROM sellerbeat.change_events WHERE seller_id = :seller AND sequence > :after AND {MATCHES.format(type="type", types=":types")}
    ORDER BY sequence LIMIT :limit
""")
NEXT_EVENTS_OF_FLEET = text(f"""
    SELECT * FROM sellerbeat.change_events WHERE seller_id IS NULL AND position > :after AND {MATCHES.format(type="type", types=":types")}
    ORDER BY position LIMIT :limit
""")
NEXT_REDELIVERIES_OF_CURSOR = text("""
    SELECT c.* FROM sellerbeat.redeliveries r JOIN sellerbeat.change_events c USING (position)
    WHERE r.endpoint_id = :endpoint AND r.seller_id = :seller ORDER BY position LIMIT :limit
""")
CLAIM_PROBE_OF_ENDPOINT = text("""
    UPDATE sellerbeat.endpoints SET probed_at = :now
    WHERE id = :endpoint AND (probed_at IS NULL OR probed_at <= CAST(:now AS timestamptz) - :every) RETURNING id
""")
LOG_ATTEMPT = """
    INSERT INTO sellerbeat.deliveries (at, endpoint_id, seller_id, event_id, position, type, attempt, replayed, outcome, status,
        kind, took_ms)
    SELECT :now, :endpoint, nullif(:seller, ''), :event_id, :position, :type, :attempt, :replayed, :outcome, :status, :kind, :took_ms
    FROM cursor
"""
# Locks are taken in one order, or two would wait for each other: endpoint, its cursors in the order of sellers, seller, positions.
# One statement an attempt. Who succeeds ends the endpoint's trouble too, which costs a look at its row and no write where there was none.
RECORD_DELIVERY = text(f"""
    WITH before AS (
        SELECT failures, failing_since FROM sellerbeat.endpoints WHERE id = :endpoint AND failures > 0 FOR NO KEY UPDATE
    ), cursor AS (
        UPDATE sellerbeat.delivery_lanes SET sequence = greatest(sequence, :sequence), tries = 0, schedule_from = 0, failing_since = NULL,
            retry_at = NULL
        WHERE endpoint_id = :endpoint AND seller_id = :seller AND epoch = :epoch AND (SELECT count(*) FROM before) >= 0 RETURNING epoch
    ), log AS ({LOG_ATTEMPT}), done AS (
        DELETE FROM sellerbeat.redeliveries USING cursor WHERE endpoint_id = :endpoint AND seller_id = :seller AND position = :position
    ), well AS (
        UPDATE sellerbeat.endpoints SET failures = 0, failing_since = NULL, probed_at = NULL FROM before
        WHERE id = :endpoint AND endpoints.failures > 0
    )
    SELECT before.failures, before.failing_since FROM cursor LEFT JOIN before ON true
""")
RECORD_FAILED_ATTEMPT = text(f"""
    WITH mine AS (SELECT id FROM sellerbeat.endpoints WHERE id = :endpoint FOR NO KEY UPDATE), cursor AS (
        UPDATE sellerbeat.delivery_lanes
            SET tries = tries + 1, failing_since = coalesce(failing_since, :now), retry_at = :retry_at, tell_at = :tell_at
        WHERE endpoint_id = (SELECT id FROM mine) AND seller_id = :seller AND epoch = :epoch RETURNING failing_since
    ), log AS ({LOG_ATTEMPT}), ill AS (
        UPDATE sellerbeat.endpoints SET failures = failures + 1, failing_since = coalesce(endpoints.failing_since, :now) FROM cursor
        WHERE id = :endpoint RETURNING endpoints.failing_since
    )
    SELECT cursor.failing_since AS cursor_since, ill.failing_since AS endpoint_since FROM cursor, ill
""")
# Nothing was sent: no attempt is logged, and the endpoint's own failures do not grow.
POSTPONE_CURSOR = text("""
    UPDATE sellerbeat.delivery_lanes SET tries = tries + 1, failing_since = coalesce(failing_since, :now), retry_at = :retry_at,
        tell_at = :tell_at
    WHERE endpoint_id = :endpoint AND seller_id = :seller AND epoch = :epoch RETURNING epoch
""")
# Not where somebody asked to be looked at meanwhile.
COMPLETE_CURSOR_RUN = text("""
    UPDATE sellerbeat.delivery_lanes SET tell_at = NULL
    WHERE endpoint_id = :endpoint AND seller_id = :seller AND epoch = :epoch AND retry_at IS NULL AND tell_at = :tell_at
""")
# Whoever fails since before has a trouble of their own, and keeps to the schedule; clocks of workers may differ a little.
WAKE_OTHER_CURSORS_OF_ENDPOINT = text("""
    UPDATE sellerbeat.delivery_lanes l SET retry_at = NULL, tell_at = :now FROM (
        SELECT seller_id FROM sellerbeat.delivery_lanes
        WHERE endpoint_id = :endpoint AND retry_at > :now AND seller_id <> :seller
            AND failing_since >= CAST(:since AS timestamptz) - interval '1 minute'
        ORDER BY seller_id FOR NO KEY UPDATE
    ) AS others WHERE l.endpoint_id = :endpoint AND l.seller_id = others.seller_id
""")
STOP_FAILING_ENDPOINT = text(
    "UPDATE sellerbeat.endpoints SET off_at = :now, off_reason = :reason WHERE id = :endpoint AND off_at IS NULL RETURNING id"
)


class DeliveryCursors:
    """The cursors' rows, for their runs: a run begins, reads what comes next, and records how it was answered."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def begin(self, endpoint: str, seller: str, now: datetime) -> Claim | None:
        """Take the cursor's next epoch. None: the endpoint is switched off or removed, or the seller erased.

        Args:
            now: Temporal's clock, as in all that follows.
        Raises:
            SecretError: a secret cannot be decrypted.
        """
        values = {"endpoint": endpoint, "seller": seller, "now": now, "in_hand": IN_HAND}
        with translated(), self._single.connect() as connection:
            row = connection.execute(BEGIN_CURSOR_RUN, values).one_or_none()
        if row is None:
            return None
        return Claim(
            endpoint=endpoint,
            seller=seller,
            url=row.url,
            secrets=tuple(self._vault.open(one) for one in row.secrets),
            types=tuple(row.types),
            thin=row.thin,
            sequence=row.sequence,
            epoch=row.epoch,
            tries=row.tries,
            schedule_from=row.schedule_from,
            failing_since=row.failing_since,
            retry_at=row.retry_at,
            tell_at=row.tell_at,
            troubled=row.failures >= TROUBLED,
        )

    def next(self, claim: Claim, after: int, limit: int) -> list[dict[str, Any]]:
        """Changes that are to be delivered, in order, as the feed has them. `after`: the sequence of the last one that was."""
        statement = NEXT_EVENTS_OF_FLEET if claim.seller == FLEET_CURSOR else NEXT_EVENTS_OF_SELLER
        with translated(), self._single.connect() as connection:
            values = {"seller": claim.seller, "after": after, "types": list(claim.types), "limit": limit}
            return [as_event(row) for row in connection.execute(statement, values)]

    def again(self, claim: Claim, limit: int) -> list[dict[str, Any]]:
        """Changes that somebody asked to have sent again, in order."""
        with translated(), self._single.connect() as connection:
            return [as_event(row) for row in connection.execute(NEXT_REDELIVERIES_OF_CURSOR, {**claim.values, "limit": limit})]

    def may_probe(self, claim: Claim, now: datetime) -> bool:
        """While an endpoint is in trouble, of all its cursors one may try every 20 seconds: it cannot hold up more than one thread."""
        values = {"endpoint": claim.endpoint, "now": now, "every": PROBE_EVERY}
        with translated(), self._single.connect() as connection:
            return connection.execute(CLAIM_PROBE_OF_ENDPOINT, values).scalar() is not None

    def delivered(self, claim: Claim, attempt: Attempt, now: datetime) -> None:
        """Record that it was taken, which moves the cursor on. Where the endpoint was in trouble, its other cursors wait no longer.

        Raises:
            SupersededError: a later run has begun; that one delivers it again, under the same id.
        """
        with translated(), self._engine.begin() as connection:
            row = connection.execute(
                RECORD_DELIVERY, {**claim.values, **_logged(attempt, now), "sequence": _position(attempt)}
            ).one_or_none()
            if row is None:
                raise SupersededError("a later run of this cursor has begun")
            troubled = row.failures is not None and row.failures >= TROUBLED
            # The seller's alert first: a commit of theirs locks their row before it waits for positions (events.py), and so does this.
            if claim.tries and claim.seller != FLEET_CURSOR:
                self._close(connection, claim.seller, named(AlertKind.UNDELIVERED, claim.endpoint))
            if row.failures is not None:
                self._close(connection, None, named(AlertKind.ENDPOINT_FAILING, claim.endpoint))
        if troubled:  # apart: the cursor in hand may stand behind others in the order of locks
            with translated(), self._single.connect() as connection:
                connection.execute(WAKE_OTHER_CURSORS_OF_ENDPOINT, {**claim.values, "now": now, "since": row.failing_since})

    def failed(self, claim: Claim, attempt: Attempt, now: datetime, retry_at: datetime) -> Failing:
        """Record that it was not. Raises SupersededError."""
        values = {**claim.values, **_logged(attempt, now), "retry_at": retry_at, "tell_at": retry_at + IN_HAND}
        with translated(), self._single.connect() as connection:
            row = connection.execute(RECORD_FAILED_ATTEMPT, values).one_or_none()
        if row is None:
            raise SupersededError("a later run of this cursor has begun, or the endpoint was removed")
        return Failing(row.cursor_since, row.endpoint_since)

    def postpone(self, claim: Claim, now: datetime, retry_at: datetime) -> None:
        """Not tried, since the endpoint is in trouble and another cursor asks it. Raises SupersededError."""
        values = {**claim.values, "now": now, "retry_at": retry_at, "tell_at": retry_at + IN_HAND}
        with translated(), self._single.connect() as connection:
            if connection.execute(POSTPONE_CURSOR, values).scalar() is None:
                raise SupersededError("a later run of this cursor has begun")

    def complete(self, claim: Claim) -> None:
        """All that was there is delivered: the next change wakes the cursor again."""
        with translated(), self._single.connect() as connection:
            connection.execute(COMPLETE_CURSOR_RUN, {**claim.values, "tell_at": claim.tell_at})

    def switch_off(self, endpoint: str, reason: str, now: datetime, words: str) -> None:
        """For failing; once, with an alert of the fleet."""
        with translated(), self._engine.begin() as connection:
            if connection.execute(STOP_FAILING_ENDPOINT, {"endpoint": endpoint, "now": now, "reason": reason}).scalar() is None:
                return
            events = Events(FLEET)
            close_alert(connection, events, None, named(AlertKind.ENDPOINT_FAILING, endpoint))
            open_alert(connection, events, None, named(AlertKind.ENDPOINT_OFF, endpoint), words)
            events.emit(connection, None)

    def _close(self, connection: Connection, seller_id: str | None, kind: str) -> None:
        events = _events(connection, seller_id)
        if events is not None:
            close_alert(connection, events, seller_id, kind)
            events.emit(connection, seller_id)


def _events(connection: Connection, seller_id: str | None) -> Events | None:
    if seller_id is None:
        return Events(FLEET)
    enrollment = connection.execute(LOCK_SELLER, {"seller_id": seller_id}).scalar()
    return Events(enrollment) if enrollment else None  # erased meanwhile


def _position(attempt: Attempt) -> int:
    """How far the cursor is with it; what was sent again moves nothing."""
    if attempt.replayed:
        return 0
    position: int = attempt.event["sequence"] if attempt.event["seller_id"] is not None else attempt.event["position"]
    return position


def _logged(attempt: Attempt, now: datetime) -> dict[str, Any]:
    event = attempt.event
    return {
        "now": now,
        "event_id": event["id"],
        "position": event["position"],
        "type": event["type"],
        "attempt": attempt.number,
        "replayed": attempt.replayed,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "kind": attempt.kind,
        "took_ms": attempt.took_ms,
    }
