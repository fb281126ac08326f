"""A change event, or a stored entity, in one line, without the buyer."""

from __future__ import annotations

from typing import Any


def event_line(event: dict[str, Any]) -> str:
    """Position, time, seller, type, entity and the names of the fields that changed."""
    who = event["seller_id"] or "-"
    what = ", ".join(event["changed"])
    return f"{event['position']:>8}  {event['detected_at']}  {who:<16} {event['type']:<22} {event['entity_id']}  {what}".rstrip()


def entity_line(row: dict[str, Any]) -> str:
    """Entity, version, when it was so, where that was read ("derived": told by an order, not read yet), and what is special about it.

    A document that was never stored may lack id, version and source.
    """
    special = "removed" if row["removed_at"] else ""
    if row["set_aside"]:
        special = f"set aside: {row['set_aside']}"
    version = f"version {row['version']}" if row["version"] else "not stored"
    return f"{row['entity_id'] or '-':<32} {version:<12} {row['as_of']}  {row['read_from'] or '-':<8} {special}".rstrip()
