"""Changes of eBay sellers' orders, shipments and stock in your own tables, each once: the client of a Sellerbeat.

`Feed` hands events to your functions in your own transaction, `webhooks.verify` checks deliveries, `Sellerbeat` and `AsyncSellerbeat` are
the API. Whatever is imported is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sellerbeat import answers, errors, events, webhooks
    from sellerbeat.api import Sellerbeat
    from sellerbeat.async_api import AsyncSellerbeat
    from sellerbeat.errors import (
        FeedGoneError,
        HandlerFailedError,
        ProblemError,
        SellerbeatError,
        SignatureError,
        TokenRefusedError,
        TransactionEndedError,
    )
    from sellerbeat.feed import Feed, Gone
    from sellerbeat.position import DbApiPosition, FailedEvent, OwnColumns, Place, Position

__version__ = "0.1.0"
_MODULES = ("answers", "errors", "events", "webhooks")
_PLACES = {
    "api": ("Sellerbeat",),
    "async_api": ("AsyncSellerbeat",),
    "errors": (
        *("FeedGoneError", "HandlerFailedError", "ProblemError", "SellerbeatError", "SignatureError", "TokenRefusedError"),
        "TransactionEndedError",
    ),
    "feed": ("Feed", "Gone"),
    "position": ("DbApiPosition", "FailedEvent", "OwnColumns", "Place", "Position"),
}
_WHERE = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "AsyncSellerbeat",
    "DbApiPosition",
    "FailedEvent",
    "Feed",
    "FeedGoneError",
    "Gone",
    "HandlerFailedError",
    "OwnColumns",
    "Place",
    "Position",
    "ProblemError",
    "Sellerbeat",
    "SellerbeatError",
    "SignatureError",
    "TokenRefusedError",
    "TransactionEndedError",
    "answers",
    "errors",
    "events",
    "webhooks",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"sellerbeat.{name}")
    if name not in _WHERE:
        raise AttributeError(f"module 'sellerbeat' has no attribute {name!r}")
    return getattr(import_module(f"sellerbeat.{_WHERE[name]}"), name)
