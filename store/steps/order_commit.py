"""What a commit keeps of one order: its parcels, and what only getOrder tells. What cannot be the last word is asked for again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text

from domain.changes.model import Kind
from domain.changes.parcels import detect_parcels
from domain.changes.rereads import Doubt, doubt_of_parcels, doubt_of_single
from store.events import aside, documents_to_rows, entities, old_orders, rereads
from store.events.rereads import What
from store.steps.entity_commit import EntityCommit
from store.steps.first_seen import unchanged
from store.steps.results import StoreResult

MARK_SINGLE_READ = text(
    "UPDATE sellerbeat.orders SET single_due = false WHERE seller_id = :seller_id AND entity_id = :order_id AND single_due"
)
MARK_PARCELS_READ = text("""
    UPDATE sellerbeat.orders SET parcels_due = false WHERE seller_id = :seller_id AND entity_id = :order_id
    RETURNING data -> 'fulfillmentHrefs' AS hrefs
""")


class OrderCommit(EntityCommit):
    """See `EntityCommit`."""

    def store_parcels(self, order_id: str, documents: Sequence[Any], read_at: datetime, source: str = "poll") -> StoreResult:
        """Store an order's shipping fulfillments, all of them: what is not among them was removed. Then none of its parcels are due.

        Unless the order has more of them: then none was removed, and they are read again.
        """
        step = self._step
        before = rereads.take(self._connection, step.seller_id, order_id, What.PARCELS)
        source = before.source or source
        hrefs = self._connection.execute(MARK_PARCELS_READ, {"seller_id": step.seller_id, "order_id": order_id}).scalar()
        doubt = doubt_of_parcels(order_id, hrefs, documents)
        documents = self._forgotten.parcels(self._connection, step.seller_id, order_id, documents)
        batch = documents_to_rows.read(Kind.FULFILLMENT, documents, digests=False)
        batch.order_id, batch.whole = order_id, doubt is not Doubt.FEWER
        batch.refusals = [aside.of_order(order_id, refusal) for refusal in batch.refusals]
        stored = entities.stored_parcels(self._connection, step.seller_id, order_id)
        detection = documents_to_rows.detect(batch, lambda fetched: detect_parcels(order_id, fetched, stored, read_at))
        if not batch.whole:
            detection = replace(detection, changes=[change for change in detection.changes if not change.removed])
        result = self._write(batch, detection, {}, read_at, source, "single")
        known = {one.entity_id: one for one in stored if not one.removed}
        self.first_seen.record_seen(Kind.FULFILLMENT, source, unchanged(known, known, result.changed, ()))
        return self._doubted(result, order_id, What.PARCELS, doubt, before) if doubt else result

    def doubt_parcels(self, order_id: str, doubt: Doubt) -> StoreResult:
        """No list of this order's parcels came."""
        before = rereads.take(self._connection, self._step.seller_id, order_id, What.PARCELS)
        self._connection.execute(MARK_PARCELS_READ, {"seller_id": self._step.seller_id, "order_id": order_id})
        return self._doubted(StoreResult(), order_id, What.PARCELS, doubt, before)

    def _doubted(self, result: StoreResult, order_id: str, what: What, doubt: Doubt, before: rereads.RereadState) -> StoreResult:
        """The answer cannot be the last word: it is read again, or, after some days of that, set aside."""
        seller_id = self._step.seller_id
        due_at, refusal = rereads.again(self._connection, seller_id, order_id, what, doubt, before, self._clock, self._step.waits)
        if refusal:
            rereads.put_aside(self._connection, seller_id, what, refusal, self._read_at, self._clock)
            self.sync_set_aside_alert()
        return replace(result, reread_at=due_at, set_aside=result.set_aside + (refusal is not None))

    def find_lost(self) -> int:
        """Orders that name more parcels than are stored, cancellations without their requests: how many are due from now on."""
        return len(rereads.find_lost(self._connection, self._step.seller_id, self._step.enrolled_at, self._clock))

    def end_old_orders(self, after: str) -> None:
        """The next sweep goes on with old open orders behind this id. Cancelled ones that are stored as open are so no more."""
        values = {"seller_id": self._step.seller_id, "after": after, "read_at": self._read_at}
        self._connection.execute(old_orders.CLOSE_CANCELLED_ORDERS, values)
        if after or self._connection.execute(old_orders.LAST_OLD_ORDER_READ, values).scalar():
            self._connection.execute(old_orders.NOTE_LAST_OLD_ORDER_READ, values)

    def store_single(self, order_id: str, document: Any, read_at: datetime) -> StoreResult:
        """Store an order that was read alone, with what only getOrder fills."""
        before = self._single_read(order_id)
        result = self.store_orders([document], read_at, before.source or "poll", read_from="single")
        if doubt := Doubt.UNUSABLE if result.set_aside else doubt_of_single(document):
            return self._doubted(result, order_id, What.SINGLE, doubt, before)
        if self._step.set_aside:
            self.no_longer_aside(Kind.ORDER, rereads.key(order_id, What.SINGLE))
        return result

    def doubt_single(self, order_id: str, doubt: Doubt) -> StoreResult:
        """No answer about this order alone came."""
        return self._doubted(StoreResult(), order_id, What.SINGLE, doubt, self._single_read(order_id))

    def _single_read(self, order_id: str) -> rereads.RereadState:
        self._connection.execute(MARK_SINGLE_READ, {"seller_id": self._step.seller_id, "order_id": order_id})
        return rereads.take(self._connection, self._step.seller_id, order_id, What.SINGLE)
