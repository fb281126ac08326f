"""What the feed tells of a seller's beginning and end: no token, and nobody's name."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from domain.pacing import InventorySource
from store.events.events import Events
from store.schema.kinds import CONNECTED, REMOVED
from store.schema.times import iso


def add_connected(events: Events, seller_id: str, generation: int, enrolled_at: datetime, options: Mapping[str, Any] | None) -> None:
    """`generation`: of the token."""
    chosen = options or {}
    source, offers = chosen.get("inventory_source", InventorySource.AUTO), bool(chosen.get("offers"))
    seller = {"seller_id": seller_id, "generation": generation, "enrolled_at": iso(enrolled_at)}
    data = json.dumps({**seller, "inventory_source": str(source), "offers": offers})
    events.add(CONNECTED, seller_id, generation, enrolled_at, "poll", data)


def add_removed(events: Events, seller_id: str, version: int, removed_at: datetime) -> None:
    """Nothing is polled any more; what was recorded is there."""
    data = {"seller_id": seller_id, "removed_at": iso(removed_at), "erased": False}
    events.add(REMOVED, seller_id, version, removed_at, "poll", json.dumps(data))


def tell_removed_for_good(connection: Connection, seller_id: str, version: int, removed: Row[Any]) -> None:
    """The same before an erasure, which it outlives as an event of nobody's. `removed`: enrollment and removed_at of the seller."""
    events = Events(removed.enrollment)
    add_removed(events, seller_id, version, removed.removed_at)
    events.emit(connection, None)


def add_erased(events: Events, seller_id: str, version: int, erased_at: datetime) -> None:
    """Nothing of them is there any more. Its key is another than that of the removal before, which may have the same version."""
    data = {"seller_id": seller_id, "removed_at": iso(erased_at), "erased": True}
    events.add(REMOVED, seller_id, version, erased_at, "poll", json.dumps(data), key=f"erased\n{seller_id}")
