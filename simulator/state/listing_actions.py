"""What sellers do with listings: listed, revised, ended, relisted. When a change happened and when it shows: see `listing_records.py`."""

from collections.abc import Sequence

from simulator.ledger import Sketch
from simulator.state import listings
from simulator.state.catalog import good, money
from simulator.state.changes import When
from simulator.state.inventory import ALONE, BACKED, New
from simulator.state.listing_records import ListingRecords
from simulator.state.listings import Variation
from simulator.state.state import State
from simulator.state.stock_actions import StockActions

DRAWN = 10**6  # the numbers below are for those that a seller starts with
VariationKey = int | str | None  # a variation: the how manyeth from 0, its SKU, or its id


class ListingActions:
    """Listings of Seller Hub, and those that the Inventory API made."""

    def __init__(self, state: State, records: ListingRecords, stock: StockActions) -> None:
        self.state, self.records, self.stock = state, records, stock

    def move_in(self, seller: str) -> None:
        """A new seller gets all that `add_seller` said; one who has SKUs or listings already has them as they are."""
        with self.state.lock:
            inventory = self.state.inventories[seller]
            if not inventory.stock:
                self.stock.preload_skus(seller)
            if not inventory.listings:
                self.preload_listings(seller)

    def preload_listings(self, seller: str, count: int | None = None, published: int | None = None) -> list[str]:
        """The first `count` listings of Seller Hub and those of the first `published` SKUs (of `add_seller`), at once and all shown.

        100,000 take some seconds. Gives their item ids.
        """
        with self.state.lock:
            who, inventory, now = self.state.sellers[seller], self.state.inventories[seller], self.state.clock.now_ms()
            hub, own = who.listings if count is None else count, who.published if published is None else published
            made = [(listings.item_id(who, n), ALONE, Sketch(listings.drawn, (who, n))) for n in range(hub)]
            made += [(good(who, k).listing, BACKED, Sketch(listings.published, (who, k))) for k in range(own)]
            there = inventory.listings
            self.state.preload(
                seller, [New("listing", item, body, now, now, now, status) for item, status, body in made if item not in there]
            )
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
        with self.state.lock:
            who = self.state.sellers[seller]
            item = item_id or listings.item_id(who, DRAWN + len(self.state.inventories[seller].listings))
            document = listings.listing(item, title, quantity, money(price, who.currency), sku, variations)
            self.records.write(seller, self.records.stocked(seller, document), at, visible_at)
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
        with self.state.lock:
            document = self.records.listing(seller, item_id)
            k = listings.variation_index(document, variation)
            if title is not None:
                document = listings.changed(document, None, title=title)
            if price is not None:
                document = listings.changed(document, k, price=money(price, self.state.sellers[seller].currency))
            if sku is not None:
                document = listings.changed(document, k, sku=sku or None)
            row = document if k is None else document["variations"][k]
            if available is not None:
                document = listings.counted(document, k, available, row["quantitySold"])
            self.records.write(seller, document, at, visible_at)
            name = row.get("sku", "")
            if available is not None and name and self.state.has_sku(seller, name) and self.state.stock(seller, name) != available:
                self.stock.set_stock(seller, name, available)

    def add_variation(self, seller: str, item_id: str, variation: Variation, *, at: When = None, visible_at: When = None) -> int:
        """One more size of a listing that has some: `{"sku"?, "specifics", "quantity"?, "price"?}`. Gives its position.

        Raises:
            ValueError: the listing has no variations, or this one already.
        """
        with self.state.lock:
            document = listings.enlarged(self.records.listing(seller, item_id), variation)
            self.records.write(seller, self.records.stocked(seller, document), at, visible_at)
            return len(document["variations"]) - 1

    def out_of_stock(self, seller: str, item_id: str, *, variation: VariationKey = None, at: When = None, visible_at: When = None) -> None:
        """Nothing left on sale (of one variation), and the listing stays: eBay's out-of-stock control."""
        self.revise(seller, item_id, variation=variation, available=0, at=at, visible_at=visible_at)

    def relist(self, seller: str, item_id: str, *, at: When = None, visible_at: When = None) -> str:
        """An ended listing once more: all of it but what was sold, under a new item id, which is given."""
        with self.state.lock:
            old = self.records.listing(seller, item_id)
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
