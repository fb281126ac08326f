"""The world's memory: sellers, what they have, and the ledger. What happens in it is in `*_acts.py` and `life.py`."""

import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.clock import Clock, ManualClock
from simulator.faults import Faults, Switches
from simulator.hostile import versions as pen
from simulator.hostility import Hostility
from simulator.ledger import Body, Document, Head, Ledger, dumps, loads
from simulator.poison import Lasting
from simulator.requests import RequestLog
from simulator.state.accounts import Accounts
from simulator.state.catalog import Seller
from simulator.state.inventory import ALONE, BACKED, Entity, Inventory, New, Version
from simulator.state.listings import ENTITY
from simulator.state.notices import Notices
from simulator.state.quotas import Quotas
from simulator.state.reports import Reports
from simulator.times import from_iso, iso, to_datetime, to_ms

When = datetime | int | None  # a UTC datetime, milliseconds, or None: now
Raw = str | Callable[[str], str]  # a document's JSON text itself, or what to make of the text: for what json.dumps would never write
CREATED = re.compile(r'"creationDate":"([^"]+)"')
STATUS = re.compile(r'"orderFulfillmentStatus":"([A-Z_]+)"')


class Core:
    """Safe to use from several threads: one lock guards everything, and the server takes it for each answer.

    Args:
        seed: makes ids, tokens, documents and the order of rows.
        now: where a clock driven by hand starts; without it and without `clock`, time is real.
        ledger: the file to write, and to go on with if it exists; None keeps the ledger in memory.
    """

    def __init__(
        self,
        seed: int = 1,
        now: datetime | None = None,
        ledger: Path | str | None = None,
        clock: Clock | None = None,
        client_id: str = "Sellerbeat-demo-SIM",
        client_secret: str = "SIM-secret",
    ) -> None:
        self.seed = seed
        self.clock = clock or (ManualClock(now) if now else Clock())
        self.lock = threading.RLock()
        self.sellers: dict[str, Seller] = {}
        self.inventories: dict[str, Inventory] = {}
        self.ledger = Ledger(Path(ledger) if ledger else None)
        self.accounts = Accounts(seed, self.clock, client_id, client_secret)
        self.quotas = Quotas(self.clock)
        self.faults, self.switches, self.lasting = Faults(), Switches(), Lasting()
        self.notices = Notices(seed, self.clock)
        self.hostility: Hostility | None = None  # see `hostility.py`
        self.still = False  # nothing happens by itself any more: see `quiet`
        self.requests, self.reports = RequestLog(), Reports()
        self.fragments: OrderedDict[tuple[str, str, str, int], str] = OrderedDict()  # JSON texts served lately
        self._go_on()

    @property
    def calls(self) -> Counter[tuple[str, str]]:
        """Calls so far by (seller, resource), refused ones too; seller "" for calls without a valid user token."""
        return self.requests.calls

    def close(self) -> None:
        self.ledger.close()

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
        inventory = self.inventories[seller]
        if kind == "fulfillment":
            for one in inventory.parcels.get(entity_id.split("/", 1)[0], []):
                if one.id == entity_id:
                    return one
            raise KeyError(entity_id)
        return _those(inventory, kind)[entity_id]

    def document(self, seller: str, kind: str, entity_id: str) -> Document:
        """The newest document, visible or not: a copy, yours to change."""
        with self.lock:
            return self.load(self.entity(seller, kind, entity_id).newest)

    def order(self, seller: str, order_id: str) -> Document:
        return self.document(seller, "order", order_id)

    def item(self, seller: str, sku: str) -> Document:
        return self.document(seller, "inventory", sku)

    def parcels(self, seller: str, order_id: str) -> dict[str, Document]:
        """Newest documents of an order's parcels by entity id, removed ones left out."""
        with self.lock:
            there = self.inventories[seller].parcels.get(order_id, [])
            return {one.id: self.load(one.newest) for one in there if not one.newest.removed}

    def order_ids(self, seller: str) -> list[str]:
        with self.lock:
            return [order_id for order_id, one in self.inventories[seller].orders.items() if not one.newest.removed]

    def skus(self, seller: str) -> list[str]:
        with self.lock:
            return [sku for sku, one in self.inventories[seller].stock.items() if not one.newest.removed]

    def load(self, version: Version) -> Document:
        document: Document = loads(self.ledger.text(version.body if version.clean is None else version.clean))
        return document

    def text(self, seller: str, entity: Entity, version: Version | None = None) -> str:
        """JSON of the version that is shown, or of this one. Kept for a while: polls that overlap ask for the same rows again and again."""
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

    def known(self, seller: str, kind: str, entity_id: str) -> Entity | None:
        try:
            return self.entity(seller, kind, entity_id)
        except KeyError:
            return None

    def quiet(self) -> datetime:
        """Nothing happens by itself any more; answers go on. Gives the moment from which all that happened is shown."""
        with self.lock:
            self.still = True
            waiting = [one[0] for inventory in self.inventories.values() for one in (*inventory.waiting, *inventory.to_index)]
            return to_datetime(max([self.clock.now_ms(), *waiting]))

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
            self.store(seller, pen.write(self, self.hostility, seller, news) if self.hostility else news)

    def store(self, seller: str, news: Iterable[New]) -> None:
        """Keep versions: first in the ledger, then in the inventory, so that nothing is served that the ledger lacks."""
        with self.lock:
            inventory, now = self.inventories[seller], self.clock.now_ms()
            news = list(news)
            entities = [self._entity(inventory, new) for new in news]
            heads, versions = [], []
            numbers: dict[int, int] = {}
            for new, entity in zip(news, entities, strict=True):
                number = numbers[id(entity)] = numbers.get(id(entity), entity.newest.number) + 1
                heads.append((Head(seller, *_entry(new), number, new.modified_ms, new.visible_ms, new.removed), new.body))
                versions.append(
                    Version(number, new.modified_ms, new.visible_ms, *(new.body, new.status, new.removed, new.clean), new.indexed_ms)
                )
            for version, entity, body in zip(versions, entities, self.ledger.append(heads), strict=True):
                version.body = body
                inventory.put(entity, version, now)
            if self.notices.subscriptions:
                pairs = zip(news, versions, strict=True)
                self.notices.tell(seller, [(new, one.number, self.load(one) if new.kind == "order" else None) for new, one in pairs])

    def _entity(self, inventory: Inventory, new: New) -> Entity:
        if new.kind == "fulfillment":
            there = inventory.parcels.setdefault(new.entity_id.split("/", 1)[0], [])
            for one in there:
                if one.id == new.entity_id:
                    return one
            entity = _unborn(inventory, new)
            there.append(entity)
            return entity
        known = _those(inventory, new.kind)
        if new.entity_id not in known:
            known[new.entity_id] = _unborn(inventory, new)
        return known[new.entity_id]

    def _go_on(self) -> None:
        """Take up the world where the ledger ends."""
        histories: dict[tuple[str, str, str], list[tuple[Head, Body]]] = {}
        now = self.clock.now_ms()
        for head, body in self.ledger.stored():
            history = histories.setdefault((head.seller, *_own_entry(head)), [])
            if head.visible_ms <= now:
                history.clear()  # the newest visible one is enough, and those that still wait
            history.append((head, body))
        for (name, kind, entity_id), history in histories.items():
            inventory = self.inventories.setdefault(name, Inventory(self.seed))
            inventory.loading = True
            entity = None
            for head, body in history:
                text = self.ledger.text(body) if kind == "order" else ""
                created = _found(CREATED, text)
                created_ms = _date(created, head.modified_ms)
                status = _found(STATUS, text) if kind != "listing" else BACKED if head.kind == "listing" else ALONE
                new = New(kind, entity_id, body, head.modified_ms, head.visible_ms, created_ms, status, head.removed)
                entity = entity or self._entity(inventory, new)
                inventory.put(entity, Version(head.version, *new[3:5], body, new.status, new.removed), now)
        for inventory in self.inventories.values():
            inventory.loaded()
            inventory.follows_offers = bool(inventory.offers)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The ledger so far, for the judge."""
        with self.lock:
            yield from list(self.ledger.rows())


def _those(inventory: Inventory, kind: str) -> dict[str, Entity]:
    return {"order": inventory.orders, "inventory": inventory.stock, "listing": inventory.listings, "offer": inventory.offers}[kind]


def _entry(new: New) -> tuple[str, str]:
    """Kind and id in the ledger. A listing whose SKUs the Inventory API has is kept, but it is no entity that anybody should tell of."""
    return ("inventory", ENTITY + new.entity_id) if new.kind == "listing" and new.status != BACKED else (new.kind, new.entity_id)


def _own_entry(head: Head) -> tuple[str, str]:
    """The other way round."""
    own = head.kind == "inventory" and head.entity_id.startswith(ENTITY)
    return ("listing", head.entity_id.removeprefix(ENTITY)) if own else (head.kind, head.entity_id)


def _unborn(inventory: Inventory, new: New) -> Entity:
    return Entity(new.kind, new.entity_id, inventory.position_of(new.entity_id), new.created_ms, Version(0, 0, 0, ""))


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _date(text: str, otherwise: int) -> int:
    try:
        return from_iso(text)
    except ValueError:  # none, or a malformed one
        return otherwise


def order_version(document: Document, modified_ms: int, visible_ms: int, raw: Raw | None = None) -> New:
    """An order's next version from its document, whose `lastModifiedDate` is set here."""
    document["lastModifiedDate"] = iso(modified_ms)
    text = dumps(document)
    text = text if raw is None else raw if isinstance(raw, str) else raw(text)
    text.encode("ascii")  # JSON can say everything in ASCII, and the ledger counts bytes
    created = from_iso(document["creationDate"])
    return New("order", document["orderId"], text, modified_ms, visible_ms, created, document["orderFulfillmentStatus"])
