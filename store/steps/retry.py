"""Trying again what is set aside, by hand: `starter.py set-aside --retry ID`. Documents that could not be kept also by themselves.

What eBay could not show is asked for again by the next poll of whoever reads it (`activities/polling/stepping_over.py`).
"""

import json
from datetime import datetime

from sqlalchemy import Engine, text

from domain.changes import listings
from domain.changes.model import Kind
from domain.streams import STREAMS
from store.events.aside import ASK_RETRY_OF_SET_ASIDE, DOCUMENT, WHAT
from store.events.rereads import What
from store.schema.errors import translated
from store.steps.steps import StepStore

SET_ASIDE_BY_ID = text(f"SELECT seller_id, kind, key, entity_id, raw, read_at, {WHAT} AS what FROM sellerbeat.set_aside WHERE id = :id")
MAKE_SINGLE_OF_ORDER_DUE = text(
    "UPDATE sellerbeat.orders SET single_due = true WHERE seller_id = :seller_id AND entity_id = :order_id RETURNING 1"
)
MAKE_PARCELS_OF_ORDER_DUE = text(
    "UPDATE sellerbeat.orders SET parcels_due = true WHERE seller_id = :seller_id AND entity_id = :order_id RETURNING 1"
)
MAKE_ORDER_DUE = {What.PARCELS.value: MAKE_PARCELS_OF_ORDER_DUE, What.SINGLE.value: MAKE_SINGLE_OF_ORDER_DUE}
READ_AGAIN_BY = {Kind(spec.retries): stream for stream, spec in STREAMS.items() if spec.retries}


class Retry:
    """Stores again what was set aside, in steps of its own, so fenced as the commits of a poll are."""

    def __init__(self, engine: Engine, steps: StepStore) -> None:
        self._engine, self._steps = engine, steps

    def again(self, aside_id: int, now: datetime | None = None) -> bool | None:
        """Try one set-aside document again, in a step of its own (a poll that runs meanwhile is superseded, and tries again).

        `now`: the clock that paces the polls, where it is not the database's.

        Returns True: it is kept; an older one than what is stored by now is done with too. False: refused again, or it is no document, and
        asked for again at the next poll. None: there is nothing of that id.
        """
        with translated(), self._engine.begin() as connection:
            row = connection.execute(SET_ASIDE_BY_ID, {"id": aside_id}).one_or_none()
            if row is None:
                return None
            if row.what != DOCUMENT:
                order = {"seller_id": row.seller_id, "order_id": row.key.partition("/")[0]}
                if (flag := MAKE_ORDER_DUE.get(row.what)) is None or not connection.execute(flag, order).rowcount:
                    connection.execute(ASK_RETRY_OF_SET_ASIDE, {"id": aside_id})
                return False
        step = self._steps.begin(row.seller_id, READ_AGAIN_BY[Kind(row.kind)])
        document = json.loads(row.raw)
        with self._steps.commit(step, now) as commit:
            if row.kind == Kind.ORDER:
                result = commit.store_orders([document], row.read_at)
            elif row.kind == Kind.OFFER:
                sku = document.get("sku") if isinstance(document, dict) else None
                result = commit.store_offers(sku if isinstance(sku, str) else "", [document], row.read_at, whole=False)
            elif row.entity_id and listings.entity_id(document) == row.entity_id:
                result = commit.store_listings([document], row.read_at)
            else:
                result = commit.store_inventory([document], row.read_at)
            if not result.set_aside:
                commit.no_longer_aside(Kind(row.kind), row.key)
            else:
                commit.aside_tried(aside_id, spent=False)  # no call was made
        return result.set_aside == 0
