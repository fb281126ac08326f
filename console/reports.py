"""How alerts, the quota and the log of deliveries stand on a screen. Rows are as the commands print them with --json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console.output import show, show_texts

QUOTA = {
    "resource": "resource",
    "used": "used today",
    "limit": "limit",
    "remaining": "left by eBay's count",
    "reset_at": "reset",
    "level": "level",
}
DELIVERIES = {
    "at": "at",
    "endpoint_id": "endpoint",
    "seller_id": "seller",
    "position": "position",
    "type": "type",
    "attempt": "attempt",
    "outcome": "outcome",
    "status": "status",
    "took_ms": "ms",
    "kind": "why",
}


def show_alerts(rows: Sequence[dict[str, Any]], closed: bool = False) -> None:
    """Each with what to do and where to read more. `closed`: those that passed are among them."""
    heads = {"kind": "", "seller_id": "seller ", "opened_at": "opened ", "closed_at": "closed "}
    show_texts(rows, heads, {"text": "", "to_do": "What to do: ", "runbook": "More: "}, empty="no alerts" if closed else "no open alerts")


def show_quota(rows: Sequence[dict[str, Any]]) -> None:
    """By eBay's resource."""
    show(
        rows,
        QUOTA,
        empty="no calls today: none is made before a seller is polled",
        sentences=("level",),
        numbers=("used", "limit", "remaining"),
    )


def show_deliveries(rows: Sequence[dict[str, Any]]) -> None:
    """Attempts with their answers."""
    empty = "nothing was sent; whom to send to is said by: starter.py endpoint add URL"
    show(rows, DELIVERIES, empty=empty, numbers=("attempt", "status", "took_ms"))
