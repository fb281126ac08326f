"""The feed of change events, in the contract's shape, in the order of their commits."""

from typing import Any

from sqlalchemy import Engine, Row, bindparam, func, select

from store.schema.errors import translated
from store.schema.event_tables import change_events
from store.schema.times import iso

E = change_events.c
EVENTS_AFTER = select(change_events).where(E.position > bindparam("after")).order_by(E.position).limit(bindparam("limit"))
EVENTS_OF_SELLER_AFTER = EVENTS_AFTER.where(E.seller_id == bindparam("seller"))
LAST_POSITION = select(func.coalesce(func.max(E.position), 0))


class Feed:
    """For whoever reads changes. Locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def read(self, after: int = 0, limit: int = 500, seller: str | None = None) -> list[dict[str, Any]]:
        """Events behind a position, oldest first. Who reads on after the last position they got misses none and gets none twice."""
        statement = EVENTS_AFTER if seller is None else EVENTS_OF_SELLER_AFTER
        values = {"after": after, "limit": limit} | ({} if seller is None else {"seller": seller})
        with translated(), self._single.connect() as connection:
            return [as_event(row) for row in connection.execute(statement, values)]

    def last(self) -> int:
        """The newest position; 0 for an empty feed."""
        with translated(), self._single.connect() as connection:
            position: int = connection.execute(LAST_POSITION).scalar_one()
            return position


def as_event(row: Row[Any]) -> dict[str, Any]:
    """A row of `change_events` in the contract's shape: times as text, in UTC to the millisecond."""
    return {
        "id": row.id,
        "position": row.position,
        "seller_id": row.seller_id,
        "sequence": row.sequence,
        "type": row.type,
        "entity_id": row.entity_id,
        "version": row.version,
        "occurred_at": iso(row.occurred_at),
        "detected_at": iso(row.detected_at),
        "source": row.source,
        "changed": row.changed,
        "previous": row.previous,
        "data": row.data,
    }
