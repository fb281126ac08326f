"""Offers: price and quantity of a SKU on a marketplace. Each SKU has one on its seller's own marketplace, made of the item and its listing.

Once somebody asks for a seller's offers, every version of them is in the ledger as an entity of the kind offer, `offer:OFFERID`. What
nobody could see, as it came and went between two calls, is not. `put_offer` and `remove_offer` last until the simulator ends.
"""

from decimal import Decimal
from hashlib import blake2b
from typing import Any

from simulator.ledger import Document, dumps, loads
from simulator.state.catalog import money
from simulator.state.inventory import Inventory, New
from simulator.state.listing_records import ListingRecords
from simulator.state.state import State

ENTITY = "offer:"


class OfferActions:
    """Offers as they are now, and their versions in the ledger."""

    def __init__(self, state: State, listings: ListingRecords) -> None:
        self.state, self.listings = state, listings

    def offers(self, seller: str, sku: str) -> list[Document]:
        """As eBay shows them now. None of a SKU that the Inventory API does not have."""
        with self.state.lock:
            inventory, own = self.state.inventories[seller], self.state.sellers[seller].marketplace
            entity = inventory.stock.get(sku)
            if not entity or not entity.shown or entity.shown.removed:
                return []
            set_by_hand = inventory.own_offers.get(sku, {})
            made = self._own_offer(seller, sku, loads(self.state.text(seller, entity)))
            found = []
            for marketplace in sorted({own, *set_by_hand}):
                fields = set_by_hand.get(marketplace, {})
                if fields is not None:
                    offer_id = self.offer_id(seller, sku, marketplace)
                    found.append({**made, "offerId": offer_id, "marketplaceId": marketplace, **fields})
            return found

    def put_offer(self, seller: str, sku: str, marketplace: str | None = None, **fields: Any) -> None:
        """An offer on this marketplace (None: the seller's own) with these fields of eBay's, or the same in another one's place."""
        with self.state.lock:
            mine = self.state.inventories[seller].own_offers.setdefault(sku, {})
            marketplace = marketplace or self.state.sellers[seller].marketplace
            mine[marketplace] = {**(mine.get(marketplace) or {}), **fields}
            self._offers_moved(seller, sku)

    def remove_offer(self, seller: str, sku: str, marketplace: str | None = None) -> None:
        """The SKU stays, and is not offered there any more."""
        with self.state.lock:
            self.state.inventories[seller].own_offers.setdefault(sku, {})[marketplace or self.state.sellers[seller].marketplace] = None
            self._offers_moved(seller, sku)

    def offer_id(self, seller: str, sku: str, marketplace: str | None = None) -> str:
        """The same for ever, whether the offer is there or not."""
        suffix = "" if marketplace in (None, self.state.sellers[seller].marketplace) else f":{marketplace}"
        name = f"{self.state.seed}:{seller}:offer:{sku}{suffix}".encode("utf-8", "surrogatepass")
        return str(10**11 + int.from_bytes(blake2b(name, digest_size=5).digest()) % 10**11)

    def _own_offer(self, seller: str, sku: str, item: Document) -> Document:
        inventory, who = self.state.inventories[seller], self.state.sellers[seller]
        there = item.get("availability")
        stock = there.get("shipToLocationAvailability") if isinstance(there, dict) else None
        offer: Document = {"offerId": self.offer_id(seller, sku), "sku": sku, "marketplaceId": who.marketplace, "format": "FIXED_PRICE"}
        offer["availableQuantity"] = stock.get("quantity") if isinstance(stock, dict) else None
        listed = [one for one in map(inventory.listings.get, self.listings.listed_as(seller, sku)) if one and one.shown]
        cents = int(offer["offerId"]) % 20_000 + 500
        offer["pricingSummary"] = {"price": money(Decimal(cents) / 100, who.currency)}
        if listed and listed[0].shown:
            listing = loads(self.state.text(seller, listed[0]))
            row = next((one for one in listing.get("variations") or [listing] if one.get("sku") == sku), listing)
            status = "ENDED" if listed[0].shown.removed else "ACTIVE" if row.get("available") else "OUT_OF_STOCK"
            offer["pricingSummary"] = {"price": row.get("price")}
            offer["listing"] = {"listingId": listed[0].id, "listingStatus": status, "soldQuantity": row.get("quantitySold")}
        offer.update(
            status="PUBLISHED" if "listing" in offer else "UNPUBLISHED", listingDuration="GTC", categoryId="19617", tax={"applyTax": False}
        )
        return offer

    # the ledger

    def follow_offers(self, seller: str) -> None:
        """Somebody asks for the seller's offers: from now on they are in the ledger."""
        with self.state.lock:
            inventory = self.state.inventories[seller]
            if not inventory.follows_offers:
                inventory.follows_offers = True
                for sku in [sku for _, sku in inventory.skus]:
                    self.record_offers(seller, sku, self.state.clock.now_ms())

    def settle(self, seller: str) -> None:
        """What has become visible shows, in offers too. Called before each answer to the seller."""
        with self.state.lock:
            inventory = self.state.inventories[seller]
            inventory.settle(self.state.clock.now_ms())
            for (kind, entity_id), moved_ms in [*inventory.moved.items()]:
                for sku in [entity_id] if kind == "inventory" else self._skus_of(seller, entity_id):
                    self.record_offers(seller, sku, moved_ms)
            inventory.moved.clear()

    def record_offers(self, seller: str, sku: str, at_ms: int) -> None:
        """New versions of a SKU's offers into the ledger, where they are not as they were."""
        inventory, news = self.state.inventories[seller], []
        known = self._known_offers(inventory).setdefault(sku, set())
        now = {ENTITY + str(offer["offerId"]): dumps(offer) for offer in self.offers(seller, sku)}
        for entity_id in sorted(known | now.keys()):
            entity = inventory.offers.get(entity_id)
            before = "" if entity is None or entity.newest.removed else self.state.ledger.text(entity.newest.body)
            text = now.get(entity_id, "")
            if text != before:
                shown_ms = max(at_ms, entity.newest.visible_ms) if entity else at_ms
                news.append(New("offer", entity_id, text or before, shown_ms, shown_ms, shown_ms, removed=not text))
        known.update(now)
        self.state.store(seller, news)

    def settle_all(self) -> None:
        """The same for everybody whose offers are in the ledger."""
        with self.state.lock:
            for seller, inventory in self.state.inventories.items():
                if inventory.follows_offers:
                    self.settle(seller)

    def _offers_moved(self, seller: str, sku: str) -> None:
        if self.state.inventories[seller].follows_offers:
            self.record_offers(seller, sku, self.state.clock.now_ms())

    def _known_offers(self, inventory: Inventory) -> dict[str, set[str]]:
        """Ids of the offers that a SKU has or had."""
        if inventory.offers_of is None:
            inventory.offers_of = {}
            for entity_id, entity in inventory.offers.items():
                inventory.offers_of.setdefault(self.state.load(entity.newest)["sku"], set()).add(entity_id)
        return inventory.offers_of

    def _skus_of(self, seller: str, item_id: str) -> list[str]:
        """All that a listing is or was sold under."""
        return [sku for sku, items in self.listings.by_sku(seller).items() if item_id in items]
