"""What one seller has, as eBay shows it now: orders by date, parcels by order, stock by SKU, listings by date.

An entity is shown in its newest version whose `visible_ms` has come; versions that are not visible yet wait. What finds listings by date,
GetSellerEvents' index, may know a version later than that (`indexed_ms`). Rows have no order that means anything: they stand by a hash of
their id, the same one throughout a world.
"""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterator
from hashlib import blake2b
from itertools import count, islice
from typing import NamedTuple

from simulator.ledger import Body, Document

OPEN = frozenset({"NOT_STARTED", "IN_PROGRESS"})
BACKED, ALONE = "backed", "alone"  # of listings: whether the Inventory API has all their SKUs
FOREVER = 1 << 62
Row = tuple[int, int, str]  # a date in ms, the hash, the id of an order or a listing


class New(NamedTuple):
    """One version on its way in."""

    kind: str
    entity_id: str
    body: Body
    modified_ms: int
    visible_ms: int
    created_ms: int
    status: str = ""  # orderFulfillmentStatus of an order; BACKED or ALONE of a listing
    removed: bool = False
    clean: Body | None = None  # what the world goes on with, where eBay shows something malformed
    indexed_ms: int = 0  # of a listing: when GetSellerEvents shows it, if that is later than `visible_ms`


class Version:
    """One state of an entity, numbered from 1; times in ms."""

    __slots__ = ("body", "clean", "indexed_ms", "modified_ms", "number", "removed", "status", "visible_ms")

    def __init__(
        self,
        number: int,
        modified_ms: int,
        visible_ms: int,
        body: Body,
        status: str = "",
        removed: bool = False,
        clean: Body | None = None,
        indexed_ms: int = 0,
    ) -> None:
        self.number, self.modified_ms, self.visible_ms, self.body = number, modified_ms, visible_ms, body
        self.status, self.removed, self.clean = status, removed, clean
        self.indexed_ms = max(visible_ms, indexed_ms)


class Entity:
    """One order, parcel, SKU, listing or offer: its newest version, and the one that is shown."""

    __slots__ = ("created_ms", "hash", "id", "indexed", "kind", "newest", "shown")

    def __init__(self, kind: str, entity_id: str, position: int, created_ms: int, newest: Version) -> None:
        self.kind, self.id, self.hash, self.created_ms = kind, entity_id, position, created_ms
        self.newest = newest
        self.shown: Version | None = None
        self.indexed: Version | None = None  # of a listing: what GetSellerEvents shows


