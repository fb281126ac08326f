"""What happens to stock. The Inventory API knows no dates: what it shows is what is there. Listings of a SKU have its stock."""

from random import Random

from simulator.ledger import Document, Sketch, dumps
from simulator.state.catalog import Good, Seller, good, item
from simulator.state.changes import Change, Raw, When, apply, written
from simulator.state.inventory import New
from simulator.state.listing_records import ListingRecords
from simulator.state.state import State


class StockActions:
    """SKUs of the Inventory API."""

    def __init__(self, state: State, listings: ListingRecords) -> None:
        self.state, self.listings = state, listings

    def preload_skus(self, seller: str, count: int | None = None) -> list[str]:
        """The first `count` goods of the seller (all of `add_seller`'s `skus`), at once. 10,000 take about a second."""
        with self.state.lock:
            who, now = self.state.sellers[seller], self.state.clock.now_ms()
            there = self.state.inventories[seller].stock
            rows = [(k, good(who, k).sku) for k in range(who.skus if count is None else count)]
            news = [New("inventory", sku, Sketch(drawn_item, (who, k)), now, now, now) for k, sku in rows if sku not in there]
            self.state.preload(seller, news)
            return [sku for _, sku in rows]

    def good(self, seller: str, k: int) -> Good:
        """The k-th thing the seller sells, to place an order for it."""
        return good(self.state.sellers[seller], k)

    def add_sku(
        self, seller: str, sku: str, quantity: int = 1, *, title: str = "A new thing", change: Change | None = None, visible_at: When = None
    ) -> None:
        """A new item of the Inventory API."""
        document = item(sku, title, "Unbranded", Random(f"{self.state.seed}:{seller}:{sku}"), quantity)
        apply(change, document)
        self._put(seller, sku, document, visible_at)

    def set_stock(self, seller: str, sku: str, quantity: int, *, visible_at: When = None) -> None:
        """So many are there; listings of the SKU have as many."""

        def recount(document: Document) -> None:
            document["availability"]["shipToLocationAvailability"]["quantity"] = quantity

        self.modify_sku(seller, sku, recount, visible_at=visible_at)

    def modify_sku(self, seller: str, sku: str, change: Change | None = None, *, visible_at: When = None, raw: Raw | None = None) -> None:
        """Any change of an item of the Inventory API."""
        with self.state.lock:
            document = self.state.item(seller, sku)
            apply(change, document)
            self._put(seller, sku, document, visible_at, raw)

    def remove_sku(self, seller: str, sku: str, *, visible_at: When = None) -> None:
        """Taken off the Inventory API; what it listed ends."""
        with self.state.lock:
            for item_id in self.listings.listed_as(seller, sku):
                self.listings.end(seller, item_id, visible_at=visible_at)
            now, visible = self.state.times(None, visible_at)
            self.state.put(seller, [New("inventory", sku, dumps(self.state.item(seller, sku)), now, visible, now, removed=True)])

    def _put(self, seller: str, sku: str, document: Document, visible_at: When, raw: Raw | None = None) -> None:
        with self.state.lock:
            now, visible = self.state.times(None, visible_at)
            self.state.put(seller, [New("inventory", sku, written(document, raw), now, visible, now)])
            self.listings.follow_stock(seller, sku, visible_at)


def drawn_item(seller: Seller, k: int) -> Document:
    """The document of the seller's k-th good."""
    return good(seller, k).document
