"""Alerts: something is wrong and a person should know; opened once, closed when it passes. Both are events of the feed."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from store.events.events import FLEET, Events
from store.schema.errors import UnknownSellerError, translated
from store.schema.kinds import runbook
from store.schema.times import iso

# No row where it is open already: the index `alerts_open` has one for a seller and kind.
OPEN_ALERT = text("""
    INSERT INTO sellerbeat.alerts (seller_id, kind, version, text, opened_at)
    SELECT :seller_id, :kind, 1 + coalesce((
        SELECT max(version) FROM sellerbeat.alerts WHERE seller_id IS NOT DISTINCT FROM CAST(:seller_id AS text) AND kind = :kind), 0),
        :text, clock_timestamp()
    ON CONFLICT DO NOTHING
    RETURNING kind, version, text, opened_at, closed_at
""")
CLOSE_ALERT = text("""
    UPDATE sellerbeat.alerts SET closed_at = clock_timestamp()
    WHERE seller_id IS NOT DISTINCT FROM CAST(:seller_id AS text) AND kind = :kind AND closed_at IS NULL
    RETURNING kind, version, text, opened_at, closed_at
""")
REWORD_ALERT = text("""
    UPDATE sellerbeat.alerts SET text = :text
    WHERE seller_id IS NOT DISTINCT FROM CAST(:seller_id AS text) AND kind = :kind AND closed_at IS NULL AND text <> :text
""")
# Gives the enrolment, of which the events' ids are made.
LOCK_SELLER = text("SELECT enrollment FROM sellerbeat.sellers WHERE seller_id = :seller_id FOR NO KEY UPDATE")


class Alerts:
    """Alerts outside of a step: of the whole fleet (`seller_id` None), or of a seller who has no step at hand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, kind: str, text: str, seller_id: str | None = None) -> bool:
        """Returns whether it was not open already. Raises UnknownSellerError for a seller without a row."""
        with translated(), self._engine.begin() as connection:
            events = _events(connection, seller_id)
            opened = open_alert(connection, events, seller_id, kind, text)
            events.emit(connection, seller_id)
            return opened

    def close(self, kind: str, seller_id: str | None = None) -> bool:
        """Returns whether it was open."""
        with translated(), self._engine.begin() as connection:
            events = _events(connection, seller_id)
            closed = close_alert(connection, events, seller_id, kind)
            events.emit(connection, seller_id)
            return closed


def open_alert(connection: Connection, events: Events, seller_id: str | None, kind: str, text: str) -> bool:
    """In a transaction that holds the seller's row; its event goes out with `events`. Returns whether it was not open already.

    `kind`: as it is stored, `late:orders`.
    """
    row = connection.execute(OPEN_ALERT, {"seller_id": seller_id, "kind": kind, "text": text}).one_or_none()
    return _emit(events, "alert.opened", row, row.opened_at if row else None)


def close_alert(connection: Connection, events: Events, seller_id: str | None, kind: str) -> bool:
    """As `open_alert`. Returns whether it was open."""
    row = connection.execute(CLOSE_ALERT, {"seller_id": seller_id, "kind": kind}).one_or_none()
    return _emit(events, "alert.closed", row, row.closed_at if row else None)


def reword_alert(connection: Connection, seller_id: str | None, kind: str, text: str) -> None:
    """An open alert has more, or less, to tell; that is no event."""
    connection.execute(REWORD_ALERT, {"seller_id": seller_id, "kind": kind, "text": text})


def _events(connection: Connection, seller_id: str | None) -> Events:
    if seller_id is None:
        return Events(FLEET)
    enrollment = connection.execute(LOCK_SELLER, {"seller_id": seller_id}).scalar()
    if enrollment is None:
        raise UnknownSellerError(seller_id, removed=False)
    return Events(enrollment)


def _emit(events: Events, type_: str, row: Row[Any] | None, occurred_at: datetime | None) -> bool:
    if row is None or occurred_at is None:
        return False
    data = {
        "kind": row.kind,
        "text": row.text,
        "runbook": runbook(row.kind),
        "opened_at": iso(row.opened_at),
        "closed_at": iso(row.closed_at),
    }
    # "alert:" keeps it apart from a seller's own events, whose entity is the seller
    events.add(type_, f"alert:{row.kind}", row.version, occurred_at, "poll", json.dumps(data, ensure_ascii=False))
    return True
