"""Alerts as command line and API list them."""

from __future__ import annotations

from typing import Any

from domain.remedies import for_alert
from operations.context import CommandContext


def listed(context: CommandContext, closed: bool = False, seller_id: str | None = None) -> list[dict[str, Any]]:
    """The open ones, or all, the newest first, 500 at most, as `alerts --json` prints them: each with what to do."""
    rows = context.store.alerts(closed=closed, seller_id=seller_id)
    return [{**row, "to_do": for_alert(row["kind"], row["seller_id"])} for row in rows]
