"""What happens to listings: listed, revised, bought, sold, ended, relisted.

An item of the Inventory API that is listed has one stock: a sale moves both, and a new stock of the SKU shows in the listing too.
`at` is the moment of the change (the listing's last-modified time), `visible_at` when eBay shows it: without it, some show late
(`switches.listing_late`).
"""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any

from simulator.faults import INDEX_MOST_S
from simulator.ledger import Body, Document, Sketch, dumps
from simulator.state import listings
from simulator.state.catalog import Good, money
from simulator.state.inventory import ALONE, BACKED, Entity, New
from simulator.state.listings import Variation
from simulator.state.order_actions import OrderActs
from simulator.state.state import When
from simulator.state.stock_actions import StockActs

DRAWN = 10**6  # the numbers below are for those that a seller starts with
VariationKey = int | str | None  # a variation: the how manyeth from 0, its SKU, or its id


class ListingActs(OrderActs, StockActs):
    def move_in(self, seller: str) -> None:
        """A new seller gets all that `add_seller` said; one who has SKUs or listings already keeps them as they are."""
        with self.lock:
            inventory = self.inventories[seller]
            if not inventory.stock:
                self.preload_skus(seller)
            if not inventory.listings:
                self.preload_listings(seller)

    def preload_listings(self, seller: str, count: int | None = None, published: int | None = None) -> list[str]:
        """The first `count` listings of Seller Hub and those of the first `published` SKUs (of `add_seller`), at once and all shown.

        100,000 take some seconds. Gives their item ids.
        """
        with self.lock:
            who, inventory, now = self.sellers[seller], self.inventories[seller], self.clock.now_ms()
            hub, own = who.listings if count is None else count, who.published if published is None else published
            made = [(listings.item_id(who, n), ALONE, Sketch(listings.drawn, (who, n))) for n in range(hub)]
            made += [(self.good(seller, k).listing, BACKED, Sketch(listings.published, (who, k))) for k in range(own)]
            news = [New("listing", item, body, now, now, now, status) for item, status, body in made if item not in inventory.listings]
            inventory.loading = True
            self.put(seller, news)
            inventory.loaded()
            inventory.by_sku = None
            return [item for item, *_ in made]

    def list_item(
        self,
        seller: str,
        *,
        title: str = "A thing for sale",
        sku: str | None = None,
        quantity: int = 1,
        price: str = "9.99",
        variations: Sequence[Variation] | None = None,
        item_id: str | None = None,
        at: When = None,
        visible_at: When = None,
    ) -> str:
        """A new listing. A SKU of the Inventory API that is given here gives the quantity too. Gives the item id.

        `variations`: `{"sku"?, "specifics": {"Size": "M"}, "quantity"?, "price"?}` each; then item and variations have SKUs of their own.
        """
        with self.lock:
            who, inventory = self.sellers[seller], self.inventories[seller]
            item = item_id or listings.item_id(who, DRAWN + len(inventory.listings))
            document = listings.listing(item, title, quantity, money(price, who.currency), sku, variations)
            self._write(seller, self._stocked(seller, document), at, visible_at)
            return item

    def revise(
        self,
        seller: str,
        item_id: str,
        *,
        variation: VariationKey = None,
        available: int | None = None,
        price: str | None = None,
        title: str | None = None,
        sku: str | None = None,
        at: When = None,
        visible_at: When = None,
    ) -> None:
        """Other figures; `available` is what a seller types in. `sku=""` takes it away. A variation: its price, quantity or SKU."""
        with self.lock:
            document = self.listing(seller, item_id)
            k = listings.variation_index(document, variation)
            if title is not None:
                document = listings.changed(document, None, title=title)
            if price is not None:
                document = listings.changed(document, k, price=money(price, self.sellers[seller].currency))
            if sku is not None:
                document = listings.changed(document, k, sku=sku or None)
            row = document if k is None else document["variations"][k]
            if available is not None:
                document = listings.counted(document, k, available, row["quantitySold"])
            self._write(seller, document, at, visible_at)
            name = row.get("sku", "")
            if available is not None and name and self.has_sku(seller, name) and self.stock(seller, name) != available:
                self.set_stock(seller, name, available)

    def add_variation(self, seller: str, item_id: str, variation: Variation, *, at: When = None, visible_at: When = None) -> int:
        """One more size of a listing that has some: `{"sku"?, "specifics", "quantity"?, "price"?}`. Gives its position.

        Raises:
            ValueError: the listing has no variations, or this one already.
        """
        with self.lock:
            document = listings.enlarged(self.listing(seller, item_id), variation)
            self._write(seller, self._stocked(seller, document), at, visible_at)
            return len(document["variations"]) - 1

    def out_of_stock(self, seller: str, item_id: str, *, variation: VariationKey = None, at: When = None, visible_at: When = None) -> None:
        """Nothing left on sale (of one variation), and the listing stays: eBay's out-of-stock control."""
        self.revise(seller, item_id, variation=variation, available=0, at=at, visible_at=visible_at)

    def sell(self, seller: str, item_id: str, quantity: int = 1, *, variation: VariationKey = None, **order: Any) -> str:
        """Somebody buys it. `order` as in `place_order`. Gives the order's id.

        Raises:
            ValueError: the listing has ended, or has less on sale.
        """
        with self.lock:
            order_id = self.place_order(seller, lines=[self._on_sale(seller, item_id, quantity, variation)], **order)
            self.take(seller, order_id, at=order.get("at"))
            return order_id

    def purchase(
        self, seller: str, item_id: str, quantity: int = 1, *, variation: VariationKey = None, at: When = None
    ) -> tuple[Good, int]:
        """Somebody buys it and does not pay yet: the stock is gone, and there is no order. Gives what `place_order(lines=[...])` takes.

        Several purchases that are paid together become one order of the time of their payment.

        Raises:
            ValueError: the listing has ended, or has less on sale.
        """
        with self.lock:
            bought = self._on_sale(seller, item_id, quantity, variation)
            self.take_lines(seller, [bought], at=at)
            return bought

    def take_lines(self, seller: str, lines: Sequence[tuple[Good, int]], *, at: When = None) -> None:
        """What somebody bought leaves listings and stock, before there is an order of it."""
        with self.lock:
            for good, quantity in lines:
                self._leave(seller, good.listing, good.variation or None, good.sku, quantity, at)

    def _on_sale(self, seller: str, item_id: str, quantity: int, variation: VariationKey) -> tuple[Good, int]:
        document = self.listing(seller, item_id)
        good = listings.sold_good(document, listings.variation_index(document, variation))
        if document["status"] != "Active" or good.quantity < quantity:
            raise ValueError(f"{item_id}: {document['status']}, {good.quantity} on sale, not {quantity}")
        return good, quantity

    def take(self, seller: str, order_id: str, *, back: bool = False, at: When = None) -> None:
        """What an order sold leaves listings and stock; `back`: it returns, as after some cancellations."""
        with self.lock:
            for line in self.order(seller, order_id)["lineItems"]:
                number = -line["quantity"] if back else line["quantity"]
                self._leave(seller, line["legacyItemId"], line.get("legacyVariationId"), line.get("sku", ""), number, at)

    def _leave(self, seller: str, item_id: str, variation: str | None, sku: str, number: int, at: When) -> None:
        entity = self.inventories[seller].listings.get(item_id)
        if entity and not entity.newest.removed:
            self._move(seller, self.load(entity.newest), variation, number, at)
        elif self.has_sku(seller, sku):
            self.set_stock(seller, sku, max(0, self.stock(seller, sku) - number))

    def cancel(
        self,
        seller: str,
        order_id: str,
        state: str = "CANCELED",
        *,
        restock: bool = False,
        at: When = None,
        visible_at: When = None,
    ) -> None:
        with self.lock:
            super().cancel(seller, order_id, state, at=at, visible_at=visible_at)
            if restock:
                self.take(seller, order_id, back=True, at=at)

    def end_listing(self, seller: str, item_id: str, *, at: When = None, visible_at: When = None) -> None:
        with self.lock:
            self._write(seller, {**self.listing(seller, item_id), "status": "Completed"}, at, visible_at)

    def relist(self, seller: str, item_id: str, *, at: When = None, visible_at: When = None) -> str:
        """An ended listing once more: all of it but what was sold, under a new item id, which is given."""
        with self.lock:
            old = self.listing(seller, item_id)
            rows = [{**row, "quantity": row["available"]} for row in old.get("variations", [])]
            return self.list_item(
                seller,
                title=old["title"],
                sku=old.get("sku"),
                quantity=old["available"],
                price=old["price"]["value"],
                variations=rows,
                at=at,
                visible_at=visible_at,
            )

    # reading

    def listing(self, seller: str, item_id: str) -> Document:
        """The newest document, visible or not."""
        return self.document(seller, "listing", item_id)

    def item_ids(self, seller: str, ended: bool = False) -> list[str]:
        with self.lock:
            return [item for item, one in self.inventories[seller].listings.items() if ended or not one.newest.removed]

    def listed_as(self, seller: str, sku: str) -> list[str]:
        """Item ids of the listings, not ended, that have this SKU, or a variation with it."""
        with self.lock:
            inventory = self.inventories[seller]
            if inventory.by_sku is None:
                inventory.by_sku = {}
                for item, one in inventory.listings.items():
                    for name in listings.skus(self.load(one.newest)):
                        inventory.by_sku.setdefault(name, set()).add(item)
            return sorted(item for item in inventory.by_sku.get(sku, ()) if not inventory.listings[item].newest.removed)

    # what a SKU and its listing have in common

    def remove_sku(self, seller: str, sku: str, *, visible_at: datetime | int | None = None) -> None:
        """Taken off the Inventory API; what it listed ends."""
        with self.lock:
            for item in self.listed_as(seller, sku):
                self.end_listing(seller, item, visible_at=visible_at)
            super().remove_sku(seller, sku, visible_at=visible_at)

    def _put_item(self, seller: str, sku: str, document: Document, visible_at: When, raw: Any = None) -> None:
        with self.lock:
            super()._put_item(seller, sku, document, visible_at, raw)
            for item in self.listed_as(seller, sku) if self.inventories[seller].listings else ():
                old = self.listing(seller, item)
                new = self._stocked(seller, old)
                if new != old or self.inventories[seller].listings[item].newest.status != self._status(seller, new):
                    self._write(seller, new, None, visible_at)

    def _stocked(self, seller: str, document: Document) -> Document:
        """With the stock of the SKUs that the Inventory API has."""
        rows = document.get("variations")
        for k in range(len(rows)) if rows else (None,):
            row = document if k is None else document["variations"][k]
            sku = row.get("sku", "")
            if self.has_sku(seller, sku):
                document = listings.counted(document, k, self.stock(seller, sku), row["quantitySold"])
        return document

    def _move(self, seller: str, document: Document, variation: VariationKey, number: int, at: When) -> None:
        k = listings.variation_index(document, variation)
        row = document if k is None else document["variations"][k]
        sku, left = row.get("sku", ""), max(0, row["available"] - number)
        self._write(seller, listings.counted(document, k, left, max(0, row["quantitySold"] + number)), at, None)
        if self.has_sku(seller, sku) and self.stock(seller, sku) != left:
            self.set_stock(seller, sku, left)

    def _status(self, seller: str, document: Document) -> str:
        return BACKED if listings.backed(document, lambda sku: self.has_sku(seller, sku)) else ALONE

    def _write(self, seller: str, document: Document, at: When, visible_at: When) -> None:
        """One version more. Where the Inventory API has learnt of its SKUs, the listing as an entity of its own is gone with it."""
        inventory, item = self.inventories[seller], document["itemId"]
        entity, status, ended = inventory.listings.get(item), self._status(seller, document), document["status"] != "Active"
        modified, visible = self._shown(seller, item, entity, at, visible_at)
        indexed = self._indexed(seller, item, entity, modified, visible)
        created = entity.created_ms if entity else modified

        def version(body: Body, status: str, removed: bool) -> New:
            return New("listing", item, body, modified, visible, created, status, removed, indexed_ms=indexed)

        news = [version(dumps(document), status, ended)]
        if entity and entity.newest.status != status == BACKED and not entity.newest.removed:
            news.insert(0, version(self.ledger.text(entity.newest.body), ALONE, True))
        self.put(seller, news)
        if inventory.by_sku is not None:
            for sku in listings.skus(document):
                inventory.by_sku.setdefault(sku, set()).add(item)

    def _shown(self, seller: str, item: str, entity: Entity | None, at: When, visible_at: When) -> tuple[int, int]:
        modified, visible = self.times(at, visible_at)
        number = entity.newest.number + 1 if entity else 1
        rng = Random(f"{self.seed}:{seller}:{item}:{number}:late")
        if visible_at is None and rng.random() < self.switches.listing_late:
            visible = max(visible, modified + int(rng.random() * self.switches.listing_late_s * 1000))
        if entity:  # nothing shows before what was there earlier
            modified, visible = max(modified, entity.newest.modified_ms), max(visible, entity.newest.visible_ms)
        return modified, visible

    def _indexed(self, seller: str, item: str, entity: Entity | None, modified: int, visible: int) -> int:
        """When GetSellerEvents shows it."""
        number, switches, hostility = entity.newest.number + 1 if entity else 1, self.switches, self.hostility
        rng, late_s, scale = Random(f"{self.seed}:{seller}:{item}:{number}:index"), switches.index_late_s, 1.0
        if hostility and (hit := hostility.hits("index_late", seller, item, number)):
            rng, late_s, scale = hit, hostility.index_late_s * hostility.scale, hostility.scale
        elif rng.random() >= switches.index_late:
            return visible
        return min(visible + int(rng.random() * late_s * 1000), max(visible, modified + int(INDEX_MOST_S * scale * 1000)))
