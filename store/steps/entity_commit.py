"""What a commit keeps of what was read: documents to rows, changes to events, the rest aside."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from domain.changes.dates import modified_at, read_time
from domain.changes.inventory import detect_inventory, gone
from domain.changes.inventory import entity_id as inventory_id
from domain.changes.model import Detection, Kind
from domain.changes.offers import detect_offers
from domain.changes.offers import gone as offer_gone
from domain.changes.orders import detect_orders
from domain.changes.readings import Trust, trust
from domain.changes.sales import asks_to_cancel, is_old_history
from domain.pacing import InventorySource, Stream
from store.erasure.forgotten import Forgotten
from store.events import aside, documents_to_rows, entities, offers, sales, stock
from store.events.alerts import close_alert, open_alert, reword_alert
from store.events.aside import Refusal
from store.events.documents_to_rows import DocumentBatch
from store.events.events import Events
from store.schema.kinds import AlertKind, named
from store.steps import listing_reading
from store.steps.accounts import TWINS, Accounts
from store.steps.closing import MAKE_SINGLES_DUE
from store.steps.first_seen import FirstSeen, unchanged
from store.steps.results import StoreResult
from store.steps.step import KNOW_SCAN, StepLease


class EntityCommit:
    """What a `Commit` keeps of what was read. `order_commit.py` has what is read of one order, `commit.py` how the stream goes on."""

    def __init__(self, connection: Connection, step: StepLease, forgotten: Forgotten, accounts: Accounts, clock: datetime) -> None:
        """`clock`: ours, by which what is to be read again falls due."""
        self._clock = clock
        self._connection, self._step, self._forgotten, self._accounts = connection, step, forgotten, accounts
        self.named: list[str] = []  # by which eBay calls the seller, and what this transaction learns
        self._named_before: bytes | None = None
        self._events = Events(step.enrollment)
        self.first_seen = FirstSeen(step)
        self._changes = self._duplicates = self._stale = self._recorded = 0
        self._watermark: datetime | None = None
        self._source = "backfill" if step.stream is Stream.BACKFILL else "poll"
        self._alerts = set(step.alerts)
        self._read_at = step.now
        self.aside_moved = False  # something was set aside, or left it

    # what was read

    def store_orders(self, documents: Sequence[Any], read_at: datetime, source: str = "poll", read_from: str = "list") -> StoreResult:
        """Store orders as eBay gave them.

        Args:
            read_at: eBay's clock, of the answer.
            source: poll, sweep, backfill or notification. Orders created before the enrolment get "backfill" in any case.
            read_from: "list", or "single" for getOrder.
        Raises:
            AccountUnsureError, AccountTakenError: at the commit's end: they may be, or are, another eBay account's. Nothing is kept.
        """
        self._recognize(documents)
        batch = documents_to_rows.read(Kind.ORDER, self._forgotten.orders(self._connection, self._step.seller_id, documents))
        dates = [date for document in batch.documents if (date := modified_at(document, read_at))]
        self._watermark = max([*dates, self._watermark or dates[0]]) if dates else self._watermark
        return self._store_by_id(batch, detect_orders, read_at, source, read_from)

    def store_inventory(self, documents: Sequence[Any], read_at: datetime, source: str = "poll", read_from: str = "list") -> StoreResult:
        """Store inventory items, `read_from` a list, in bulk or singly. Until a first scan is complete what a poll finds is "backfill"."""
        step = self._step
        if source == "poll" and not (step.scanned_at if step.stream in KNOW_SCAN else stock.scanned_at(self._connection, step.seller_id)):
            source = "backfill"
        result = self._store_by_id(documents_to_rows.read(Kind.INVENTORY, documents), detect_inventory, read_at, source, read_from)
        if read_from != "list" and (ids := [own for one in documents if (own := inventory_id(one)) and aside.usable(own)]):
            stock.read_skus(self._connection, self._step.seller_id, ids, read_at, read_from)  # of a list, `scanned_at` says it
        return result

    def store_offers(self, sku: str, documents: Sequence[Any], read_at: datetime, source: str = "poll", whole: bool = True) -> StoreResult:
        """Store a SKU's offers. What is not among them was removed, unless eBay's answer was not `whole` or held what has no id."""
        seller_id = self._step.seller_id
        batch = documents_to_rows.read(Kind.OFFER, documents)
        batch.sku = sku
        stored, own = offers.stored(self._connection, seller_id, sku, batch.ids)
        detection = documents_to_rows.detect(batch, lambda fetched: detect_offers(fetched, stored, read_at))
        same = set(batch.ids) - {refusal.entity_id for refusal in batch.refusals} - {one.entity_id for one in detection.changes}
        if whole and not batch.refusals:
            left = [stored[entity_id] for entity_id in sorted(own - set(batch.ids))]
            detection.changes.extend(offer_gone(known, read_at) for known in left if not known.removed)
        result = self._write(batch, detection, stored, read_at, source, "list")
        offers.mark_verified(self._connection, seller_id, sku, sorted(same), read_at)
        return result

    def stock_read(self, ids: Sequence[str]) -> None:
        """The stock that orders moved was read, or need not be: it is no longer due."""
        stock.clear(self._connection, self._step.seller_id, ids)

    def leave_to_report(self, entity_id: str, at: datetime) -> None:
        """eBay was asked for a listing that an order names and shows none: it is not asked again until a report was read."""
        stock.leave(self._connection, self._step.seller_id, entity_id, at)

    def end_report(self) -> None:
        """A report was read whole: what it did not find may be asked for again."""
        stock.ask_again(self._connection, self._step.seller_id)

    def next_listing_due(self) -> datetime | None:
        """When the next listing is to be read that an order moved; eBay's clock."""
        return stock.next_due(self._connection, self._step.seller_id)

    def store_listings(
        self, documents: Sequence[Any], read_at: datetime, source: str = "poll", read_from: str = "events", without_id: Sequence[str] = ()
    ) -> StoreResult:
        """Store listings as the Trading API gave them; which of them are changes, see `listing_reading.compare`.

        Args:
            read_from: "events", "item" or "selling", the call that gave them.
            without_id: items without an id, as XML.
        """
        it = listing_reading.compare(self._connection, self._step, documents, without_id, read_at, read_from)
        result = self._write(it.batch, it.detection, it.stored, read_at, source, read_from)
        seller_id = self._step.seller_id
        stock.mark(self._connection, seller_id, dict.fromkeys(it.older, read_at), {}, held_at=read_at)
        stock.mark(self._connection, seller_id, dict.fromkeys(it.waits, read_at + self._step.waits.listing_lag), {}, held_at=read_at)
        if it.gone:
            stock.clear(self._connection, seller_id, it.gone)
        if it.read:
            created = [change.entity_id for change in it.detection.changes if change.types[0] == "inventory.created"]
            stock.read_listings(self._connection, seller_id, it.read, created, read_at, read_from, self._step.waits)
        return result

    def mark_listings_verified(self, ids: Sequence[str], read_at: datetime) -> None:
        """The report says of these listings what is stored, which an earlier version had derived from a sale."""
        if ids:
            stock.mark_verified(self._connection, self._step.seller_id, ids, read_at, self._step.waits)

    def remove_listings(self, ids: Sequence[str], read_at: datetime, source: str = "poll", read_from: str = "item") -> StoreResult:
        """These listings are over, or are told of as SKUs of the Inventory API from now on."""
        stock.clear(self._connection, self._step.seller_id, ids)
        return self._remove(ids, read_at, source, read_from)

    def remove_inventory(self, skus: Sequence[str], read_at: datetime, source: str = "poll") -> StoreResult:
        """eBay has these items no more: they are absent from a complete scan, and a direct read says so too."""
        return self._remove(skus, read_at, source, "bulk")

    def _remove(self, ids: Sequence[str], read_at: datetime, source: str, read_from: str) -> StoreResult:
        batch = DocumentBatch(Kind.INVENTORY, ids=list(ids))
        stored = entities.stored(self._connection, Kind.INVENTORY, self._step.seller_id, dict.fromkeys(ids, documents_to_rows.UNEQUAL))
        changes = [gone(known, read_at) for known in stored.values() if not known.removed]
        return self._write(batch, Detection(changes=changes), stored, read_at, source, read_from)

    def _store_by_id(
        self, batch: DocumentBatch, detect: Callable[..., Detection], read_at: datetime, source: str, read_from: str
    ) -> StoreResult:
        stored = entities.stored(self._connection, batch.kind, self._step.seller_id, batch.digests)
        detection = documents_to_rows.detect(batch, lambda fetched: detect(fetched, stored, read_at))
        if batch.kind is Kind.INVENTORY and (older := self._older(detection, stored, read_at)):
            batch.unread = tuple(older)
            detection = replace(detection, changes=[change for change in detection.changes if change.entity_id not in older])
            stock.mark(self._connection, self._step.seller_id, dict.fromkeys(older, read_at), {})
        return self._write(batch, detection, stored, read_at, source, read_from)

    def _older(self, detection: Detection, stored: dict[str, Any], read_at: datetime) -> list[str]:
        """Items that this reading shows otherwise than a newer one that is stored."""
        differ = {change.entity_id: change.data for change in detection.changes if change.entity_id in stored}
        last = stock.last_readings(self._connection, self._step.seller_id, list(differ)) if differ else {}
        return [id_ for id_, one in last.items() if trust(one, differ[id_], read_at, by_index=False) is Trust.OLDER]

    def _write(
        self, batch: DocumentBatch, detection: Detection, stored: dict[str, Any], read_at: datetime, source: str, read_from: str
    ) -> StoreResult:
        """Rows first, then what was refused goes aside, and every change that could be kept becomes events."""
        seller_id, kind = self._step.seller_id, batch.kind
        self._read_at, self._source = read_at, source
        rows = documents_to_rows.rows(batch, detection, stored)
        refused = entities.write(self._connection, kind, seller_id, rows, read_at, read_from)
        batch.refusals += [Refusal(row.document, reason, row.entity_id) for row, reason in refused]
        lost = {row.entity_id for row, _ in refused}
        written = [row for row in rows if row.change is not None and row.entity_id not in lost]
        for row in written:
            self._emit(row, source)
        self._set_aside(batch, read_at)
        if self.first_seen.watched:
            others = lost.union(batch.unread, (change.entity_id for change in detection.changes))
            stale = documents_to_rows.stale_ids(batch, stored, read_at)
            self.first_seen.record_seen(kind, source, unchanged(batch.ids, stored, others, stale))
        singles, followed = self._follow_orders(written, read_at, source, read_from) if kind is Kind.ORDER else (0, sales.Followed())
        self._changes += len(written)
        self._duplicates += detection.duplicates
        self._stale += detection.stale
        return StoreResult(
            changes=len(written),
            duplicates=detection.duplicates,
            stale=detection.stale,
            set_aside=len(batch.refusals),
            parcels_due=singles + sum(1 for row in written if row.change and row.change.parcels_due),
            stock_due=followed.skus,
            listings_due=followed.listings,
            changed=tuple(row.entity_id for row in written),
            dated={row.entity_id: documents_to_rows.dates_of(row, stored, read_at) for row in written} if kind is Kind.ORDER else {},
        )

    def _follow_orders(
        self, rows: Sequence[entities.EntityRow], read_at: datetime, source: str, read_from: str
    ) -> tuple[int, sales.Followed]:
        """Which changed orders have to be read alone, what they sold, and which stock they moved."""
        seller_id, enrolled_at = self._step.seller_id, self._step.enrolled_at
        changes = [row.change for row in rows if row.change is not None]
        placed = [(read_time(change.data.get("creationDate")), change) for change in changes]
        news = [change for at, change in placed if not is_old_history(change, at, enrolled_at, read_at)] if read_from == "list" else []
        asked = [change.entity_id for change in news if asks_to_cancel(change)]
        if asked:
            self._connection.execute(MAKE_SINGLES_DUE, {"seller_id": seller_id, "ids": asked})
        orders = [sales.ChangedOrder(change, at, documents_to_rows.source_of(change, source, enrolled_at, at)) for at, change in placed]
        reads = self._step.inventory_source is not InventorySource.INVENTORY_API
        waits = self._step.waits
        return len(asked), sales.follow(self._connection, seller_id, orders, enrolled_at, read_at, self._events, reads, waits)

    def _emit(self, row: entities.EntityRow, source: str) -> None:
        change = row.change
        assert change is not None
        created_at = read_time(row.document.get("creationDate")) if change.kind is Kind.ORDER else None
        self.first_seen.record_new(change, row.version, source)
        source = documents_to_rows.source_of(change, source, self._step.enrolled_at, created_at)
        self._recorded += source != "backfill"
        for type_ in change.types:
            self._events.add(
                type_, row.entity_id, row.version, change.occurred_at, source, row.data, changed=change.changed, previous=change.previous
            )

    def _set_aside(self, batch: DocumentBatch, read_at: datetime) -> None:
        """What could be kept after all leaves the set-aside documents, what was refused joins them."""
        seller_id, refused = self._step.seller_id, {refusal.entity_id for refusal in batch.refusals}
        cleared = False
        if self._step.set_aside:
            shown = [entity_id for entity_id in batch.ids if entity_id not in refused]
            whole = batch.order_id if batch.whole and not refused else ""
            cleared = aside.clear(self._connection, seller_id, batch.kind, shown, whole)
        for refusal in batch.refusals:
            aside.put(self._connection, seller_id, batch.kind, refusal, read_at, self._clock)
        if cleared or refused:
            self.sync_set_aside_alert()

    def no_longer_aside(self, kind: Kind, key: str) -> None:
        """A set-aside document could be kept. One without an id was kept under its text, which no kept entity's id equals."""
        if aside.clear(self._connection, self._step.seller_id, kind, [key]):
            self.sync_set_aside_alert()

    def sync_set_aside_alert(self) -> None:
        """What is set aside changed: the seller's alert says so."""
        self.aside_moved = True
        text = aside.alert_text(self._connection, self._step.seller_id)
        if text is None:
            self.close_alert(AlertKind.SET_ASIDE)
        elif AlertKind.SET_ASIDE in self._alerts:
            reword_alert(self._connection, self._step.seller_id, AlertKind.SET_ASIDE, text)
        else:
            self.open_alert(AlertKind.SET_ASIDE, text)

    # what people should know

    def open_alert(self, kind: AlertKind, text: str, about: str = "") -> None:
        """Open an alert of this seller; nothing happens where one of its kind is open."""
        name = named(kind, about)
        if name not in self._alerts:
            open_alert(self._connection, self._events, self._step.seller_id, name, text)
            self._alerts.add(name)

    # whose account it is

    def _recognize(self, documents: Sequence[Any]) -> None:
        """For orders of the account that is known to be the seller's it costs no statement. What is not known is learnt at the end."""
        names = self._accounts.unrecognized(self._step, documents)
        if names and not self.named:
            self._named_before = self._accounts.stored_name(self._connection, self._step)  # before they are stored beside
        self.named += names

    def learn_account(self) -> None:
        """Late, since it is done under a lock that all sellers share. Raises as `store_orders` says: the transaction is for nothing."""
        if self.named and self._accounts.learn(self._connection, self._step, self.named, self._named_before):
            self.open_alert(AlertKind.ACCOUNT_TAKEN, TWINS)

    def sync_twin_alert(self) -> None:
        """The alert that another seller has the same account closes once none has."""
        if AlertKind.ACCOUNT_TAKEN in self._alerts and not self._accounts.twin(self._connection, self._step):
            self.close_alert(AlertKind.ACCOUNT_TAKEN)

    def refuse_account(self, words: str) -> None:
        """The token is of another eBay account: no step works with it. `words`: what the alert says."""
        self._accounts.refuse(self._connection, self._step)
        self.open_alert(AlertKind.WRONG_ACCOUNT, words)

    def close_alert(self, kind: AlertKind, about: str = "") -> None:
        """Close an alert of this seller; costs nothing where none was open when the step began."""
        name = named(kind, about)
        if name in self._alerts:
            close_alert(self._connection, self._events, self._step.seller_id, name)
            self._alerts.discard(name)
