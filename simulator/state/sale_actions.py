"""What buyers do with listings and SKUs: what they buy leaves the stock, at once or before there is an order, and may come back."""

from collections.abc import Sequence
from typing import Any

from simulator.ledger import Document
from simulator.state import listings
from simulator.state.catalog import Good
from simulator.state.changes import When
from simulator.state.listing_actions import VariationKey
from simulator.state.listing_records import ListingRecords
from simulator.state.order_actions import OrderActions
from simulator.state.state import State
from simulator.state.stock_actions import StockActions


class SaleActions:
    """Sales move orders, listings and stock together."""

    def __init__(self, state: State, orders: OrderActions, records: ListingRecords, stock: StockActions) -> None:
        self.state, self.orders, self.records, self.stock = state, orders, records, stock

    def sell(self, seller: str, item_id: str, quantity: int = 1, *, variation: VariationKey = None, **order: Any) -> str:
        """Somebody buys it. `order` as in `place_order`. Gives the order's id.

        Raises:
            ValueError: the listing has ended, or has less on sale.
        """
        with self.state.lock:
            order_id = self.orders.place_order(seller, lines=[self._on_sale(seller, item_id, quantity, variation)], **order)
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
        with self.state.lock:
            bought = self._on_sale(seller, item_id, quantity, variation)
            self.take_lines(seller, [bought], at=at)
            return bought

    def take_lines(self, seller: str, lines: Sequence[tuple[Good, int]], *, at: When = None) -> None:
        """What somebody bought leaves listings and stock, before there is an order of it."""
        with self.state.lock:
            for good, quantity in lines:
                self._leave(seller, good.listing, good.variation or None, good.sku, quantity, at)

    def take(self, seller: str, order_id: str, *, back: bool = False, at: When = None) -> None:
        """What an order sold leaves listings and stock; `back`: it returns, as after some cancellations."""
        with self.state.lock:
            for line in self.state.order(seller, order_id)["lineItems"]:
                number = -line["quantity"] if back else line["quantity"]
                self._leave(seller, line["legacyItemId"], line.get("legacyVariationId"), line.get("sku", ""), number, at)

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
        """`state` is eBay's cancelState: IN_PROGRESS while it is asked for. `restock`: what it sold is on sale again."""
        with self.state.lock:
            self.orders.cancel(seller, order_id, state, at=at, visible_at=visible_at)
            if restock:
                self.take(seller, order_id, back=True, at=at)

    def _on_sale(self, seller: str, item_id: str, quantity: int, variation: VariationKey) -> tuple[Good, int]:
        document = self.records.listing(seller, item_id)
        good = listings.sold_good(document, listings.variation_index(document, variation))
        if document["status"] != "Active" or good.quantity < quantity:
            raise ValueError(f"{item_id}: {document['status']}, {good.quantity} on sale, not {quantity}")
        return good, quantity

    def _leave(self, seller: str, item_id: str, variation: str | None, sku: str, number: int, at: When) -> None:
        entity = self.state.inventories[seller].listings.get(item_id)
        if entity and not entity.newest.removed:
            self._move(seller, self.state.load(entity.newest), variation, number, at)
        elif self.state.has_sku(seller, sku):
            self.stock.set_stock(seller, sku, max(0, self.state.stock(seller, sku) - number))

    def _move(self, seller: str, document: Document, variation: VariationKey, number: int, at: When) -> None:
        k = listings.variation_index(document, variation)
        row = document if k is None else document["variations"][k]
        sku, left = row.get("sku", ""), max(0, row["available"] - number)
        self.records.write(seller, listings.counted(document, k, left, max(0, row["quantitySold"] + number)), at, None)
        if self.state.has_sku(seller, sku) and self.state.stock(seller, sku) != left:
            self.stock.set_stock(seller, sku, left)
