"""What the calls of the Notification API have in common: who asks, refusals in eBay's words, pages, and who may."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.answers import Answer, ApiError
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.world import World

BASE = "/commerce/notification/v1"
STATUSES = ("ENABLED", "DISABLED")
WORDS = {
    195001: "The specified key id is invalid.",
    195002: "Invalid or missing topic id.",
    195003: "Please provide configurations required for notifications. Refer to /config",
    195004: "Invalid limit. Supported ranges 10 - 100.",
    195005: "Invalid continuation token.",
    195006: "Invalid or missing subscription status.",
    195007: "Invalid or missing destination id.",
    195008: "Invalid or missing schema version. Please refer to /topic/{topic_id} for supported schema versions.",
    195009: "Specified format is not supported for the topic.",
    195010: "Invalid or missing protocol",
    195011: "Not authorized for this topic.",
    195012: "Subscription already exists",
    195013: "The subscription id does not exist.",
    195015: "The subscription cannot be enabled since the destination is not enabled.",
    195016: "Invalid name. Markups or lengths greater than 64 not supported",
    195017: "Invalid or missing endpoint.",
    195018: "Invalid or missing destination status. Supported values:[ENABLED,DISABLED]",
    195019: "Invalid or missing verification token for this endpoint.",
    195020: "Challenge verification failed for requested endpoint",
    195021: "Destination exists for this endpoint",
    195022: "Invalid or missing destination id.",
    195024: "Destination is in use and cannot be deleted.",
    195025: "Invalid or missing email.",
    195026: "Configuration Not Found.",
    195027: "Invalid or missing topic id.",
}


@dataclass(frozen=True)
class NotificationCall:
    """One request, with who asks: `seller` "" is the application."""

    world: World
    request: Request
    seller: str
    scopes: frozenset[str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """The body; {} where it is no JSON object."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {}


def refused(status: int, error_id: int) -> ApiError:
    """eBay's error with its own words."""
    return ApiError(status, error_id, "API_NOTIFICATION", WORDS[error_id])


def require_application(call: NotificationCall) -> None:
    """These calls go with the application's token.

    Raises:
        ApiError: it is a seller's.
    """
    if call.seller:
        raise ApiError(403, 1100, "ACCESS", "Access denied", "Insufficient permissions to fulfill the request.")


def page(call: NotificationCall, name: str, rows: Sequence[dict[str, Any]]) -> Answer:
    """The rows that `limit` and `continuation_token` ask for."""
    query = call.request.query
    limit, token = query.get("limit", "20"), query.get("continuation_token", "")
    if not limit.isdigit() or not 10 <= int(limit) <= 100:
        raise refused(400, 195004)
    if token and not token.isdigit():
        raise refused(400, 195005)
    start, size = int(token or 0), int(limit)
    shown: dict[str, Any] = {"href": call.request.path, "limit": size, "total": len(rows), name: rows[start : start + size]}
    if start + size < len(rows):
        shown["next"] = f"https://api.ebay.com{call.request.path}?limit={size}&continuation_token={start + size}"
    return Answer(200, dumps(shown))
