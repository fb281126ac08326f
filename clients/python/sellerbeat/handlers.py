"""Which function of the app's takes which events."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, TypeAlias, TypeVar, overload

from sellerbeat import events

E = TypeVar("E")
T = TypeVar("T")
Takes: TypeAlias = Callable[[Callable[[E, T], object]], Callable[[E, T], object]]
PATTERN = re.compile(r"\*|\w+(\.\w+)+|\w+\.\*", re.ASCII)
FAMILIES = frozenset(f"{name.partition('.')[0]}.*" for name in events.EVENTS)
MOST_ASKED = 20  # patterns that the feed takes in one request


class Handlers(Generic[T]):
    """Functions by the pattern of types that they take. T: the app's transaction, which each of them gets beside the event."""

    def __init__(self) -> None:
        self._handlers: list[tuple[frozenset[str], Callable[[Any, T], object]]] = []
        self._found: dict[str, tuple[Callable[[Any, T], object], ...]] = {}

    @overload
    def on(self, type_: Literal["order.created"], /) -> Takes[events.OrderCreated, T]: ...
    @overload
    def on(self, type_: Literal["order.updated"], /) -> Takes[events.OrderUpdated, T]: ...
    @overload
    def on(self, type_: Literal["order.cancelled"], /) -> Takes[events.OrderCancelled, T]: ...
    @overload
    def on(self, type_: Literal["order.refunded"], /) -> Takes[events.OrderRefunded, T]: ...
    @overload
    def on(self, type_: Literal["fulfillment.created"], /) -> Takes[events.FulfillmentCreated, T]: ...
    @overload
    def on(self, type_: Literal["fulfillment.updated"], /) -> Takes[events.FulfillmentUpdated, T]: ...
    @overload
    def on(self, type_: Literal["fulfillment.removed"], /) -> Takes[events.FulfillmentRemoved, T]: ...
    @overload
    def on(self, type_: Literal["inventory.created"], /) -> Takes[events.InventoryCreated, T]: ...
    @overload
    def on(self, type_: Literal["inventory.updated"], /) -> Takes[events.InventoryUpdated, T]: ...
    @overload
    def on(self, type_: Literal["inventory.out_of_stock"], /) -> Takes[events.InventoryOutOfStock, T]: ...
    @overload
    def on(self, type_: Literal["inventory.removed"], /) -> Takes[events.InventoryRemoved, T]: ...
    @overload
    def on(self, type_: Literal["inventory.sold"], /) -> Takes[events.InventorySold, T]: ...
    @overload
    def on(self, type_: Literal["offer.created"], /) -> Takes[events.OfferCreated, T]: ...
    @overload
    def on(self, type_: Literal["offer.updated"], /) -> Takes[events.OfferUpdated, T]: ...
    @overload
    def on(self, type_: Literal["offer.removed"], /) -> Takes[events.OfferRemoved, T]: ...
    @overload
    def on(self, type_: Literal["seller.connected"], /) -> Takes[events.SellerConnected, T]: ...
    @overload
    def on(self, type_: Literal["seller.needs_reauthorization"], /) -> Takes[events.SellerNeedsReauthorization, T]: ...
    @overload
    def on(self, type_: Literal["seller.reauthorized"], /) -> Takes[events.SellerReauthorized, T]: ...
    @overload
    def on(self, type_: Literal["seller.removed"], /) -> Takes[events.SellerRemoved, T]: ...
    @overload
    def on(self, type_: Literal["alert.opened"], /) -> Takes[events.AlertOpened, T]: ...
    @overload
    def on(self, type_: Literal["alert.closed"], /) -> Takes[events.AlertClosed, T]: ...
    @overload
    def on(
        self, type_: Literal["order.*"], /
    ) -> Takes[events.OrderCreated | events.OrderUpdated | events.OrderCancelled | events.OrderRefunded, T]: ...
    @overload
    def on(
        self, type_: Literal["fulfillment.*"], /
    ) -> Takes[events.FulfillmentCreated | events.FulfillmentUpdated | events.FulfillmentRemoved, T]: ...
    @overload
    def on(
        self, type_: Literal["inventory.*"], /
    ) -> Takes[
        events.InventoryCreated | events.InventoryUpdated | events.InventoryOutOfStock | events.InventoryRemoved | events.InventorySold, T
    ]: ...
    @overload
    def on(self, type_: Literal["offer.*"], /) -> Takes[events.OfferCreated | events.OfferUpdated | events.OfferRemoved, T]: ...
    @overload
    def on(
        self, type_: Literal["seller.*"], /
    ) -> Takes[events.SellerConnected | events.SellerNeedsReauthorization | events.SellerReauthorized | events.SellerRemoved, T]: ...
    @overload
    def on(self, type_: Literal["alert.*"], /) -> Takes[events.AlertOpened | events.AlertClosed, T]: ...
    @overload
    def on(self, *patterns: str) -> Takes[Any, T]: ...
    def on(self, *patterns: str) -> Any:
        """`@feed.on("order.created")`, or several, or `order.*`, or `*` for all: also for types that this version does not know.

        Raises ValueError: no type looks like that. TypeError: a coroutine function, which nobody here awaits.
        """
        for pattern in patterns or ("",):
            if not PATTERN.fullmatch(pattern):
                raise ValueError(f"{pattern!r}: a type such as order.created, a family such as order.*, or * for all")

        def taken(handler: Callable[[Any, T], object]) -> Callable[[Any, T], object]:
            if inspect.iscoroutinefunction(handler):
                raise TypeError(f"{handler.__name__} is a coroutine function: handlers run in the transaction, one after another")
            self._handlers.append((frozenset(patterns), handler))
            self._found.clear()
            return handler

        return taken

    def handlers_of(self, type_: str) -> tuple[Callable[[Any, T], object], ...]:
        """Those that take events of this type, in the order in which they were named."""
        if type_ not in self._found:
            fits = {type_, f"{type_.partition('.')[0]}.*", "*"}
            self._found[type_] = tuple(handler for patterns, handler in self._handlers if fits & patterns)
        return self._found[type_]

    def asked_types(self) -> list[str]:
        """What the feed is asked for; []: everything, as some pattern may be of a type that this version does not know."""
        named = sorted(set().union(*(patterns for patterns, _ in self._handlers)))
        known = all(name in events.EVENTS or name in FAMILIES for name in named)
        return named if known and len(named) <= MOST_ASKED else []

    def handle(self, event: Mapping[str, Any], transaction: T) -> None:
        """Gives an event to its handlers. Raises what they raise, and pydantic.ValidationError: it is no event."""
        handlers = self.handlers_of(str(event.get("type")))
        if handlers:
            typed = events.read_event(event)
            for handler in handlers:
                handler(typed, transaction)
