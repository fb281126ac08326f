"""eBay's answers: bodies of errors word for word, headers, money of words. Pure but for the id of a request."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.ledger import dumps
from simulator.wire import Wire

INVENTORY_ERROR = 25001, "API_INVENTORY", "A system error has occurred."
SYSTEM_ERRORS = {
    "inventory_item": INVENTORY_ERROR,
    "offer": INVENTORY_ERROR,
    "user": (140000, "API_IDENTITY", "There was a problem with an eBay internal system or process."),
    "notification": (195000, "API_NOTIFICATION", "There was a problem with an eBay internal system or process."),
    "feed": (160001, "API_FEED", "There was a problem with an eBay internal system or process."),
}


@dataclass
class Answer:
    """What the server sends: headers beside those that every answer has."""

    status: int
    body: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)  # an empty value: this header is left out
    stream: Iterator[bytes] | None = None  # instead of the body: pieces, made as they leave
    wire: Wire | None = None  # how it travels, if not as it should
    date_behind_s: float = 0.0  # of the Date header against the world's clock


class ApiError(Exception):
    """An answer that is not 200."""

    def __init__(
        self, status: int, error_id: int, domain: str, message: str, long_message: str = "", category: str = "REQUEST", **parameters: str
    ) -> None:
        super().__init__(f"{status}/{error_id}")
        error: dict[str, Any] = {"errorId": error_id, "domain": domain, "category": category, "message": message}
        if long_message:
            error["longMessage"] = long_message
        if parameters:
            error["parameters"] = [{"name": name, "value": value} for name, value in parameters.items()]
        self.error = error
        self.answer = Answer(status, dumps({"errors": [error]}))


def missing_token() -> ApiError:
    """400/1002: no Authorization header."""
    return ApiError(400, 1002, "OAuth", "Missing access token", "Access token is missing in the Authorization HTTP request header.")


def invalid_token() -> ApiError:
    """401/1001: none of ours, or expired."""
    return ApiError(
        401, 1001, "OAuth", "Invalid access token", "Invalid access token. Check the value of the Authorization HTTP request header."
    )


def access_denied() -> ApiError:
    """403/1100: a scope is missing."""
    return ApiError(403, 1100, "ACCESS", "Access denied", "Insufficient permissions to fulfill the request.")


def quota_spent(retry_after_s: int | None = None) -> ApiError:
    """429/2001. `retry_after_s`: with that header, which eBay is not known to send."""
    error = ApiError(429, 2001, "ACCESS", "Too many requests.", "The request limit has been reached for the resource.")
    if retry_after_s is not None:
        error.answer.headers["Retry-After"] = str(retry_after_s)
    return error


def system_error(resource: str) -> ApiError:
    """500 with the API's own errorId."""
    error_id, domain, words = SYSTEM_ERRORS.get(resource, (30500, "API_FULFILLMENT", "System error"))
    return ApiError(500, error_id, domain, words, category="APPLICATION")


def fulfillment_error(error_id: int, message: str, **parameters: str) -> ApiError:
    """400 of the Fulfillment API."""
    return ApiError(400, error_id, "API_FULFILLMENT", message, **parameters)


def inventory_error(status: int, error_id: int, message: str) -> ApiError:
    """Of the Inventory API."""
    return ApiError(status, error_id, "API_INVENTORY", message)


def feed_error(status: int, error_id: int, message: str, category: str = "REQUEST") -> ApiError:
    """Of the Feed API."""
    return ApiError(status, error_id, "API_FEED", message, category=category)


def not_found() -> ApiError:
    """404/2002: no such path."""
    return ApiError(404, 2002, "ACCESS", "Resource not found")
