"""Everything stored of one kind of one seller, in the contract's shape, streamed. Stock also says what should be left by now."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, Row, TextClause, text

from domain.changes.model import Kind
from store.events import stock
from store.events.entities import TABLES
from store.schema.errors import translated
from store.schema.times import iso

BATCH = 500  # rows in memory at a time
KINDS = {table: kind for kind, table in TABLES.items()}  # "orders" -> Kind.ORDER

ALLOW_SLOW_READER = text("SELECT set_config('idle_in_transaction_session_timeout', '600s', true)")  # the reader may be a slow pipe

# A stock item that the last complete scan left unchanged was so when that scan began: told here, instead of writing 10,000 rows a scan.
# What a set-aside document hides is not vouched for.
# Likewise a listing up to the listings' cursor: eBay told of all that was modified before. One that a version before 0011 derived from a
# sale is as old as that sale.
_AS_OF = {
    Kind.INVENTORY: """CASE
        WHEN e.removed_at IS NOT NULL OR a.reason IS NOT NULL THEN e.as_of
        WHEN e.read_from = 'derived' THEN coalesce(e.sold_at, e.as_of)
        WHEN starts_with(e.entity_id, 'listing:')
            THEN greatest(e.as_of, (SELECT cursor FROM sellerbeat.streams WHERE seller_id = :seller_id AND stream = 'listings'))
        ELSE greatest(e.as_of, (SELECT scanned_at FROM sellerbeat.streams WHERE seller_id = :seller_id AND stream = 'inventory')) END""",
}


def _rows(kind: Kind) -> TextClause:
    """In the order of the primary key, so that nothing is sorted: the lateral joins cannot change it."""
    more, joined = "", ""
    if kind is Kind.INVENTORY:
        more, joined = ", e.counts, s.sales", f"LEFT JOIN LATERAL ({stock.SALES.format(as_of='as_of.at', lag=stock.NO_LAG)}) AS s ON true"
    return text(f"""
        SELECT e.entity_id, e.data, e.version, as_of.at AS as_of, e.read_from, e.removed_at, a.reason AS set_aside{more}
        FROM sellerbeat.{TABLES[kind]} e
        LEFT JOIN LATERAL (
            SELECT reason FROM sellerbeat.set_aside
            WHERE seller_id = e.seller_id AND kind = '{kind.value}' AND key = e.entity_id LIMIT 1
        ) AS a ON true
        CROSS JOIN LATERAL (SELECT {_AS_OF.get(kind, "e.as_of")} AS at) AS as_of
        {joined}
        WHERE e.seller_id = :seller_id ORDER BY e.seller_id, e.entity_id
    """)


def _unstored(kind: Kind) -> TextClause:
    return text(f"""
        SELECT a.entity_id, NULL AS data, NULL AS version, a.read_at AS as_of, NULL AS read_from, NULL AS removed_at, a.reason AS set_aside,
            a.id AS aside_id
        FROM sellerbeat.set_aside a WHERE a.seller_id = :seller_id AND a.kind = '{kind.value}'
            AND NOT EXISTS (SELECT FROM sellerbeat.{TABLES[kind]} e WHERE e.seller_id = a.seller_id AND e.entity_id = a.key)
            AND NOT starts_with(a.reason, 'unreadable')
        ORDER BY a.id
    """)


SNAPSHOT_OF_SELLER = {kind: (_rows(kind), _unstored(kind)) for kind in Kind}


class Snapshots:
    """Reads at one moment of the database: what is committed meanwhile is not in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ")  # both statements see one moment

    def read(self, seller_id: str, kind: str) -> Iterator[dict[str, Any]]:
        """Entities by id, removed ones too, then set-aside ones that were never stored (no data). 100,000 rows need the memory of 500.

        Args:
            kind: "orders", "fulfillments", "inventory" or "offers".
        Raises:
            KeyError: another kind.
        """
        return self._read(seller_id, KINDS[kind])

    def _read(self, seller_id: str, kind: Kind) -> Iterator[dict[str, Any]]:
        with translated(), self._engine.begin() as connection:
            connection.execute(ALLOW_SLOW_READER)
            for statement in SNAPSHOT_OF_SELLER[kind]:
                streamed = connection.execution_options(stream_results=True, yield_per=BATCH)
                for row in streamed.execute(statement, {"seller_id": seller_id}):
                    yield entity(row, kind)


def entity(row: Row[Any], kind: Kind) -> dict[str, Any]:
    """As `snapshot --json` prints it."""
    expected = {"expected": expected_of(row)} if kind is Kind.INVENTORY else {}
    return {
        "entity_id": row.entity_id,
        "data": row.data,
        "version": row.version,
        "as_of": iso(row.as_of),
        "read_from": row.read_from,
        "removed_at": iso(row.removed_at),
        "set_aside": row.set_aside,
    } | expected


def expected_of(row: Row[Any]) -> dict[str, Any] | None:
    """What should be left of a stock row by now; None: as it was read."""
    if row.set_aside is not None or row.removed_at is not None:
        return None
    return stock.still_open(row)
