"""Making a user anonymous wherever they are kept as a buyer: their orders, these orders' parcels and events, and documents set aside.

One order is one transaction, under the lock of its seller's row, as every commit of a step is; broken off at any point it goes on where it
stopped, since an order without its buyer is not found again. Events keep their id, position and type: who reads the feed misses nothing.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, text

from domain.changes.model import Document, Kind
from domain.changes.normal import digest
from domain.changes.personal import buyer_of, redact_order, redact_parcel
from store.erasure.deletions import ADD_TO_COUNTS_OF_DELETION
from store.erasure.forgotten import Forgotten
from store.events import aside
from store.events.entities import as_json
from store.schema.errors import translated
from store.schema.keyed import KeyedHash

CHUNK = 100  # orders found at a time
SWEEP = 1000

# By the index orders_by_buyer; the digest is only to find them
ORDERS_OF_BUYER = text("""
    SELECT seller_id, entity_id FROM sellerbeat.orders WHERE md5(lower(data -> 'buyer' ->> 'username')) = md5(lower(:name))
        AND lower(data -> 'buyer' ->> 'username') = lower(:name) LIMIT :limit
""")
# As every commit of a step does: none of them writes this order meanwhile.
LOCK_SELLER_OF_ORDER = text("SELECT 1 FROM sellerbeat.sellers WHERE seller_id = :seller_id FOR NO KEY UPDATE")
DOCUMENT_OF_ORDER = text("SELECT data FROM sellerbeat.orders WHERE seller_id = :seller_id AND entity_id = :order_id")
DOCUMENTS_OF_PARCELS = text("SELECT entity_id, data FROM sellerbeat.fulfillments WHERE seller_id = :seller_id AND order_id = :order_id")
# An order's events and its parcels', told apart by `of_order`.
EVENTS_OF_ENTITIES = text("""
    SELECT position, data, previous, entity_id = :order_id AS of_order FROM sellerbeat.change_events
    WHERE seller_id = :seller_id AND entity_id = ANY (CAST(:ids AS text[]))
""")
REPLACE_ORDER = text("""
    UPDATE sellerbeat.orders SET data = CAST(:data AS jsonb), digest = :digest WHERE seller_id = :seller_id AND entity_id = :order_id
""")
REPLACE_PARCELS = text("""
    UPDATE sellerbeat.fulfillments f SET data = given.data, digest = given.digest
    FROM unnest(CAST(:ids AS text[]), CAST(:data AS jsonb[]), CAST(:digests AS bytea[])) AS given (id, data, digest)
    WHERE f.seller_id = :seller_id AND f.entity_id = given.id
""")
REPLACE_DOCUMENTS_OF_EVENTS = text("""
    UPDATE sellerbeat.change_events e SET data = given.data, previous = given.previous
    FROM unnest(CAST(:positions AS bigint[]), CAST(:data AS jsonb[]), CAST(:previous AS jsonb[])) AS given (position, data, previous)
    WHERE e.position = given.position
""")
# Read by `forgotten.py`: the order is redacted whenever it comes again.
MARK_ORDER_ERASED = text(
    "INSERT INTO sellerbeat.erased_orders (seller_id, entity_id) VALUES (:seller_id, :order_id) ON CONFLICT DO NOTHING"
)
# Few rows, and an alert stands for as long as there are any: a scan each time
SET_ASIDE_OF_BUYER = text("""
    SELECT id, kind, raw FROM sellerbeat.set_aside s WHERE position(:needle IN lower(raw)) > 0 OR EXISTS (
        SELECT FROM sellerbeat.erased_orders e WHERE e.seller_id = s.seller_id AND e.entity_id = split_part(s.key, '/', 1)) ORDER BY id
""")
# Only over what was read: a retry may have put another document there.
REPLACE_SET_ASIDE = text("UPDATE sellerbeat.set_aside SET raw = :raw WHERE id = :id AND raw = :before")
# All sellers' orders by their key, so that a page begins behind the last, whatever is written meanwhile.
NEXT_BUYERS_OF_ORDERS = text("""
    SELECT seller_id, entity_id, data -> 'buyer' ->> 'username' AS name FROM sellerbeat.orders
    WHERE (seller_id, entity_id) > (:seller_id, :entity_id) ORDER BY seller_id, entity_id LIMIT :limit
""")
# By name and by id: eBay may show a user id as the name, see `forgotten.py`.
FORGOTTEN_AMONG_HASHES = text("""
    SELECT name FROM sellerbeat.deletions WHERE name = ANY (CAST(:names AS bytea[]))
    UNION SELECT person FROM sellerbeat.deletions WHERE person = ANY (CAST(:names AS bytea[]))
