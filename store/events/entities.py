"""Rows of orders, fulfillments and inventory: reading what is stored, writing what changed. Set-based: one statement a page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from domain.changes.dates import SKEW, modified_at, read_time
from domain.changes.model import Change, Document, Kind, Stored
from domain.changes.orders import is_open
from store.schema.errors import refused, sqlstate

TABLES = {Kind.ORDER: "orders", Kind.FULFILLMENT: "fulfillments", Kind.INVENTORY: "inventory", Kind.OFFER: "offers"}

# An order's date beyond eBay's clock at the answer that had it is none: believed, it would make all later documents older ones.
_POSSIBLE = f"CASE WHEN e.modified_at <= e.as_of + interval '{SKEW.total_seconds():g} seconds' THEN e.modified_at END"

# The documents come only where the digests differ: a page of duplicates moves no documents.
_STORED = """
    SELECT e.entity_id, e.version, CASE WHEN e.digest = f.digest THEN NULL ELSE e.data END AS data, {modified_at} AS modified_at,
        e.removed_at IS NOT NULL AS removed
    FROM unnest(CAST(:ids AS text[]), CAST(:digests AS bytea[])) AS f (entity_id, digest)
    JOIN sellerbeat.{table} e ON e.seller_id = :seller_id AND e.entity_id = f.entity_id
"""
STORED_ENTITIES = {
    Kind.ORDER: text(_STORED.format(table="orders", modified_at=_POSSIBLE)),
    Kind.INVENTORY: text(_STORED.format(table="inventory", modified_at="NULL")),
}
STORED_PARCELS = text("""
    SELECT entity_id, version, data, NULL AS modified_at, removed_at IS NOT NULL AS removed
    FROM sellerbeat.fulfillments WHERE seller_id = :seller_id AND order_id = :order_id
""")

_COLUMNS = {
    "entity_id": "text",
    "version": "bigint",
    "data": "jsonb",
    "digest": "bytea",
    "removed_at": "timestamptz",
}
_MORE: dict[Kind, dict[str, str]] = {
    Kind.ORDER: {"modified_at": "timestamptz", "created_at": "timestamptz", "is_open": "boolean", "parcels_due": "boolean"},
    Kind.FULFILLMENT: {"order_id": "text"},
    Kind.INVENTORY: {},
    Kind.OFFER: {"sku": "text"},
}


def _upsert(kind: Kind) -> TextClause:
    """Within a savepoint, in one round trip: if Postgres refuses a value, what the transaction did before stands."""
    table, columns = TABLES[kind], {**_COLUMNS, **_MORE[kind]}
    names = ", ".join(columns)
    arrays = ", ".join(f"CAST(:{name} AS {type_}[])" for name, type_ in columns.items())
    updates = ", ".join(
        f"{name} = t.parcels_due OR excluded.parcels_due" if name == "parcels_due" else f"{name} = excluded.{name}"
        for name in [*columns, "as_of", "read_from"]
        if name != "entity_id"
    )
    return text(f"""
        SAVEPOINT page;
        INSERT INTO sellerbeat.{table} AS t (seller_id, as_of, read_from, {names})
        SELECT :seller_id, :as_of, :read_from, {names} FROM unnest({arrays}) AS given ({names})
        ON CONFLICT (seller_id, entity_id) DO UPDATE SET {updates};
        RELEASE SAVEPOINT page
    """)


UPSERT_ENTITIES = {kind: _upsert(kind) for kind in Kind}
# What the transaction did before the page stands.
UNDO_PAGE = text("ROLLBACK TO SAVEPOINT page; RELEASE SAVEPOINT page")


@dataclass(slots=True)
class EntityRow:
    """One entity to be written; `change` is None where only its bytes moved."""

    entity_id: str
    version: int
    document: Document
    data: str  # the document as JSON text
    digest: bytes
    change: Change | None = None
    sku: str = ""  # whose answer an offer was in

    def values(self, kind: Kind, as_of: datetime) -> dict[str, Any]:
        """The values of its row, by column. `as_of`: eBay's clock when it gave the document."""
        document, change = self.document, self.change
        values: dict[str, Any] = {
            "entity_id": self.entity_id,
            "version": self.version,
            "data": self.data,
            "digest": self.digest,
            "removed_at": as_of if change and change.removed else None,
        }
        if kind is Kind.ORDER:
            values["modified_at"] = modified_at(document, as_of)
            values["created_at"] = read_time(document.get("creationDate"))
            values["is_open"] = is_open(document)
            values["parcels_due"] = change is not None and change.parcels_due
        elif kind is Kind.FULFILLMENT:
            values["order_id"] = self.entity_id.partition("/")[0]
        elif kind is Kind.OFFER:
            values["sku"] = self.sku
        return values


def as_json(document: Document) -> str:
    """Raises ValueError or RecursionError for what JSONB could not hold either."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def stored(connection: Connection, kind: Kind, seller_id: str, digests: Mapping[str, bytes]) -> dict[str, Stored]:
    """What is stored of these entities, by id. Digests that equal nothing (`b""`) bring the documents in any case."""
    if not digests:
        return {}
    found = connection.execute(STORED_ENTITIES[kind], {"seller_id": seller_id, "ids": list(digests), "digests": list(digests.values())})
    return {row.entity_id: Stored(*row) for row in found}


def stored_parcels(connection: Connection, seller_id: str, order_id: str) -> list[Stored]:
    """All of an order, removed ones too, each with its document."""
    found = connection.execute(STORED_PARCELS, {"seller_id": seller_id, "order_id": order_id})
    return [Stored(*row) for row in found]


def write(
    connection: Connection, kind: Kind, seller_id: str, rows: Sequence[EntityRow], as_of: datetime, read_from: str
) -> list[tuple[EntityRow, str]]:
    """Write all rows at once, or if Postgres refuses a value in one of them, one by one. Returns the refused ones, each with the reason."""
    if not rows:
        return []
    reason = _try(connection, kind, seller_id, rows, as_of, read_from)
    if reason is None:
        return []
    if len(rows) == 1:
        return [(rows[0], reason)]
    return [refusal for row in rows for refusal in write(connection, kind, seller_id, [row], as_of, read_from)]


def _try(connection: Connection, kind: Kind, seller_id: str, rows: Sequence[EntityRow], as_of: datetime, read_from: str) -> str | None:
    """None when all went well, else why not, in words without values."""
    records = [row.values(kind, as_of) for row in rows]
    columns = {name: [record[name] for record in records] for name in records[0]}
    try:
        connection.execute(UPSERT_ENTITIES[kind], {**columns, "seller_id": seller_id, "as_of": as_of, "read_from": read_from})
    except DBAPIError as error:
        if not refused(error):
            raise
        connection.execute(UNDO_PAGE)
        return f"refused by Postgres (SQLSTATE {sqlstate(error)})"
    except ValueError:  # the driver itself: NUL, lone surrogates; nothing was sent
        return "holds characters that Postgres cannot keep"
    return None