class Inventory:
    """All that one seller has. Not thread-safe: the world's lock guards it."""

    def __init__(self, seed: int) -> None:
        self.salt = f"{seed}:".encode()
        self.orders: dict[str, Entity] = {}
        self.parcels: dict[str, list[Entity]] = {}  # by order id, in the order of their making
        self.stock: dict[str, Entity] = {}
        self.by_modified: list[Row] = []
        self.by_created: list[Row] = []
        self.by_hash: list[Row] = []  # (hash, 0, id), as the other two
        self.skus: list[tuple[int, str]] = []  # shown ones, by hash
        self.listings: dict[str, Entity] = {}
        self.listings_by_modified: list[Row] = []  # shown ones, ended ones too
        self.active: list[tuple[int, str]] = []  # shown listings that have not ended, by hash
        self.by_sku: dict[str, set[str]] | None = None  # item ids that have or had a SKU; None: to be found out
        self.offers: dict[str, Entity] = {}  # in the ledger since somebody asked for them
        self.follows_offers = False
        self.offers_of: dict[str, set[str]] | None = None  # ids by SKU; None: to be found out
        self.own_offers: dict[str, dict[str, Document | None]] = {}  # set by hand: by SKU and marketplace; None: none there
        self.moved: dict[tuple[str, str], int] = {}  # what offers are made of and was shown anew, and when; while offers are followed
        self.open: set[str] = set()  # shown orders that are not fulfilled
        self.waiting: list[tuple[int, int, Entity, Version]] = []
        self.to_index: list[tuple[int, int, Entity, Version]] = []
        self.tie = count()
        self.loading = False  # while many new ones come at once, lists are sorted at the end

    def entities(self, kind: str) -> dict[str, Entity]:
        """Of any kind but parcels, which stand by order."""
        return {"order": self.orders, "inventory": self.stock, "listing": self.listings, "offer": self.offers}[kind]

    def entity(self, kind: str, entity_id: str) -> Entity:
        """
        Raises:
            KeyError: there is none.
        """
        if kind != "fulfillment":
            return self.entities(kind)[entity_id]
        for one in self.parcels.get(entity_id.split("/", 1)[0], []):
            if one.id == entity_id:
                return one
        raise KeyError(entity_id)

    def entity_of(self, new: New) -> Entity:
        """What the version is one of; made where it is the first."""
        try:
            return self.entity(new.kind, new.entity_id)
        except KeyError:
            entity = Entity(new.kind, new.entity_id, self.position_of(new.entity_id), new.created_ms, Version(0, 0, 0, ""))
        if new.kind == "fulfillment":
            self.parcels.setdefault(new.entity_id.split("/", 1)[0], []).append(entity)
        else:
            self.entities(new.kind)[new.entity_id] = entity
        return entity

    def put(self, entity: Entity, version: Version, now_ms: int) -> None:
        """One version more, shown at once or when its time has come."""
        version.indexed_ms = max(version.indexed_ms, entity.newest.indexed_ms)
        entity.newest = version
        if version.visible_ms <= now_ms:
            self._show(entity, version)
        else:
            heapq.heappush(self.waiting, (version.visible_ms, next(self.tie), entity, version))
        if entity.kind != "listing":
            return
        if entity.indexed is None and version.indexed_ms <= now_ms:
            self._find(entity, version)
        else:
            heapq.heappush(self.to_index, (version.indexed_ms, next(self.tie), entity, version))
            self._settle_index(now_ms)

    def settle(self, now_ms: int) -> None:
        """Show what has become visible."""
        while self.waiting and self.waiting[0][0] <= now_ms:
            _, _, entity, version = heapq.heappop(self.waiting)
            self._show(entity, version)
        self._settle_index(now_ms)

    def _settle_index(self, now_ms: int) -> None:
        while self.to_index and self.to_index[0][0] <= now_ms and not self.loading:
            _, _, entity, version = heapq.heappop(self.to_index)
            self._find(entity, version)

    def _find(self, entity: Entity, version: Version) -> None:
        self._index_date(self.listings_by_modified, entity, entity.indexed, version)
        entity.indexed = version

    def position_of(self, entity_id: str) -> int:
        """Where an entity stands in rows that have no order: a hash of its id."""
        return int.from_bytes(blake2b(self.salt + entity_id.encode("utf-8", "surrogatepass"), digest_size=7).digest())

    def loaded(self) -> None:
        """Many new ones have come: the lists are sorted again."""
        self.loading = False
        for rows in (self.by_modified, self.by_created, self.by_hash, self.listings_by_modified):
            rows.sort()
        self.skus.sort()
        self.active.sort()

    def _show(self, entity: Entity, version: Version) -> None:
        old, new = entity.shown, version
        if old and old.number > new.number:
            return
        entity.shown = new
        if self.follows_offers and entity.kind in ("inventory", "listing"):
            self.moved[entity.kind, entity.id] = new.visible_ms
        if entity.kind == "order":
            self._index_order(entity, old, new)
        elif entity.kind == "inventory" and (old is None or old.removed) != new.removed:  # it comes or goes
            self._index(self.skus, entity, new)
        elif entity.kind == "listing" and (old is None or old.removed) != new.removed:
            self._index(self.active, entity, new)

    def _index_order(self, entity: Entity, old: Version | None, new: Version) -> None:
        add = list.append if self.loading else insort
        if new.removed:
            self._forget_order(entity, old)
            return
        self._index_date(self.by_modified, entity, old, new)
        if old is None:
            add(self.by_created, (entity.created_ms, entity.hash, entity.id))
            add(self.by_hash, (entity.hash, 0, entity.id))
        if new.status in OPEN:
            self.open.add(entity.id)
        else:
            self.open.discard(entity.id)

    def _forget_order(self, entity: Entity, old: Version | None) -> None:
        self.open.discard(entity.id)
        if old and not old.removed:
            for rows, first in ((self.by_modified, old.modified_ms), (self.by_created, entity.created_ms)):
                del rows[bisect_left(rows, (first, entity.hash, entity.id))]
            del self.by_hash[bisect_left(self.by_hash, (entity.hash, 0, entity.id))]

    def _index_date(self, rows: list[Row], entity: Entity, old: Version | None, new: Version) -> None:
        row = (new.modified_ms, entity.hash, entity.id)
        if old is None:
            rows.append(row) if self.loading else insort(rows, row)
        elif old.modified_ms != new.modified_ms:
            del rows[bisect_left(rows, (old.modified_ms, entity.hash, entity.id))]
            insort(rows, row)

    def _index(self, rows: list[tuple[int, str]], entity: Entity, new: Version) -> None:
        if self.loading:
            rows.append((entity.hash, entity.id))
            return
        at = bisect_left(rows, (entity.hash, entity.id))
        there = at < len(rows) and rows[at][1] == entity.id
        if new.removed and there:
            del rows[at]
        elif not new.removed and not there:
            rows.insert(at, (entity.hash, entity.id))

    def select(self, rows: list[Row], start: int, end: int, statuses: Collection[str], offset: int, limit: int) -> tuple[int, list[Entity]]:
        """How many orders have their date in [start, end] (ms, both included) and one of the statuses (none: any), and a page of them.

        `rows` is `by_modified` or `by_created`. On 100,000 orders a page takes a millisecond or two, wherever the window lies.
        """
        first, last = bisect_left(rows, (start, -1, "")), bisect_right(rows, (end, FOREVER, ""))
        if statuses or (last - first) * 16 < len(rows):
            found = rows[first:last]
            if statuses:
                found = [row for row in found if self._has(row[2], statuses)]
            chosen = heapq.nsmallest(offset + limit, found, key=_by_hash)[offset:]
            return len(found), [self.orders[row[2]] for row in chosen]
        return last - first, list(islice(self._walk(rows is self.by_modified, start, end), offset, offset + limit))

    def _has(self, order_id: str, statuses: Collection[str]) -> bool:
        shown = self.orders[order_id].shown
        return shown is not None and shown.status in statuses

    def _walk(self, modified: bool, start: int, end: int) -> Iterator[Entity]:
        for _, _, order_id in self.by_hash:
            entity = self.orders[order_id]
            if start <= (entity.shown.modified_ms if modified and entity.shown else entity.created_ms) <= end:
                yield entity


def _by_hash(row: Row) -> int:
    return row[1]
