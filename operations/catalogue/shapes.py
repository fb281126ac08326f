"""Events: what all have, and each type with its `data`. A class's first line is what the catalogue says of the type."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from operations.catalogue.lens import Text
from operations.catalogue.offers import Offer
from operations.catalogue.orders import Order, ShippingFulfillment
from operations.catalogue.stock import InventoryItem, Listing

SCHEMA_VERSION = "1.0"  # optional fields more: the second number; anything else: a new first one, beside the old
TEST_PREFIX = "test-"  # of the id of an event that somebody sent to try an endpoint
SOURCES = ("poll", "sweep", "backfill", "notification")


class EventShape(BaseModel):
    """What Sellerbeat itself says. Fields that a later version adds stay, in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, defer_build=True)


class Envelope(EventShape):
    """What is said of every change, but for its documents."""

    id: str = Field(min_length=1, description="the same for ever: do what you do under it, and nothing is done twice")
    position: int = Field(ge=1, description="orders the whole feed")
    seller_id: str | None = Field(description="your own id of the seller; null: of the fleet, or of a seller who was erased")
    sequence: int | None = Field(ge=1, description="1, 2, 3, … for each seller; null where seller_id is")
    type: str = Field(description="what happened")
    entity_id: str = Field(
        min_length=1, description="orderId, orderId/fulfillmentId, SKU, listing:ITEMID, offer:OFFERID, the seller, or alert:KIND"
    )
    version: int = Field(ge=0, description="counts the entity's versions; events of one version share it")
    occurred_at: AwareDatetime = Field(description="when it happened, by eBay; UTC")
    detected_at: AwareDatetime = Field(description="when it was recorded; UTC")
    source: str = Field(description="what found it", json_schema_extra={"enum": list(SOURCES)})
    changed: list[str] = Field(description="the top-level fields of `data` that differ, sorted; [] of something new")

    @property
    def is_test(self) -> bool:
        """Whether somebody sent it to try an endpoint: it is no change then."""
        return self.id.startswith(TEST_PREFIX)


class FeedEvent(Envelope):
    """A change, as the feed has it."""

    previous: dict[str, Any] = Field(description="the old values of the fields in `changed`")
    data: Any = Field(description="what it is now")


class SellersEvent(FeedEvent):
    """A change of one seller's."""

    seller_id: str = Field(min_length=1, description="your own id of the seller")
    sequence: int = Field(ge=1, description="1, 2, 3, … for each seller without a gap")


class ThinEvent(Envelope):
    """A change without its documents, as an endpoint may get it where the whole is larger than 20 kB."""

    thin: Literal[True] = Field(description="`previous` and `data` are left out")
    feed: str = Field(description="where they are, behind the address of the API")


class OrderCreated(SellersEvent):
    """An order that was not known."""

    type: Literal["order.created"]
    data: Order


class OrderUpdated(SellersEvent):
    """Anything in an order's content changed; a new date alone is no change."""

    type: Literal["order.updated"]
    data: Order


class OrderCancelled(SellersEvent):
    """Beside `order.updated`, same version: the order is now cancelled."""

    type: Literal["order.cancelled"]
    data: Order


class OrderRefunded(SellersEvent):
    """Beside `order.updated`, same version: a refund is done, by eBay's word (not one that is pending or failed)."""

    type: Literal["order.refunded"]
    data: Order


class FulfillmentCreated(SellersEvent):
    """A parcel was shipped."""

    type: Literal["fulfillment.created"]
    data: ShippingFulfillment


class FulfillmentUpdated(SellersEvent):
    """Its carrier, tracking number or content changed."""

    type: Literal["fulfillment.updated"]
    data: ShippingFulfillment


class FulfillmentRemoved(SellersEvent):
    """eBay no longer has it."""

    type: Literal["fulfillment.removed"]
    data: ShippingFulfillment


class StockEvent(SellersEvent):
    """Stock as eBay showed it: an item of the Inventory API, or a listing that this API does not see."""

    data: InventoryItem | Listing

    @field_validator("data", mode="before")
    @classmethod
    def _of_its_shape(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return (Listing if isinstance(value.get("itemId"), str) else InventoryItem).model_validate(value)
        return value


class InventoryCreated(StockEvent):
    """A SKU or listing that was not known."""

    type: Literal["inventory.created"]


class InventoryUpdated(StockEvent):
    """Its quantity, price, title or anything else changed."""

    type: Literal["inventory.updated"]


class InventoryOutOfStock(StockEvent):
    """Beside `inventory.updated`, same version: nothing is available any more."""

    type: Literal["inventory.out_of_stock"]


class InventoryRemoved(StockEvent):
    """The SKU was deleted, or the listing ended."""

    type: Literal["inventory.removed"]


class SoldLineItem(EventShape):
    """A line of an order, told once however often the order changes. What eBay did not say is null."""

    orderId: str = Field(min_length=1)
    lineItemId: str = Field(min_length=1)
    sku: str | None
    legacyItemId: str | None
    quantity: int | None = Field(ge=1)
    soldAt: AwareDatetime


class InventorySold(SellersEvent):
    """A line of an order was stored for the first time: a sale; its `data` is no stock document."""

    type: Literal["inventory.sold"]
    data: SoldLineItem


class OfferCreated(SellersEvent):
    """A price and quantity on one marketplace; only for sellers enrolled with `--offers`."""

    type: Literal["offer.created"]
    data: Offer


class OfferUpdated(SellersEvent):
    """It changed."""

    type: Literal["offer.updated"]
    data: Offer


class OfferRemoved(SellersEvent):
    """It is gone."""

    type: Literal["offer.removed"]
    data: Offer


class SellerConsent(EventShape):
    """Whose consent it is about. `generation` counts the seller's consents."""

    seller_id: str
    generation: int


class ConnectedSeller(SellerConsent):
    """A seller as they begin. No token and no name of eBay's is in it."""

    enrolled_at: AwareDatetime
    inventory_source: str
    offers: bool


class RemovedSeller(EventShape):
    """A seller as they end. `erased`: nothing of them is stored any more."""

    seller_id: str
    removed_at: AwareDatetime
    erased: bool


class SellerConnected(SellersEvent):
    """A seller was enrolled, by whatever way; also one who was removed before. Their first event."""

    type: Literal["seller.connected"]
    data: ConnectedSeller


class SellerNeedsReauthorization(SellersEvent):
    """eBay refuses the seller's token: ask them for a new consent."""

    type: Literal["seller.needs_reauthorization"]
    data: SellerConsent


class SellerReauthorized(SellersEvent):
    """A new token was given, and polling goes on."""

    type: Literal["seller.reauthorized"]
    data: SellerConsent


class SellerRemoved(FeedEvent):
    """Nothing is polled for the seller any more; `data.erased`: and nothing of them is stored any more."""

    type: Literal["seller.removed"]
    data: RemovedSeller


class AlertData(EventShape):
    """Something that a person should know of. `runbook`: what it means and what to do, a file of Sellerbeat's."""

    kind: str
    text: str
    runbook: Text = None
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None


class AlertOpened(FeedEvent):
    """Something needs a look; `data` says what."""

    type: Literal["alert.opened"]
    data: AlertData


class AlertClosed(FeedEvent):
    """It passed."""

    type: Literal["alert.closed"]
    data: AlertData
