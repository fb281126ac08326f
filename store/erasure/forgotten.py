"""Buyers who left eBay, on the way in: their orders are redacted before they are compared, so that nothing of them comes back.

eBay may go on to show them, and shows old orders anew years later. The list holds keyed hashes of names and ids, and the orders that were
redacted. Since September 2025 eBay may show the immutable user id where the user name stood (banner of developer.ebay.com): so a buyer's
"name" is looked for as both.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from domain.changes.orders import entity_id
from domain.changes.personal import buyer_of, redact_order, redact_parcel
from store.schema.keyed import KeyedHash

# Numbers within the page, from 1: the buyer left, by name or by id, or the order was erased before under another name.
ORDERS_TO_REDACT = text("""
    SELECT n AS place
    FROM unnest(CAST(:names AS bytea[]), CAST(:persons AS bytea[]), CAST(:ids AS text[])) WITH ORDINALITY AS given (name, person, id, n)
    WHERE EXISTS (SELECT FROM sellerbeat.deletions d WHERE d.name = given.name)
        OR EXISTS (SELECT FROM sellerbeat.deletions d WHERE d.person = given.person)
        OR EXISTS (SELECT FROM sellerbeat.erased_orders e WHERE e.seller_id = :seller_id AND e.entity_id = given.id)
""")
MARK_ORDERS_ERASED = text("""
    INSERT INTO sellerbeat.erased_orders (seller_id, entity_id) SELECT :seller_id, id FROM unnest(CAST(:ids AS text[])) AS given (id)
        WHERE id <> ''
    ON CONFLICT DO NOTHING
""")
IS_ORDER_ERASED = text("SELECT EXISTS (SELECT FROM sellerbeat.erased_orders WHERE seller_id = :seller_id AND entity_id = :order_id)")
NAME, PERSON = "user name", "user id"


class Forgotten:
    """Shared by all threads."""

    def __init__(self, hashes: KeyedHash) -> None:
        self._hashes = hashes

    def name(self, username: str) -> bytes:
        """eBay's user names are the same in capitals."""
        return self._hashes.of(NAME, username.lower())

    def person(self, user_id: str) -> bytes:
        """The keyed hash of eBay's user id, which never changes, as it is spelled; 32 bytes."""
        return self._hashes.of(PERSON, user_id)

    def orders(self, connection: Connection, seller_id: str, documents: Sequence[Any]) -> Sequence[Any]:
        """The orders as they may be kept: one statement a page, under the lock of the seller's row, which `ErasureStore` takes too."""
        if not documents:
            return documents
        ids = [_usable(entity_id(document)) for document in documents]
        buyers = [buyer_of(document) for document in documents]
        names = [self.name(buyer) if buyer else None for buyer in buyers]
        persons = [self.person(buyer) if buyer else None for buyer in buyers]
        found = set(
            connection.execute(ORDERS_TO_REDACT, {"seller_id": seller_id, "names": names, "persons": persons, "ids": ids}).scalars()
        )
        if not found:
            return documents
        # also under another name, which eBay may give who left; and so do their parcels
        connection.execute(MARK_ORDERS_ERASED, {"seller_id": seller_id, "ids": [ids[index - 1] for index in sorted(found)]})
        pairs = zip(documents, buyers, strict=True)
        return [redact_order(one, buyer or "") if index in found else one for index, (one, buyer) in enumerate(pairs, start=1)]

    def parcels(self, connection: Connection, seller_id: str, order_id: str, documents: Sequence[Any]) -> Sequence[Any]:
        """The same for an order's parcels."""
        if not documents or not connection.execute(IS_ORDER_ERASED, {"seller_id": seller_id, "order_id": order_id}).scalar():
            return documents
        return [redact_parcel(one) if isinstance(one, dict) else one for one in documents]


def _usable(order_id: str | None) -> str:
    """Postgres takes neither NUL nor lone surrogates."""
    return (order_id or "").replace("\0", "").encode("utf-8", "replace").decode()
