"""The world's memory: sellers, what they have, and the ledger. What can happen to it is in `*_actions.py`."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from simulator.clock import Clock
from simulator.hostility import Hostility
from simulator.ledger import Document, Head, Ledger, loads
from simulator.state.accounts import Accounts
from simulator.state.catalog import Seller
from simulator.state.changes import When
from simulator.state.entries import entry
from simulator.state.inventory import Entity, Inventory, New, Version
from simulator.state.notices import Notices
from simulator.state.switches import Switches
from simulator.times import to_datetime, to_ms

Rewrite = Callable[["State", Hostility, str, Sequence[New]], list[New]]  # what a hostile eBay makes of a seller's versions


class State:
    """One lock guards everything; the parts that change it take it themselves, and the server takes it for each answer.

    Args:
        rewrite: asked for each version while eBay is hostile.
    """

    def __init__(self, seed: int, clock: Clock, ledger: Ledger, accounts: Accounts, rewrite: Rewrite) -> None:
        self.seed, self.clock, self.ledger, self.accounts, self.rewrite = seed, clock, ledger, accounts, rewrite
        self.lock = threading.RLock()
        self.sellers: dict[str, Seller] = {}
        self.inventories: dict[str, Inventory] = {}
        self.switches = Switches()
        self.notices = Notices(seed, clock)
        self.hostility: Hostility | None = None  # see `hostility.py`
        self.still = False  # nothing happens by itself any more: see `quiet`
        self.fragments: OrderedDict[tuple[str, str, str, int], str] = OrderedDict()  # JSON texts served lately

    # sellers

    def add_seller(
        self,
        name: str,
        orders_a_day: float = 0.0,
        skus: int = 0,
        scopes: Iterable[str] | None = None,
        *,
        listings: int = 0,
        published: int = 0,
    ) -> Seller:
        """A seller. One who is there already gets the new numbers.

        Args:
            skus: items of the Inventory API, that come with `preload_skus`.
            listings: made in Seller Hub, so that the Inventory API does not see them; they come with `preload_listings`.
            published: of the first of those SKUs there is a listing too, which Trading and the report show under that SKU.
        """
        numbers: dict[str, Any] = {"orders_a_day": orders_a_day, "skus": skus, "listings": listings, "published": min(published, skus)}
        with self.lock:
            known = self.sellers.get(name)
            if known:
                self.sellers[name] = replace(known, **numbers)
            else:
                self.sellers[name] = Seller(name, len(self.sellers) + 1, self.seed, **numbers)
                self.inventories.setdefault(name, Inventory(self.seed))
                self.accounts.open(name, scopes)
            return self.sellers[name]

    def refresh_token(self, seller: str) -> str:
        """The same for the same seed and seller, in every run."""
        return self.accounts.refresh_token(seller)

    # reading

    def entity(self, seller: str, kind: str, entity_id: str) -> Entity:
        """
        Raises:
            KeyError: there is none.
        """
        return self.inventories[seller].entity(kind, entity_id)

    def known(self, seller: str, kind: str, entity_id: str) -> Entity | None:
        """The same; None: there is none."""
        try:
            return self.entity(seller, kind, entity_id)
        except KeyError:
            return None

    def document(self, seller: str, kind: str, entity_id: str) -> Document:
        """The newest document, visible or not: a copy, yours to change."""
        with self.lock:
            return self.load(self.entity(seller, kind, entity_id).newest)

    def order(self, seller: str, order_id: str) -> Document:
        """An order's newest document, visible or not."""
        return self.document(seller, "order", order_id)

    def item(self, seller: str, sku: str) -> Document:
        """The newest document of an item of the Inventory API, visible or not."""
        return self.document(seller, "inventory", sku)

    def parcels(self, seller: str, order_id: str) -> dict[str, Document]:
        """Newest documents of an order's parcels by entity id, removed ones left out."""
        with self.lock:
            there = self.inventories[seller].parcels.get(order_id, [])
            return {one.id: self.load(one.newest) for one in there if not one.newest.removed}

    def order_ids(self, seller: str) -> list[str]:
        """In the order of their making, removed ones left out."""
        with self.lock:
            return [order_id for order_id, one in self.inventories[seller].orders.items() if not one.newest.removed]

    def skus(self, seller: str) -> list[str]:
        """Of the Inventory API, in the order of their making, removed ones left out."""
        with self.lock:
            return [sku for sku, one in self.inventories[seller].stock.items() if not one.newest.removed]

    def has_sku(self, seller: str, sku: str) -> bool:
        """Whether the Inventory API has it."""
        there = self.inventories[seller].stock.get(sku)
        return there is not None and not there.newest.removed

    def stock(self, seller: str, sku: str) -> int:
        """How many of a SKU there are, by the newest version of its item."""
        quantity: int = self.item(seller, sku)["availability"]["shipToLocationAvailability"]["quantity"]
        return quantity

    def load(self, version: Version) -> Document:
        """A version's document as it should be, where eBay shows it malformed."""
        document: Document = loads(self.ledger.text(version.body if version.clean is None else version.clean))
        return document

    def text(self, seller: str, entity: Entity, version: Version | None = None) -> str:
        """JSON of the version that is shown, or of this one. Cached for a while: polls that overlap ask for the same rows again."""
        shown = version or entity.shown
        assert shown
        if isinstance(shown.body, str):
            return shown.body
        key = (seller, entity.kind, entity.id, shown.number)
        if key not in self.fragments:
            self.fragments[key] = self.ledger.text(shown.body)
            if len(self.fragments) > 2_000:
                self.fragments.popitem(last=False)
        return self.fragments[key]

    def quiet(self) -> datetime:
        """Nothing happens by itself any more; answers go on. Gives the moment from which all that happened is shown."""
        with self.lock:
            self.still = True
            waiting = [one[0] for inventory in self.inventories.values() for one in (*inventory.waiting, *inventory.to_index)]
            return to_datetime(max([self.clock.now_ms(), *waiting]))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The ledger so far, for the judge."""
        with self.lock:
            yield from list(self.ledger.rows())

    # writing

    def times(self, at: When, visible_at: When) -> tuple[int, int]:
        """When something changed and when it shows; eBay may date to the second (`switches.whole_seconds`)."""
        modified = self.clock.now_ms() if at is None else to_ms(at)
        visible = max(modified, self.clock.now_ms()) if visible_at is None else to_ms(visible_at)
        if self.switches.whole_seconds:
            modified -= modified % 1000
        return modified, visible

    def put(self, seller: str, news: Iterable[New]) -> None:
        """Versions as they should be; a hostile eBay may make something else of them."""
        with self.lock:
            news = self.notices.delayed(list(news))
            self.store(seller, self.rewrite(self, self.hostility, seller, news) if self.hostility else news)

    def preload(self, seller: str, news: Iterable[New]) -> None:
        """Many at once, each of something new: what finds them is sorted at the end."""
        with self.lock:
            inventory = self.inventories[seller]
            inventory.loading = True
            self.put(seller, news)
            inventory.loaded()

    def store(self, seller: str, news: Iterable[New]) -> None:
        """Versions as they are: first in the ledger, then in the inventory, so that nothing is served that the ledger lacks."""
        with self.lock:
            inventory, now = self.inventories[seller], self.clock.now_ms()
            news = list(news)
            entities = [inventory.entity_of(new) for new in news]
            heads, versions = [], []
            numbers: dict[int, int] = {}
            for new, entity in zip(news, entities, strict=True):
                number = numbers[id(entity)] = numbers.get(id(entity), entity.newest.number) + 1
                heads.append((Head(seller, *entry(new), number, new.modified_ms, new.visible_ms, new.removed), new.body))
                versions.append(
                    Version(number, new.modified_ms, new.visible_ms, *(new.body, new.status, new.removed, new.clean), new.indexed_ms)
                )
            for version, entity, body in zip(versions, entities, self.ledger.append(heads), strict=True):
                version.body = body
                inventory.put(entity, version, now)
            if self.notices.subscriptions:
                pairs = zip(news, versions, strict=True)
                self.notices.announce(seller, [(new, one.number, self.load(one) if new.kind == "order" else None) for new, one in pairs])
