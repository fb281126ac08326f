"""Typed lenses over eBay's documents, for where a typed view is needed. The stored truth is the document as it came.

All fields are optional but ids, as eBay declares no required ones; unknown fields are kept, as eBay adds them unannounced. A document that
does not fit raises pydantic's ValidationError, which names fields and never values.
"""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class EbayModel(BaseModel):
    """camelCase on the wire, snake_case here. Frozen; unknown fields stay, and an error's text holds no value."""

    model_config = ConfigDict(
        extra="allow", frozen=True, hide_input_in_errors=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Amount(EbayModel):
    """Money. `value` compares as a decimal, never as text."""

    value: Decimal  # decimal text on the wire, with any number of decimals: "120.0" equals "120.00"
    currency: str


class LineItem(EbayModel):
    """One line of an order: so many pieces of one listing, or of one of its variations."""

    line_item_id: str
    legacy_item_id: str | None = None  # the listing
    legacy_variation_id: str | None = None
    sku: str | None = None  # absent for listings made without one
    title: str | None = None
    quantity: int | None = None
    line_item_cost: Amount | None = None  # for the whole quantity, not for one unit
    line_item_fulfillment_status: str | None = None


class Order(EbayModel):
    """A completed checkout: getOrders has no others (eBay's page of the Fulfillment API). Dates are eBay's clock."""

    order_id: str  # opaque: its form has changed before
    creation_date: datetime | None = None
    last_modified_date: datetime | None = None
    order_fulfillment_status: str | None = None  # NOT_STARTED, IN_PROGRESS, FULFILLED
    order_payment_status: str | None = None
    line_items: list[LineItem] = []
    fulfillment_hrefs: list[str] = []  # the last segment is the tracking number, where there is one


class FulfilledLine(EbayModel):
    """How many pieces of an order's line are in a parcel."""

    line_item_id: str
    quantity: int | None = None


class ShippingFulfillment(EbayModel):
    """One parcel of an order, as getShippingFulfillments has it. Its id alone does not identify it (eBay's document of that API)."""

    fulfillment_id: str  # the tracking number; without tracking an arbitrary number that several parcels may share
    line_items: list[FulfilledLine] = []
    shipment_tracking_number: str | None = None
    shipping_carrier_code: str | None = None
    shipped_date: datetime | None = None


class ShipToLocation(EbayModel):
    """What can be shipped, in pieces, for all marketplaces together (eBay's document of the Inventory API)."""

    quantity: int | None = None


class Availability(EbayModel):
    """Typed is what can be shipped; what can be picked up stays among the unknown fields."""

    ship_to_location_availability: ShipToLocation | None = None


class InventoryItem(EbayModel):
    """A SKU of the Inventory API, where nothing has a date of modification (eBay's document of the API)."""

    sku: str
    availability: Availability | None = None
