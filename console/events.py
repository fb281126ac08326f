"""A change event in one line, without the buyer."""

from __future__ import annotations

from typing import Any


def event_line(event: dict[str, Any]) -> str:
    """Position, time, seller, type, entity and the names of the fields that changed."""
    who = event["seller_id"] or "-"
    what = ", ".join(event["changed"])
    return f"{event['position']:>8}  {event['detected_at']}  {who:<16} {event['type']:<22} {event['entity_id']}  {what}".rstrip()
