"""Listings as they are written down: each version with its dates, and with the stock of the SKUs that the Inventory API has.

An item of the Inventory API that is listed has one stock: a sale moves both, and a new stock of the SKU shows in the listing too.
`at` is the moment of the change (the listing's last-modified time), `visible_at` when eBay shows it: without it, some show late
(`switches.listing_late`).
"""

from random import Random

from simulator.ledger import Body, Document, dumps
from simulator.state import listings
from simulator.state.changes import When
from simulator.state.inventory import ALONE, BACKED, Entity, New
from simulator.state.state import State
from simulator.state.switches import INDEX_MOST_S


class ListingRecords:
    """Reads listings, and writes their versions."""

    def __init__(self, state: State) -> None:
        self.state = state

    def listing(self, seller: str, item_id: str) -> Document:
        """The newest document, visible or not."""
        return self.state.document(seller, "listing", item_id)

    def item_ids(self, seller: str, ended: bool = False) -> list[str]:
        """Of all listings that have not ended; with `ended`, of those too."""
        with self.state.lock:
            return [item for item, one in self.state.inventories[seller].listings.items() if ended or not one.newest.removed]

    def by_sku(self, seller: str) -> dict[str, set[str]]:
        """Item ids of the listings that have or had a SKU, or a variation with it."""
        inventory = self.state.inventories[seller]
        if inventory.by_sku is None:
            inventory.by_sku = {}
            for item, one in inventory.listings.items():
                for name in listings.skus(self.state.load(one.newest)):
                    inventory.by_sku.setdefault(name, set()).add(item)
        return inventory.by_sku

    def listed_as(self, seller: str, sku: str) -> list[str]:
        """Item ids of the listings, not ended, that have this SKU, or a variation with it."""
        with self.state.lock:
            there = self.state.inventories[seller].listings
            return sorted(item for item in self.by_sku(seller).get(sku, ()) if not there[item].newest.removed)

    def write(self, seller: str, document: Document, at: When, visible_at: When) -> None:
        """One version more. Where the Inventory API has learnt of its SKUs, the listing as an entity of its own is gone with it."""
        inventory, item = self.state.inventories[seller], document["itemId"]
        entity, status, ended = inventory.listings.get(item), self._status(seller, document), document["status"] != "Active"
        modified, visible = self._dates(seller, item, entity, at, visible_at)
        indexed = self._indexed(seller, item, entity, modified, visible)
        created = entity.created_ms if entity else modified

        def version(body: Body, status: str, removed: bool) -> New:
            return New("listing", item, body, modified, visible, created, status, removed, indexed_ms=indexed)

        news = [version(dumps(document), status, ended)]
        if entity and entity.newest.status != status == BACKED and not entity.newest.removed:
            news.insert(0, version(self.state.ledger.text(entity.newest.body), ALONE, True))
        self.state.put(seller, news)
        if inventory.by_sku is not None:
            for sku in listings.skus(document):
                inventory.by_sku.setdefault(sku, set()).add(item)

    def end(self, seller: str, item_id: str, *, at: When = None, visible_at: When = None) -> None:
        """A listing ends."""
        with self.state.lock:
            self.write(seller, {**self.listing(seller, item_id), "status": "Completed"}, at, visible_at)

    def stocked(self, seller: str, document: Document) -> Document:
        """With the stock of the SKUs that the Inventory API has."""
        rows = document.get("variations")
        for k in range(len(rows)) if rows else (None,):
            row = document if k is None else document["variations"][k]
            sku = row.get("sku", "")
            if self.state.has_sku(seller, sku):
                document = listings.counted(document, k, self.state.stock(seller, sku), row["quantitySold"])
        return document

    def follow_stock(self, seller: str, sku: str, visible_at: When) -> None:
        """What is listed under a SKU shows what the Inventory API says of it now."""
        there = self.state.inventories[seller].listings
        for item in self.listed_as(seller, sku) if there else ():
            old = self.listing(seller, item)
            new = self.stocked(seller, old)
            if new != old or there[item].newest.status != self._status(seller, new):
                self.write(seller, new, None, visible_at)

    def _status(self, seller: str, document: Document) -> str:
        return BACKED if listings.backed(document, lambda sku: self.state.has_sku(seller, sku)) else ALONE

    def _dates(self, seller: str, item: str, entity: Entity | None, at: When, visible_at: When) -> tuple[int, int]:
        """When it changed, and when eBay shows that."""
        modified, visible = self.state.times(at, visible_at)
        number, switches = entity.newest.number + 1 if entity else 1, self.state.switches
        rng = Random(f"{self.state.seed}:{seller}:{item}:{number}:late")
        if visible_at is None and rng.random() < switches.listing_late:
            visible = max(visible, modified + int(rng.random() * switches.listing_late_s * 1000))
        if entity:  # nothing shows before what was there earlier
            modified, visible = max(modified, entity.newest.modified_ms), max(visible, entity.newest.visible_ms)
        return modified, visible

    def _indexed(self, seller: str, item: str, entity: Entity | None, modified: int, visible: int) -> int:
        """When GetSellerEvents shows it."""
        number, switches, hostility = entity.newest.number + 1 if entity else 1, self.state.switches, self.state.hostility
        rng, late_s, scale = Random(f"{self.state.seed}:{seller}:{item}:{number}:index"), switches.index_late_s, 1.0
        if hostility and (hit := hostility.hits("index_late", seller, item, number)):
            rng, late_s, scale = hit, hostility.index_late_s * hostility.scale, hostility.scale
        elif rng.random() >= switches.index_late:
            return visible
        return min(visible + int(rng.random() * late_s * 1000), max(visible, modified + int(INDEX_MOST_S * scale * 1000)))
