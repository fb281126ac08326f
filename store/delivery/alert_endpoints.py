"""Endpoints for people: how far each was told of alerts, and when it may be written to again. Its clock is the database's.

A turn is claimed by a word made at random: what an older one finds out late, it may not record.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from domain.alert_groups import OpenAlert
from domain.delivery.alert_stories import AlertChange
from domain.delivery.alert_turns import AlertTurn
from store.delivery.endpoint_names import reserve_name
from store.delivery.endpoints import (
    ADD_SECRET_OF_ENDPOINT,
    FORGET_FAILURES_OF_ENDPOINT,
    LOCK_ENDPOINT,
    RETRY_ALERT_TURN_NOW,
    UnknownEndpointError,
)
from store.events.alerts import close_alert
from store.events.events import FLEET, Events
from store.schema.errors import translated
from store.schema.kinds import AlertKind, named
from store.schema.vault import Vault

MOST = 10_000  # changes of one message; more wait for the next
OF_THE_WHOLE = "health"  # in the log: a message that tells of no alert, but of what is wrong with the whole
OF_ALERTS = "type IN ('alert.opened', 'alert.closed')"

ADD_ALERT_ENDPOINT = text("""
    INSERT INTO sellerbeat.endpoints (id, url, types, seller_id, thin, kind, created_at)
    VALUES (:id, :shown, '{}', NULL, false, :kind, clock_timestamp())
""")
BEGIN_ALERT_TURNS_OF_ENDPOINT = text("""
    INSERT INTO sellerbeat.alert_turns (endpoint_id, position) SELECT :id, coalesce(max(position), 0) FROM sellerbeat.change_events
""")
NAME_ALERT_ENDPOINT = text("UPDATE sellerbeat.endpoints SET name = :name WHERE id = :id AND CAST(:name AS text) IS NOT NULL")
CHANGE_ADDRESS_OF_ALERT_ENDPOINT = text("UPDATE sellerbeat.endpoints SET url = :shown WHERE id = :id")
FORGET_ADDRESSES_OF_ALERT_ENDPOINT = text("DELETE FROM sellerbeat.endpoint_secrets WHERE endpoint_id = :id")
# All up to the newest position that is seen here is committed (events.py), so what is behind it is looked at by the next look.
TURNS_OF_ALERT_ENDPOINTS = text("""
    SELECT e.id, e.kind, t.*, clock_timestamp() AS now, (SELECT coalesce(max(position), 0) FROM sellerbeat.change_events) AS newest
    FROM sellerbeat.endpoints e JOIN sellerbeat.alert_turns t ON t.endpoint_id = e.id
    WHERE e.kind <> 'webhook' AND e.off_at IS NULL ORDER BY e.id
""")
ALERT_CHANGES_BEHIND_POSITION = text(f"""
    SELECT position, id, seller_id, type, data, detected_at FROM sellerbeat.change_events
    WHERE position > :after AND position <= :newest AND {OF_ALERTS} ORDER BY position LIMIT {MOST}
""")
OPEN_ALERTS_OF_FLEET = text("""
    SELECT kind, text, opened_at FROM sellerbeat.alerts WHERE seller_id IS NULL AND closed_at IS NULL
""")
PASS_CHANGES_THAT_ARE_NOT_SAID = text("""
    UPDATE sellerbeat.alert_turns SET position = :newest
    WHERE endpoint_id = :id AND position = :position AND claim = :claim AND position < :newest
""")
CLAIM_ALERT_TURN = text("""
    UPDATE sellerbeat.alert_turns SET claim = :claim, not_before = :not_before
    WHERE endpoint_id = :id AND position = :position AND claim = :before
        AND EXISTS (SELECT FROM sellerbeat.endpoints WHERE id = :id AND off_at IS NULL)
    RETURNING (SELECT secret FROM sellerbeat.endpoint_secrets WHERE endpoint_id = :id ORDER BY number DESC LIMIT 1)
""")
RECORD_ALERT_TURN = text("""
    UPDATE sellerbeat.alert_turns SET position = :position, tries = :tries, not_before = :not_before, retry_at = :retry_at,
        findings = coalesce(CAST(:findings AS jsonb), findings)
    WHERE endpoint_id = :id AND claim = :claim RETURNING position
""")
LOG_ALERT_MESSAGE = text("""
    INSERT INTO sellerbeat.deliveries (at, endpoint_id, event_id, position, type, attempt, replayed, outcome, status, kind, took_ms)
    VALUES (:now, :id, :event_id, :position, :type, :attempt, false, :outcome, :status, :reason, :took_ms)
