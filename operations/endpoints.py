"""Endpoints as command line and page show them."""

from __future__ import annotations

from typing import Any

from operations.context import CommandContext
from store.delivery.endpoints import Endpoint
from store.schema.times import iso


def listed(context: CommandContext) -> list[dict[str, Any]]:
    """All endpoints: settings, state, what waits, and the last answer of each."""
    store = context.store
    last = store.deliveries.last()
    return [described(one) | waiting(context, one) | {"last": last.get(one.id)} for one in store.endpoints.all()]


def described(one: Endpoint) -> dict[str, Any]:
    """An endpoint's settings and state, without its secrets; times in ISO."""
    return {
        "id": one.id,
        "url": one.url,
        "types": list(one.types),
        "seller_id": one.seller_id,
        "thin": one.thin,
        "state": one.state,
        "off_reason": one.off_reason,
        "failing_since": iso(one.failing_since),
        "created_at": iso(one.created_at),
    }


def waiting(context: CommandContext, one: Endpoint) -> dict[str, Any]:
    """How many changes wait for it, and since when the oldest; `again`: those that are to be sent again."""
    found = context.store.deliveries.waiting(one.id)
    return {"waiting": found.changes, "again": found.again, "oldest_at": iso(found.since)}
