"""Trying set-aside documents again, by hand: `starter.py set-aside --retry ID`."""

import json

from sqlalchemy import Engine, text

from changes import listings
from changes.model import Kind
from pacing import Stream
from store import moments
from store.errors import translated
from store.rereads import What
from store.steps import Steps

FIND = text("SELECT seller_id, kind, key, entity_id, raw, read_at FROM set_aside WHERE id = :id")
SINGLE = text("UPDATE orders SET single_due = true WHERE seller_id = :seller_id AND entity_id = :order_id RETURNING 1")
PARCELS = text("UPDATE orders SET parcels_due = true WHERE seller_id = :seller_id AND entity_id = :order_id RETURNING 1")
STREAMS = {Kind.ORDER: Stream.ORDERS, Kind.FULFILLMENT: Stream.FULFILLMENT, Kind.INVENTORY: Stream.INVENTORY, Kind.OFFER: Stream.OFFERS}


def is_unread(kind: str, key: str) -> bool:
    """Whether a set-aside row is an order that eBay did not show alone, and no document."""
    return kind == Kind.ORDER and key.endswith(f"/?{What.SINGLE}")


class Retry:
    def __init__(self, engine: Engine, steps: Steps) -> None:
        self._engine, self._steps = engine, steps

    def again(self, aside_id: int) -> bool | None:
        """Try one set-aside document again, in a step of its own (a poll that runs meanwhile is superseded, and tries again).

        Returns True: it is kept; an older one than what is stored by now is done with too. False: refused again, or its order is to be read
        again at the next poll, since parcels are only compared all together. None: there is no such document.
        """
        with translated(), self._engine.begin() as connection:
            row = connection.execute(FIND, {"id": aside_id}).one_or_none()
            if row is None:
                return None
            if row.kind == moments.WINDOW:  # its stream reads it again
                return False
            read_again = PARCELS if row.kind == Kind.FULFILLMENT else SINGLE if is_unread(row.kind, row.key) else None
            if read_again is not None and row.entity_id:
                connection.execute(read_again, {"seller_id": row.seller_id, "order_id": row.entity_id.partition("/")[0]})
                return False
        step = self._steps.begin(row.seller_id, STREAMS[Kind(row.kind)])
        document = json.loads(row.raw)
        with self._steps.commit(step) as commit:
            if row.kind == Kind.ORDER:
                kept = commit.keep_orders([document], row.read_at)
            elif row.kind == Kind.OFFER:
                sku = document.get("sku") if isinstance(document, dict) else None
                kept = commit.keep_offers(sku if isinstance(sku, str) else "", [document], row.read_at, whole=False)
            elif row.entity_id and listings.entity_id(document) == row.entity_id:
                kept = commit.keep_listings([document], row.read_at)
            else:
                kept = commit.keep_inventory([document], row.read_at)
            if not kept.set_aside:
                commit.no_longer_aside(Kind(row.kind), row.key)
        return kept.set_aside == 0