""")
FAILURES_OF_ALERT_ENDPOINT = text("SELECT failures FROM sellerbeat.endpoints WHERE id = :id FOR NO KEY UPDATE")
COUNT_FAILURE_OF_ALERT_ENDPOINT = text("""
    UPDATE sellerbeat.endpoints SET failures = failures + 1, failing_since = coalesce(failing_since, :now) WHERE id = :id
    RETURNING failing_since, failures
""")


@dataclass(frozen=True, slots=True)
class AlertReader:
    """An endpoint for people, as one look found it.

    Attributes:
        newest: the newest change that the look knows of.
        findings: what is wrong with the whole, as it was said last: sentences by part.
    """

    id: str
    kind: str
    turn: AlertTurn
    now: datetime
    newest: int
    findings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnsaidAlerts:
    """Changes that an endpoint was not written of: all up to `position`."""

    changes: tuple[AlertChange, ...]
    oldest: datetime | None
    position: int
    event_id: str  # of the last of them
    type: str


@dataclass(frozen=True, slots=True)
class MessageAttempt:
    """How a message ended: as a delivery's attempt."""

    outcome: str
    status: int | None
    reason: str | None
    took_ms: int


class AlertEndpoints:
    """The register of endpoints for people, and their turns."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def add(self, endpoint_id: str, kind: str, address: str, shown: str, name: str | None = None) -> None:
        """Register it for alerts from now on. `shown`: what may be seen of the address, which is sealed. Raises EndpointNameTakenError."""
        values = {"id": endpoint_id, "kind": kind, "shown": shown}
        with translated(), self._engine.begin() as connection:
            reserve_name(connection, endpoint_id, name)
            connection.execute(ADD_ALERT_ENDPOINT, values)
            connection.execute(NAME_ALERT_ENDPOINT, {"id": endpoint_id, "name": name})
            connection.execute(ADD_SECRET_OF_ENDPOINT, {"id": endpoint_id, "secret": self._vault.seal(address)})
            connection.execute(BEGIN_ALERT_TURNS_OF_ENDPOINT, values)

    def change(self, endpoint_id: str, address: str | None, shown: str | None, name: str | None = None) -> None:
        """What is given. It goes on from where it stands, and a new address is tried at once.

        Raises:
            UnknownEndpointError
            EndpointNameTakenError: another one is called so.
        """
        with translated(), self._engine.begin() as connection:
            if connection.execute(LOCK_ENDPOINT, {"id": endpoint_id}).scalar() is None:
                raise UnknownEndpointError(endpoint_id)
            reserve_name(connection, endpoint_id, name)
            connection.execute(NAME_ALERT_ENDPOINT, {"id": endpoint_id, "name": name})
            if address is not None:
                self._change_address(connection, endpoint_id, address, shown)

    def _change_address(self, connection: Connection, endpoint_id: str, address: str, shown: str | None) -> None:
        values = {"id": endpoint_id, "shown": shown}
        connection.execute(CHANGE_ADDRESS_OF_ALERT_ENDPOINT, values)
        connection.execute(FORGET_ADDRESSES_OF_ALERT_ENDPOINT, values)
        connection.execute(ADD_SECRET_OF_ENDPOINT, {"id": endpoint_id, "secret": self._vault.seal(address)})
        connection.execute(FORGET_FAILURES_OF_ENDPOINT, values)
        connection.execute(RETRY_ALERT_TURN_NOW, values)
        _close_failing(connection, endpoint_id)

    def retry(self, endpoint_id: str) -> int:
        """Try now what failed, once the minute of the last message has passed. Returns 1, or 0 where nothing had failed."""
        with translated(), self._engine.begin() as connection:
            return connection.execute(RETRY_ALERT_TURN_NOW, {"id": endpoint_id}).rowcount

    def readers(self) -> list[AlertReader]:
        """All that are on."""
        with translated(), self._engine.begin() as connection:
            return [_reader(row) for row in connection.execute(TURNS_OF_ALERT_ENDPOINTS)]

    def unsaid(self, reader: AlertReader) -> UnsaidAlerts:
        """What it was not written of; 10,000 changes at most."""
        values = {"after": reader.turn.position, "newest": reader.newest}
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(ALERT_CHANGES_BEHIND_POSITION, values).all()
        if not rows:
            return UnsaidAlerts((), None, reader.newest, OF_THE_WHOLE, OF_THE_WHOLE)
        position = rows[-1].position if len(rows) == MOST else max(reader.newest, rows[-1].position)
        return UnsaidAlerts(tuple(_change(row) for row in rows), rows[0].detected_at, position, rows[-1].id, rows[-1].type)

    def causes(self) -> list[OpenAlert]:
        """The fleet's open alerts, from which others may follow."""
        with translated(), self._engine.begin() as connection:
            return [OpenAlert(row.kind, None, row.text, row.opened_at) for row in connection.execute(OPEN_ALERTS_OF_FLEET)]

    def skip_to(self, reader: AlertReader, position: int) -> None:
        """Nothing up to there is to be said: the next look begins behind it."""
        values = {"id": reader.id, "newest": position, "position": reader.turn.position, "claim": reader.turn.claim}
        with translated(), self._engine.begin() as connection:
            connection.execute(PASS_CHANGES_THAT_ARE_NOT_SAID, values)

    def claim(self, reader: AlertReader, claimed: AlertTurn) -> str | None:
        """The address, where the turn is ours; None: another process was faster, or the endpoint is switched off or gone.

        Raises:
            SecretError: no key opens the address.
        """
        values = {"id": reader.id, "before": reader.turn.claim, "position": reader.turn.position}
        values |= {"claim": claimed.claim, "not_before": claimed.not_before}
        with translated(), self._engine.begin() as connection:
            sealed = connection.execute(CLAIM_ALERT_TURN, values).scalar()
        return self._vault.open(sealed) if sealed is not None else None

    def delivered(
        self,
        endpoint_id: str,
        turn: AlertTurn,
        unsaid: UnsaidAlerts,
        attempt: MessageAttempt,
        now: datetime,
        findings: Mapping[str, str] | None = None,
    ) -> None:
        """Record that it was taken; that the endpoint fails, is over. Nothing happens where the turn is no longer ours."""
        with translated(), self._engine.begin() as connection:
            failures = connection.execute(FAILURES_OF_ALERT_ENDPOINT, {"id": endpoint_id}).scalar()
            if failures is None or not _recorded(connection, endpoint_id, turn, findings):
                return
            _log(connection, endpoint_id, unsaid, attempt, (failures or 0) + 1, now)
            if failures:
                connection.execute(FORGET_FAILURES_OF_ENDPOINT, {"id": endpoint_id})
                _close_failing(connection, endpoint_id)

    def failed(self, endpoint_id: str, turn: AlertTurn, unsaid: UnsaidAlerts, attempt: MessageAttempt, now: datetime) -> datetime | None:
        """Record that it was not. Returns since when the endpoint fails; None: the turn is no longer ours."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(COUNT_FAILURE_OF_ALERT_ENDPOINT, {"id": endpoint_id, "now": now}).one_or_none()
            if row is None or not _recorded(connection, endpoint_id, turn, None):
                connection.rollback()
                return None
            _log(connection, endpoint_id, unsaid, attempt, row.failures, now)
            since: datetime = row.failing_since
            return since


def _recorded(connection: Connection, endpoint_id: str, turn: AlertTurn, findings: Mapping[str, str] | None) -> bool:
    findings_text = json.dumps(findings) if findings is not None else None
    fields = {name: getattr(turn, name) for name in ("position", "claim", "tries", "not_before", "retry_at")}
    return connection.execute(RECORD_ALERT_TURN, {"id": endpoint_id, "findings": findings_text, **fields}).scalar() is not None


def _log(connection: Connection, endpoint_id: str, unsaid: UnsaidAlerts, attempt: MessageAttempt, number: int, now: datetime) -> None:
    """By the newest change that the message tells of."""
    values = {"id": endpoint_id, "event_id": unsaid.event_id, "position": unsaid.position, "type": unsaid.type, "now": now}
    values |= {"attempt": number, "outcome": attempt.outcome, "status": attempt.status, "reason": attempt.reason}
    connection.execute(LOG_ALERT_MESSAGE, values | {"took_ms": attempt.took_ms})


def _close_failing(connection: Connection, endpoint_id: str) -> None:
    events = Events(FLEET)
    close_alert(connection, events, None, named(AlertKind.ENDPOINT_FAILING, endpoint_id))
    events.emit(connection, None)


def _reader(row: Row[Any]) -> AlertReader:
    turn = AlertTurn(row.position, row.claim, row.tries, row.not_before, row.retry_at)
    return AlertReader(row.id, row.kind, turn, row.now, row.newest, row.findings)


def _change(row: Row[Any]) -> AlertChange:
    closed_at = row.data.get("closed_at")
    return AlertChange(
        position=row.position,
        seller_id=row.seller_id,
        kind=row.data["kind"],
        is_open=row.type == "alert.opened",
        text=row.data["text"],
        opened_at=datetime.fromisoformat(row.data["opened_at"]),
        closed_at=datetime.fromisoformat(closed_at) if closed_at else None,
    )
