"""What a commit keeps of records that eBay fails for: that they failed, that they are set aside, that they were tried again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from domain.changes import unreadable as rule
from domain.changes.model import Kind
from store.events import aside, stock, unreadable
from store.events.aside import Refusal
from store.events.rereads import KEYS, KINDS, What
from store.events.unreadable import Failed
from store.steps.order_commit import MARK_PARCELS_READ, MARK_SINGLE_READ, OrderCommit

SET_STOCK_DUE_AT = text("UPDATE sellerbeat.stock_due SET due_at = :at WHERE seller_id = :seller_id AND entity_id = :id")
RENAME_SET_ASIDE = text(
    "UPDATE sellerbeat.set_aside SET key = :new, entity_id = :new WHERE seller_id = :seller_id AND kind = :kind AND key = :old"
)
LABELS = {What.PARCELS: "fulfillment", What.SKU: "inventory", What.LISTING: "listing", What.OFFERS: "offer"}


class RecordCommit(OrderCommit):
    """See `EntityCommit`."""

    def record_failed(self, what: What, key: str, reason: str, counted: bool, ebays_now: datetime) -> Failed:
        """eBay failed for this record, which is read after all others from now on. See `unreadable.failed`."""
        seller_id = self._step.seller_id
        beside = self._step.set_aside.get(LABELS.get(what, "order"), 0)
        it = unreadable.failed(self._connection, seller_id, what, key, reason, self._clock, counted, beside)
        if what in (What.PARCELS, What.SINGLE):
            self._connection.execute(
                MARK_PARCELS_READ if what is What.PARCELS else MARK_SINGLE_READ, {"seller_id": seller_id, "order_id": key}
            )
        elif what in (What.SKU, What.LISTING):
            if it.due_at is None:
                stock.clear(self._connection, seller_id, [key])
            else:
                self._connection.execute(SET_STOCK_DUE_AT, {"seller_id": seller_id, "id": key, "at": ebays_now + rule.AGAIN})
        if it.new:
            self.sync_set_aside_alert()
        return it

    def records_read(self, what: What, keys: Sequence[str]) -> None:
        """eBay showed these. Costs nothing where it failed for none of the seller's."""
        seller_id, kind = self._step.seller_id, KINDS[what]
        if self._step.failing and keys:
            unreadable.read(self._connection, seller_id, what, keys)
        if self._step.set_aside.get(LABELS.get(what, "order")) and keys:
            own = [one(key) for key in keys for one in KEYS[what]]
            if aside.clear(self._connection, seller_id, kind, own):
                self.sync_set_aside_alert()

    def skus_lacking(self, skus: Sequence[str]) -> None:
        """A scan lacks these, which are set aside: nothing vouches for what is stored of them any more."""
        for sku in skus:
            values = {"seller_id": self._step.seller_id, "kind": Kind.INVENTORY.value, "new": sku, "old": KEYS[What.SKU][0](sku)}
            self._connection.execute(RENAME_SET_ASIDE, values)

    def part_lost(self, name: str, what: str | None) -> None:
        """A part of a list that eBay cannot show: no id of it is known, and whoever reads the list tries it again. None: all was shown."""
        seller_id = self._step.seller_id
        if what is not None:
            refusal = Refusal(None, rule.because(what), name)
            aside.put(self._connection, seller_id, "page", refusal, self._clock, self._clock, "page")
            self.sync_set_aside_alert()
        elif self._step.set_aside.get(f"page:{name}") and aside.clear(self._connection, seller_id, "page", [name]):
            self.sync_set_aside_alert()

    def aside_tried(self, aside_id: int, spent: bool = True) -> bool:
        """Something set aside was tried again. Returns whether it stays so."""
        return aside.tried(self._connection, self._step.seller_id, aside_id, self._clock, spent)

    def aside_counts(self) -> dict[str, int]:
        """How much of the seller's is set aside, by `aside.LABEL`."""
        return aside.counts(self._connection, self._step.seller_id)
