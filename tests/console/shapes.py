"""Fields of what the commands print, and how a test reads them."""

from __future__ import annotations

import re
from typing import Any

from tests.support.house import House
from tests.support.waiting import eventually_here

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ENTITY = {"entity_id", "version", "data"}
EVENT = ENTITY | {"id", "position", "seller_id", "sequence", "type", "occurred_at", "detected_at", "source", "changed", "previous"}
ROW = ENTITY | {"as_of", "read_from", "removed_at", "set_aside"}
SALE = {"orderId", "lineItemId", "sku", "legacyItemId", "quantity", "soldAt"}
STATUS = {"seller_id", "state", "reason", "streams", "changes_24h", "api_calls_24h", "token_ends_at"} | {
    "mode",
    "mode_since",
    "compared_at",
    "comparison",
    "paused",
    "speed_up",
}
STREAM = {"last_poll_at", "next_poll_at", "why", "cursor", "failures", "last_error"}


def poll_until(house: House, stream: str, type_: str) -> None:
    said = house.command("poll-now", "anna", "--stream", stream, "--json")
    assert said.object == {"seller_id": "anna", "stream": stream}
    eventually_here(lambda: type_ in [event["type"] for event in house.events("anna")])


def read(house: House, *arguments: str) -> list[dict[str, Any]]:
    said = house.command(*arguments, "--json")
    assert (said.code, said.err) == (0, "")
    return said.objects


def calls(house: House, seller: str) -> int:
    """As eBay counts those of its polls."""
    return sum(n for (who, used), n in house.world.calls.items() if who == seller and not used.startswith(("token", "user")))


def assert_times(row: dict[str, Any]) -> None:
    for name, value in row.items():
        if name.endswith("_at") or name in ("as_of", "cursor"):
            assert value is None or TIME.fullmatch(value), name


def is_version(type_: str) -> bool:
    """Of something that eBay has: a sale is a fact of its order's version, an alert is ours."""
    return type_.startswith(("order", "fulf", "inv")) and type_ != "inventory.sold"
