"""A seller's changes as people look for them: by type, by order number or SKU; the newest first, some at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from store.schema.errors import translated

SCAN = 5_000  # changes that are looked through for a type at a time: what is rare is looked for further back by a link
SOME = 100  # orders in which a SKU or a listing was sold, the newest

_COLUMNS = "position, type, entity_id, version, detected_at, source, changed, previous, data"
# What a number of an order stands for, and what an SKU or the number of a listing does. Each by an index, and whole.
ENTITIES_NAMED_SO = text(f"""
    SELECT entity_id FROM sellerbeat.fulfillments WHERE seller_id = :seller_id AND order_id = :name
    UNION SELECT entity_id FROM sellerbeat.offers WHERE seller_id = :seller_id AND sku = :name
    UNION SELECT order_id FROM (SELECT order_id FROM sellerbeat.sold_lines
        WHERE seller_id = :seller_id AND sku = :name ORDER BY sold_at DESC LIMIT {SOME}) AS of_sku
    UNION SELECT order_id FROM (SELECT order_id FROM sellerbeat.sold_lines
        WHERE seller_id = :seller_id AND item_id = :name ORDER BY sold_at DESC LIMIT {SOME}) AS of_listing
""")
CHANGES_OF_ENTITIES = text(f"""
    SELECT {_COLUMNS} FROM sellerbeat.change_events
    WHERE seller_id = :seller_id AND entity_id = ANY (:ids) AND position < :before AND starts_with(type, :begins)
    ORDER BY position DESC LIMIT :limit
""")
# The last that may be looked at is among them though it may not fit, to go on from.
POSITIONS_OF_TYPE_BEFORE = text("""
    WITH looked AS MATERIALIZED (
        SELECT position, starts_with(type, :begins) AS fits, row_number() OVER (ORDER BY position DESC) AS nth
        FROM sellerbeat.change_events WHERE seller_id = :seller_id AND position < :before ORDER BY position DESC LIMIT :scan
    )
    SELECT position, fits, nth FROM looked WHERE fits OR nth = :scan ORDER BY position DESC LIMIT :limit
""")
CHANGES_AT_POSITIONS = text(f"""
    SELECT {_COLUMNS} FROM sellerbeat.change_events WHERE seller_id = :seller_id AND position = ANY (:positions) ORDER BY position DESC
""")


@dataclass(frozen=True, slots=True)
class FoundChangesOfSeller:
    """A page of them. `older`: the position before which there may be more; None: there are none."""

    rows: list[Row[Any]]
    older: int | None


class SellerChangesReader:
    """For the page. Locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    def find(self, seller_id: str, limit: int, before: int, begins: str = "", name: str = "") -> FoundChangesOfSeller:
        """The newest that fit.

        Args:
            before: a position.
            begins: how their type begins, such as `order.`; empty: any.
            name: an order's number, a SKU or a listing's number, whole; empty: any.
        """
        values = {"seller_id": seller_id, "before": before, "begins": begins}
        with translated(), self._engine.connect() as connection:
            if name:
                return _of_name(connection, values, limit, name)
            scan = SCAN if begins else limit + 1
            found = connection.execute(POSITIONS_OF_TYPE_BEFORE, {**values, "scan": scan, "limit": limit + 1}).all()
            fitting = [row.position for row in found if row.fits][:limit]
            rows = connection.execute(CHANGES_AT_POSITIONS, {"seller_id": seller_id, "positions": fitting}).all() if fitting else []
        if len(found) <= limit and (not found or found[-1].nth < scan):
            return FoundChangesOfSeller(list(rows), None)  # the oldest that is kept was looked at
        return FoundChangesOfSeller(list(rows), fitting[-1] if len(fitting) == limit else found[-1].position)


def _of_name(connection: Connection, values: dict[str, Any], limit: int, name: str) -> FoundChangesOfSeller:
    named = connection.execute(ENTITIES_NAMED_SO, {"seller_id": values["seller_id"], "name": name}).scalars()
    ids = [name, f"listing:{name}", *named]
    rows = connection.execute(CHANGES_OF_ENTITIES, {**values, "ids": ids, "limit": limit + 1}).all()
    return FoundChangesOfSeller(list(rows[:limit]), rows[limit - 1].position if len(rows) > limit else None)