""")
GONE = '"erased: it told of a user who left eBay"'

Found = Counter[str]


class ErasureStore:
    """Makes buyers anonymous, an order a transaction. Any call may be repeated."""

    def __init__(self, engine: Engine, hashes: KeyedHash) -> None:
        self._engine, self._forgotten = engine, Forgotten(hashes)

    def buyer(self, username: str, deletion_id: str = "", going_on: Callable[[], None] = lambda: None) -> Found:
        """Forget a buyer. May be repeated at any point.

        Args:
            deletion_id: whose counts grow with each order, in its transaction.
            going_on: called between orders.
        Returns:
            rows made anonymous, by table.
        """
        found: Found = Counter()
        if not username:
            return found
        while orders := self._find(username):
            for seller_id, order_id in orders:
                found += self.order(seller_id, order_id, username, deletion_id)
                going_on()
        return found + self._set_aside(username, deletion_id)

    def order(self, seller_id: str, order_id: str, username: str = "", deletion_id: str = "") -> Found:
        """One order, its parcels, and all that the feed tells of them."""
        values = {"seller_id": seller_id, "order_id": order_id}
        with translated(), self._engine.begin() as connection:
            connection.execute(LOCK_SELLER_OF_ORDER, values)
            stored = connection.execute(DOCUMENT_OF_ORDER, values).scalar()
            if stored is None:  # the seller was erased meanwhile
                return Counter()
            username = username or buyer_of(stored) or ""
            connection.execute(MARK_ORDER_ERASED, values)
            redacted = redact_order(stored, username)
            connection.execute(REPLACE_ORDER, {**values, "data": as_json(redacted), "digest": digest(Kind.ORDER, redacted)})
            parcels = connection.execute(DOCUMENTS_OF_PARCELS, values).all()
            changed = [(row.entity_id, new) for row in parcels if (new := redact_parcel(row.data)) != row.data]
            if changed:
                columns = {
                    "ids": [entity_id for entity_id, _ in changed],
                    "data": [as_json(new) for _, new in changed],
                    "digests": [digest(Kind.FULFILLMENT, new) for _, new in changed],
                }
                connection.execute(REPLACE_PARCELS, {**values, **columns})
            events = self._events(connection, values, [order_id, *(row.entity_id for row in parcels)], username)
            found = +Counter({"orders": int(redacted != stored), "fulfillments": len(changed), "change_events": events})
            if deletion_id and found:
                connection.execute(ADD_TO_COUNTS_OF_DELETION, {"id": deletion_id, "counts": json.dumps(found)})
            return found

    def _events(self, connection: Connection, values: dict[str, Any], ids: Sequence[str], username: str) -> int:
        changed = []
        for row in connection.execute(EVENTS_OF_ENTITIES, {**values, "ids": list(ids)}).all():
            data, previous = _redacted(row.data, row.of_order, username), _redacted(row.previous, row.of_order, username)
            if (data, previous) != (row.data, row.previous):
                changed.append((row.position, as_json(data), as_json(previous)))
        if changed:
            positions, data_, previous_ = zip(*changed, strict=True)
            connection.execute(
                REPLACE_DOCUMENTS_OF_EVENTS, {"positions": list(positions), "data": list(data_), "previous": list(previous_)}
            )
        return len(changed)

    def _find(self, username: str) -> list[tuple[str, str]]:
        with translated(), self._engine.begin() as connection:
            return [(row.seller_id, row.entity_id) for row in connection.execute(ORDERS_OF_BUYER, {"name": username, "limit": CHUNK})]

    def _set_aside(self, username: str, deletion_id: str) -> Found:
        needle = json.dumps(username)[1:-1].lower()
        count = 0
        with translated(), self._engine.begin() as connection:
            for row in connection.execute(SET_ASIDE_OF_BUYER, {"needle": needle}).all():
                raw = _raw(row.kind, row.raw, username, needle)
                if raw != row.raw:
                    count += connection.execute(REPLACE_SET_ASIDE, {"id": row.id, "raw": raw, "before": row.raw}).rowcount
            found = +Counter({"set_aside": count})
            if deletion_id and found:
                connection.execute(ADD_TO_COUNTS_OF_DELETION, {"id": deletion_id, "counts": json.dumps(found)})
            return found

    def all(self) -> Iterator[Found]:
        """Look at every order's buyer, whether the list has them: after a restore. One result a page, so that progress can be shown."""
        seller_id = entity_id = ""
        while page := self._page(seller_id, entity_id):
            seller_id, entity_id = page[-1][:2]
            hashes = {buyer: {self._forgotten.name(buyer), self._forgotten.person(buyer)} for *_, buyer in page if buyer}
            listed = self._listed({one for both in hashes.values() for one in both})
            left = {buyer for buyer, both in hashes.items() if both & listed}
            found: Found = Counter()
            for seller, order, buyer in page:
                if buyer in left:
                    found += self.order(seller, order, buyer)
            for buyer in left:
                found += self._set_aside(buyer, "")
            yield found

    def _page(self, seller_id: str, entity_id: str) -> list[tuple[str, str, str | None]]:
        values = {"seller_id": seller_id, "entity_id": entity_id, "limit": SWEEP}
        with translated(), self._engine.begin() as connection:
            return [(row.seller_id, row.entity_id, row.name) for row in connection.execute(NEXT_BUYERS_OF_ORDERS, values)]

    def _listed(self, names: set[bytes]) -> set[bytes]:
        with translated(), self._engine.begin() as connection:
            return {bytes(name) for name in connection.execute(FORGOTTEN_AMONG_HASHES, {"names": list(names)}).scalars()}


def _redacted(document: Document, of_order: bool, username: str) -> Document:
    if of_order:
        return redact_order(document, username)
    return redact_parcel(document)


def _raw(kind: str, raw: str, username: str, needle: str) -> str:
    """A set-aside document without the buyer; of an odd shape nothing is left."""
    document = json.loads(raw)
    if not isinstance(document, dict):
        return GONE
    redacted = aside.raw(redact_parcel(document) if kind == Kind.FULFILLMENT else redact_order(document, username))
    return redacted if needle not in redacted.lower() else GONE
