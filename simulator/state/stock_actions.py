"""What happens to stock. The Inventory API knows no dates: what it shows is what is there."""

from datetime import datetime
from random import Random

from simulator.ledger import Document, Sketch, dumps
from simulator.state.catalog import Good, Seller, good, item
from simulator.state.inventory import New
from simulator.state.order_actions import Change, apply
from simulator.state.state import Core, Raw, When


def drawn_item(seller: Seller, k: int) -> Document:
    return good(seller, k).document


class StockActs(Core):
    def preload_skus(self, seller: str, count: int | None = None) -> list[str]:
        """The first `count` goods of the seller (all of `add_seller`'s `skus`), at once. 10,000 take about a second."""
        with self.lock:
            who, inventory, now = self.sellers[seller], self.inventories[seller], self.clock.now_ms()
            rows = [(k, good(who, k).sku) for k in range(who.skus if count is None else count)]
            news = [New("inventory", sku, Sketch(drawn_item, (who, k)), now, now, now) for k, sku in rows if sku not in inventory.stock]
            inventory.loading = True
            self.put(seller, news)
            inventory.loaded()
            return [sku for _, sku in rows]

    def good(self, seller: str, k: int) -> Good:
        """The k-th thing the seller sells, to place an order for it."""
        return good(self.sellers[seller], k)

    def add_sku(
        self, seller: str, sku: str, quantity: int = 1, *, title: str = "A new thing", change: Change | None = None, visible_at: When = None
    ) -> None:
        document = item(sku, title, "Unbranded", Random(f"{self.seed}:{seller}:{sku}"), quantity)
        apply(change, document)
        self._put_item(seller, sku, document, visible_at)

    def set_stock(self, seller: str, sku: str, quantity: int, *, visible_at: When = None) -> None:
        def recount(document: Document) -> None:
            document["availability"]["shipToLocationAvailability"]["quantity"] = quantity

        self.modify_sku(seller, sku, recount, visible_at=visible_at)

    def has_sku(self, seller: str, sku: str) -> bool:
        there = self.inventories[seller].stock.get(sku)
        return there is not None and not there.newest.removed

    def stock(self, seller: str, sku: str) -> int:
        quantity: int = self.item(seller, sku)["availability"]["shipToLocationAvailability"]["quantity"]
        return quantity

    def modify_sku(self, seller: str, sku: str, change: Change | None = None, *, visible_at: When = None, raw: Raw | None = None) -> None:
        with self.lock:
            document = self.item(seller, sku)
            apply(change, document)
            self._put_item(seller, sku, document, visible_at, raw)

    def remove_sku(self, seller: str, sku: str, *, visible_at: datetime | int | None = None) -> None:
        with self.lock:
            now, visible = self.times(None, visible_at)
            self.put(seller, [New("inventory", sku, dumps(self.item(seller, sku)), now, visible, now, removed=True)])

    def _put_item(self, seller: str, sku: str, document: Document, visible_at: When, raw: Raw | None = None) -> None:
        with self.lock:
            now, visible = self.times(None, visible_at)
            text = dumps(document)
            text = text if raw is None else raw if isinstance(raw, str) else raw(text)
            self.put(seller, [New("inventory", sku, text, now, visible, now)])
