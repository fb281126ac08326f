"""A commit: what one transaction of a step keeps. Get one from `Store.commit`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from changes.dates import read_time
from changes.inventory import detect_inventory, gone
from changes.model import Detection, Document, Kind
from changes.orders import detect_orders
from changes.parcels import detect_parcels
from pacing import Stream
from store import aside, entities, keeping, scans
from store.alerts import close_alert, open_alert
from store.aside import Refusal
from store.events import Events, event_id
from store.keeping import Reading
from store.step import Step
from store.times import iso

NEEDS_REAUTHORIZATION, REAUTHORIZED = "seller.needs_reauthorization", "seller.reauthorized"
DEAD_TOKEN = "needs_reauthorization"  # the alert's kind

TOLD = text("SELECT EXISTS (SELECT FROM change_events WHERE id = :id)")
PARCELS_READ = text("UPDATE orders SET parcels_due = false WHERE seller_id = :seller_id AND entity_id = :order_id AND parcels_due")

# One statement closes a commit: the run's counts grow, the stream moves on. The cursor never moves back. Sales are counted only by commits
# that saw changes, or hourly.
CLOSE = text("""
    WITH run AS (
        INSERT INTO poll_runs AS r (seller_id, epoch, stream, source, started_at, finished_at, api_calls, changes, duplicates, stale,
            missed, undated)
        VALUES (:seller_id, :epoch, :stream, :source, :started, clock_timestamp(), :calls, :changes, :duplicates, :stale,
            :missed, :undated)
        ON CONFLICT (seller_id, epoch) DO UPDATE SET
            finished_at = excluded.finished_at, api_calls = r.api_calls + excluded.api_calls, changes = r.changes + excluded.changes,
            duplicates = r.duplicates + excluded.duplicates, stale = r.stale + excluded.stale,
            missed = r.missed + excluded.missed, undated = r.undated + excluded.undated
        RETURNING changes
    )
    UPDATE streams SET
        cursor = greatest(cursor, :cursor),
        watermark = greatest(watermark, :watermark),
        reading = CASE WHEN :moved THEN CAST(:reading AS jsonb) ELSE reading END,
        last_change_at = CASE WHEN :changes > 0 THEN greatest(last_change_at, :now) ELSE last_change_at END,
        last_poll_at = :now,
        last_good_at = CASE WHEN :good THEN :now ELSE last_good_at END,
        next_poll_at = coalesce(:next_poll_at, next_poll_at),
        why = coalesce(:why, why),
        failures = CASE WHEN :good THEN 0 ELSE failures END,
        last_error = CASE WHEN :good THEN NULL ELSE last_error END,
        last_changes = run.changes,
        scanned_at = greatest(scanned_at, :scanned_at),
        sales_30d = CASE WHEN :stream <> 'orders' OR (:changes = 0 AND sales_at > :now - interval '1 hour') THEN sales_30d ELSE (
            SELECT count(*) FROM (
                SELECT FROM orders WHERE seller_id = :seller_id AND created_at > :now - interval '30 days'
                ORDER BY created_at DESC LIMIT 101
            ) AS recent) END,
        sales_at = CASE WHEN :stream <> 'orders' OR (:changes = 0 AND sales_at > :now - interval '1 hour') THEN sales_at ELSE :now END
    FROM run WHERE seller_id = :seller_id AND stream = :stream
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the documents given to one `keep_...`."""

    changes: int = 0  # new versions of entities
    duplicates: int = 0  # came again unchanged
    stale: int = 0  # older than what is stored
    set_aside: int = 0
    parcels_due: int = 0  # orders whose parcels have to be read now
    changed: tuple[str, ...] = ()  # ids of the entities that changed
    # of changed orders: lastModifiedDate of the new version and of the one before
    dated: dict[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict, compare=False)


class Commit:
    def __init__(self, connection: Connection, step: Step, now: datetime) -> None:
        """`now`: the clock that paces the polls; it need not be the database's (tests skip time)."""
        self._connection, self._step, self._now = connection, step, now
        self._events = Events(step.enrollment)
        self._calls = self._changes = self._duplicates = self._stale = self._missed = self._undated = 0
        self._cursor: datetime | None = None
        self._watermark: datetime | None = None
        self._scanned_at: datetime | None = None
        self._moved = self._good = False
        self._reading: Any = None
        self._next_poll_at: datetime | None = None
        self._why: str | None = None
        self._source = "backfill" if step.stream is Stream.BACKFILL else "poll"
        self._alerts = set(step.alerts)
        self._read_at = step.now

    # what was read

    def keep_orders(self, documents: Sequence[Any], read_at: datetime, source: str = "poll", read_from: str = "list") -> Kept:
        """Keep orders as eBay gave them.

        Args:
            read_at: eBay's clock, of the answer.
            source: poll, sweep, backfill or notification. Orders created before the enrolment get "backfill" in any case.
            read_from: "list", or "single" for getOrder.
        """
        reading = keeping.read(Kind.ORDER, documents)
        dates = [date for document in reading.documents if (date := read_time(document.get("lastModifiedDate")))]
        self._watermark = max([*dates, self._watermark or dates[0]]) if dates else self._watermark
        return self._keep_by_id(reading, detect_orders, read_at, source, read_from)

    def keep_inventory(self, documents: Sequence[Any], read_at: datetime, source: str = "poll", read_from: str = "list") -> Kept:
        """Keep inventory items. Until a first scan is complete what a poll finds is "backfill".

        `read_from`: "list", "bulk" or "single".
        """
        source = "backfill" if source == "poll" and self._step.scanned_at is None else source
        return self._keep_by_id(keeping.read(Kind.INVENTORY, documents), detect_inventory, read_at, source, read_from)

    def keep_parcels(self, order_id: str, documents: Sequence[Any], read_at: datetime, source: str = "poll") -> Kept:
        """Keep an order's shipping fulfillments, all of them: what is not among them was removed. Then none of its parcels are due."""
        step = self._step
        reading = keeping.read(Kind.FULFILLMENT, documents, digests=False)
        reading.order_id = order_id
        reading.refusals = [aside.of_order(order_id, refusal) for refusal in reading.refusals]
        stored = entities.stored_parcels(self._connection, step.seller_id, order_id)
        detection = keeping.detect(reading, lambda fetched: detect_parcels(order_id, fetched, stored, read_at))
        kept = self._write(reading, detection, {}, read_at, source, "single")
        self._connection.execute(PARCELS_READ, {"seller_id": step.seller_id, "order_id": order_id})
        return kept

    def skip_parcels(self, order_id: str) -> None:
        """eBay refuses to list this order's parcels: they are no longer due, so that the others' turn comes."""
        self._connection.execute(PARCELS_READ, {"seller_id": self._step.seller_id, "order_id": order_id})

    def remove_inventory(self, skus: Sequence[str], read_at: datetime, source: str = "poll") -> Kept:
        """eBay has these items no more: they are absent from a complete scan, and a direct read says so too."""
        reading = Reading(Kind.INVENTORY, ids=list(skus))
        stored = entities.stored(self._connection, Kind.INVENTORY, self._step.seller_id, dict.fromkeys(skus, keeping.UNEQUAL))
        changes = [gone(known, read_at) for known in stored.values() if not known.removed]
        return self._write(reading, Detection(changes=changes), stored, read_at, source, "bulk")

    def _keep_by_id(self, reading: Reading, detect: Callable[..., Detection], read_at: datetime, source: str, read_from: str) -> Kept:
        stored = entities.stored(self._connection, reading.kind, self._step.seller_id, reading.digests)
        detection = keeping.detect(reading, lambda fetched: detect(fetched, stored, read_at))
        return self._write(reading, detection, stored, read_at, source, read_from)

    def _write(
        self, reading: Reading, detection: Detection, stored: dict[str, Any], read_at: datetime, source: str, read_from: str
    ) -> Kept:
        """Rows first, then what was refused goes aside, and every change that could be kept becomes events."""
        seller_id, kind = self._step.seller_id, reading.kind
        self._read_at, self._source = read_at, source
        rows = keeping.rows(reading, detection, stored)
        refused = entities.write(self._connection, kind, seller_id, rows, read_at, read_from)
        reading.refusals += [Refusal(row.document, reason, row.entity_id) for row, reason in refused]
        lost = {row.entity_id for row, _ in refused}
        written = [row for row in rows if row.change is not None and row.entity_id not in lost]
        for row in written:
            self._tell(row, source)
        self._set_aside(reading, read_at)
        self._changes += len(written)
        self._duplicates += detection.duplicates
        self._stale += detection.stale
        return Kept(
            changes=len(written),
            duplicates=detection.duplicates,
            stale=detection.stale,
            set_aside=len(reading.refusals),
            parcels_due=sum(1 for row in written if row.change and row.change.parcels_due),
            changed=tuple(row.entity_id for row in written),
            dated={row.entity_id: _dates(row, stored) for row in written} if kind is Kind.ORDER else {},
        )

    def _tell(self, row: entities.Row, source: str) -> None:
        change = row.change
        assert change is not None
        created_at = read_time(row.document.get("creationDate")) if change.kind is Kind.ORDER else None
        source = keeping.source_of(change, source, self._step.enrolled_at, created_at)
        for type_ in change.types:
            self._events.add(
                type_, row.entity_id, row.version, change.occurred_at, source, row.data, changed=change.changed, previous=change.previous
            )

    def _set_aside(self, reading: Reading, read_at: datetime) -> None:
        """What could be kept after all leaves the set-aside documents, what was refused joins them."""
        seller_id, refused = self._step.seller_id, {refusal.entity_id for refusal in reading.refusals}
        if self._step.set_aside:
            kept = [entity_id for entity_id in reading.ids if entity_id not in refused]
            none_left = aside.clear(self._connection, seller_id, reading.kind, kept, "" if refused else reading.order_id)
            if none_left and not refused:
                self.close_alert(aside.ALERT)
        for refusal in reading.refusals:
            aside.put(self._connection, seller_id, reading.kind, refusal, read_at)
        if refused:
            self.open_alert(aside.ALERT, aside.ALERT_TEXT)

    def no_longer_aside(self, kind: Kind, key: str) -> None:
        """A set-aside document could be kept. One without an id was kept under its text, which no kept entity's id equals."""
        if aside.clear(self._connection, self._step.seller_id, kind, [key]):
            self.close_alert(aside.ALERT)

    # scans of the inventory

    def scan_page(self, scan: int, page: int, ids: Sequence[str], read_at: datetime | None = None) -> None:
        """Remember which entities a page of a scan held. Repeating a page replaces it.

        `read_at`: eBay's clock; else that of what this commit kept before.
        """
        scans.put_page(self._connection, self._step, scan, page, [one for one in ids if aside.usable(one)], read_at or self._read_at)

    def next_page(self, scan: int) -> int:
        """The number behind the last page of a scan; 0 without pages."""
        return scans.next_page(self._connection, self._step, scan)

    def scanned(self, scan: int) -> int:
        """How many distinct entities a scan saw so far."""
        return scans.seen(self._connection, self._step, scan)

    def missing(self, scan: int) -> scans.Missing:
        """What a scan saw so far, and which stored SKUs (for the fulfillment stream: open orders) it did not."""
        step = self._step
        return scans.Missing(self.scanned(scan), scans.unlisted(self._connection, step.seller_id, step.stream, scan))

    def end_scan(self, scan: int) -> None:
        """The scan was complete: everything it left unchanged was so when it began. Its pages go."""
        self._scanned_at = scans.end(self._connection, self._step, scan)

    # how the stream goes on

    def advance(self, *, cursor: datetime | None = None, reading: Any = None) -> None:
        """Move the cursor (never back; None leaves it) and say which read is in progress: any JSON value, None for none."""
        self._cursor = cursor if self._cursor is None or (cursor is not None and cursor > self._cursor) else self._cursor
        self._reading, self._moved = reading, True

    def finish(self, *, next_poll_at: datetime, why: str) -> None:
        """The poll is over and went well. Alerts that told of its troubles close."""
        self._next_poll_at, self._why, self._good = next_poll_at, why, True
        self.close_alert(failing(self._step.stream))
        if not self._step.dead and DEAD_TOKEN in self._alerts:
            self.seller_event(REAUTHORIZED, self._step.token_generation)
            self.close_alert(DEAD_TOKEN)

    def defer(self, *, next_poll_at: datetime, why: str) -> None:
        """The poll waits, which is neither a success nor a failure: a spent quota."""
        self._next_poll_at, self._why = next_poll_at, why

    def count(self, *, calls: int = 0) -> None:
        """API calls made since this step's last commit."""
        self._calls += calls

    def missed(self, missed: int, undated: int) -> None:
        """What a sweep found that polling had missed, and what moved no date."""
        self._missed += missed
        self._undated += undated

    # what people should know

    def open_alert(self, kind: str, text: str) -> None:
        """Open an alert of this seller; nothing happens where one of its kind is open."""
        if kind not in self._alerts:
            open_alert(self._connection, self._events, self._step.seller_id, kind, text)
            self._alerts.add(kind)

    def close_alert(self, kind: str) -> None:
        """Close an alert of this seller; costs nothing where none was open when the step began."""
        if kind in self._alerts:
            close_alert(self._connection, self._events, self._step.seller_id, kind)
            self._alerts.discard(kind)

    def seller_event(self, type: str, generation: int) -> None:  # noqa: A002 - as the contract calls it
        """Tell that the seller must authorize again, or did: once for each generation of the token."""
        seller_id = self._step.seller_id
        told = event_id(self._step.enrollment, seller_id, generation, type)
        if told in self._events.columns["ids"] or self._connection.execute(TOLD, {"id": told}).scalar():
            return
        data: Document = {"seller_id": seller_id, "generation": generation}
        self._events.add(type, seller_id, generation, self._now, "poll", json.dumps(data))

    def close(self) -> None:
        """The end of the transaction, called by `Store.commit`. The events come last of all."""
        step = self._step
        self._connection.execute(
            CLOSE,
            {
                "seller_id": step.seller_id,
                "epoch": step.epoch,
                "stream": step.stream.value,
                "source": self._source,
                "started": step.now,
                "now": self._now,
                "calls": self._calls,
                "changes": self._changes,
                "duplicates": self._duplicates,
                "stale": self._stale,
                "missed": self._missed,
                "undated": self._undated,
                "cursor": self._cursor,
                "watermark": self._watermark,
                "moved": self._moved,
                "reading": json.dumps(self._reading, default=iso) if self._reading is not None else None,
                "good": self._good,
                "next_poll_at": self._next_poll_at,
                "why": self._why,
                "scanned_at": self._scanned_at,
            },
        )
        self.emit()

    def emit(self) -> None:
        """Write the events: the transaction's last act."""
        self._events.emit(self._connection, self._step.seller_id)


def _dates(row: entities.Row, stored: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    before = stored.get(row.entity_id)
    return read_time(row.document.get("lastModifiedDate")), before.modified_at if before else None


def failing(stream: Stream) -> str:
    """The kind of the alert that a stream fails again and again."""
    return f"failing:{stream.value}"
