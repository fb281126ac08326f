"""Stock in its two shapes: items of the Inventory API, and listings that it does not see."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from operations.catalogue.lens import Amount, EbayDocument, Flag, Number, Part, Text, Texts, Whole


class TimeDuration(Part):
    """Such as 2 BUSINESS_DAY."""

    unit: Text = None
    value: Whole = None


class PickupAvailability(Part):
    """What can be fetched at one place."""

    availabilityType: Text = None
    fulfillmentTime: TimeDuration | None = None
    merchantLocationKey: Text = None
    quantity: Whole = None


class FormatAllocation(Part):
    """Only single reads have it; what is stored has not."""

    auction: Whole = None
    fixedPrice: Whole = None


class AvailabilityDistribution(Part):
    """What lies at one place."""

    fulfillmentTime: TimeDuration | None = None
    merchantLocationKey: Text = None
    quantity: Whole = None


class ShipToLocation(Part):
    """What can be sent, in pieces, for all marketplaces together."""

    allocationByFormat: FormatAllocation | None = None
    availabilityDistributions: list[AvailabilityDistribution] | None = None
    quantity: Whole = None


class Availability(Part):
    """How many pieces there are."""

    pickupAtLocationAvailability: list[PickupAvailability] | None = None
    shipToLocationAvailability: ShipToLocation | None = None


class ConditionDescriptor(Part):
    """Such as the grade of a trading card."""

    additionalInfo: Text = None
    name: Text = None
    values: Texts = None


class Dimension(Part):
    """Of the package."""

    height: Number = None
    length: Number = None
    unit: Text = None
    width: Number = None


class Weight(Part):
    """Of the package."""

    unit: Text = None
    value: Number = None


class PackageWeightAndSize(Part):
    """The package, packed."""

    dimensions: Dimension | None = None
    packageType: Text = None
    shippingIrregular: Flag = None
    weight: Weight | None = None


class Product(Part):
    """What it is. `aspects` has a list of values a name."""

    aspects: dict[str, Any] | None = None
    brand: Text = None
    description: Text = None
    ean: Texts = None
    epid: Text = None
    imageUrls: Texts = None
    isbn: Texts = None
    mpn: Text = None
    subtitle: Text = None
    title: Text = None
    upc: Texts = None
    videoIds: Texts = None


class InventoryItem(EbayDocument):
    """A SKU of the Inventory API, in its list view: what is there, in how many pieces. Prices are in its offers."""

    sku: str = Field(min_length=1)
    availability: Availability | None = None
    condition: Text = None
    conditionDescription: Text = None
    conditionDescriptors: list[ConditionDescriptor] | None = None
    groupIds: Texts = None
    inventoryItemGroupKeys: Texts = None
    locale: Text = None
    packageWeightAndSize: PackageWeightAndSize | None = None
    product: Product | None = None


class Variation(Part):
    """One of a listing's variations. `specifics` tells it from the others; a name with several values has a list."""

    sku: Text = None
    specifics: dict[str, Any] | None = None
    available: Whole = None
    quantity: Whole = None
    quantitySold: Whole = None
    price: Amount | None = None


class Listing(EbayDocument):
    """A listing that the Inventory API does not see. `quantity` counts what was sold too; `available` is what is left."""

    itemId: str = Field(min_length=1)
    sku: Text = None
    title: Text = None
    status: Text = None  # Active, Completed, Ended
    available: Whole = None
    quantity: Whole = None
    quantitySold: Whole = None
    price: Amount | None = None
    variations: list[Variation] | None = None
