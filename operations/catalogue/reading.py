"""An event, or a delivered message, as a typed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from operations.catalogue.lens import Text, Whole
from operations.catalogue.shapes import (
    AlertClosed,
    AlertOpened,
    EventShape,
    FeedEvent,
    FulfillmentCreated,
    FulfillmentRemoved,
    FulfillmentUpdated,
    InventoryCreated,
    InventoryOutOfStock,
    InventoryRemoved,
    InventorySold,
    InventoryUpdated,
    OfferCreated,
    OfferRemoved,
    OfferUpdated,
    OrderCancelled,
    OrderCreated,
    OrderRefunded,
    OrderUpdated,
    SellerConnected,
    SellerNeedsReauthorization,
    SellerReauthorized,
    SellerRemoved,
    ThinEvent,
)

EVENTS: dict[str, type[FeedEvent]] = {
    "order.created": OrderCreated,
    "order.updated": OrderUpdated,
    "order.cancelled": OrderCancelled,
    "order.refunded": OrderRefunded,
    "fulfillment.created": FulfillmentCreated,
    "fulfillment.updated": FulfillmentUpdated,
    "fulfillment.removed": FulfillmentRemoved,
    "inventory.created": InventoryCreated,
    "inventory.updated": InventoryUpdated,
    "inventory.out_of_stock": InventoryOutOfStock,
    "inventory.removed": InventoryRemoved,
    "inventory.sold": InventorySold,
    "offer.created": OfferCreated,
    "offer.updated": OfferUpdated,
    "offer.removed": OfferRemoved,
    "seller.connected": SellerConnected,
    "seller.needs_reauthorization": SellerNeedsReauthorization,
    "seller.reauthorized": SellerReauthorized,
    "seller.removed": SellerRemoved,
    "alert.opened": AlertOpened,
    "alert.closed": AlertClosed,
}


class UnknownEvent(EventShape):
    """An event of a type that this version does not know, or the message `endpoint.test`. All its fields are in `model_extra`."""

    id: str
    type: str
    position: Whole = None
    seller_id: Text = None
    data: Any = None


AnyEvent: TypeAlias = (
    OrderCreated
    | OrderUpdated
    | OrderCancelled
    | OrderRefunded
    | FulfillmentCreated
    | FulfillmentUpdated
    | FulfillmentRemoved
    | InventoryCreated
    | InventoryUpdated
    | InventoryOutOfStock
    | InventoryRemoved
    | InventorySold
    | OfferCreated
    | OfferUpdated
    | OfferRemoved
    | SellerConnected
    | SellerNeedsReauthorization
    | SellerReauthorized
    | SellerRemoved
    | AlertOpened
    | AlertClosed
    | ThinEvent
    | UnknownEvent
)


def read_event(event: Mapping[str, Any]) -> AnyEvent:
    """An event of the feed, or the `data` of a delivery.

    Raises:
        pydantic.ValidationError: it is none: fields that every event has are lacking. Nothing that eBay sent leads to that.
    """
    if event.get("thin") is True and "data" not in event:
        return ThinEvent.model_validate(event)
    return EVENTS.get(str(event.get("type")), UnknownEvent).model_validate(event)  # type: ignore[return-value]


def read_delivery(message: Mapping[str, Any]) -> AnyEvent:
    """The event in the body of a delivery, `{"type", "timestamp", "data"}`, once its signature is verified. Raises as `read_event`."""
    return read_event(message["data"])
