"""Events of Sellerbeat's, typed: `read_event` for the feed, `read_delivery` for what an endpoint gets.

Written by `make docs` from `operations/catalogue/`; change nothing here. Field names are eBay's own, and Sellerbeat's. Nothing that eBay
sends is refused: a value in another form than eBay documents is None here, and stays in `data.as_sent`; a field that nobody knows is in
`model_extra`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

DIGITS = 38  # of an amount: 1e999999999 is a number too, and no memory holds it as a whole one
D = TypeVar("D", bound="EbayDocument")
# Absent, null and "not in this form" are one to the reader: None.
Text = str | None
Whole = int | None
Number = float | None
Flag = bool | None
When = AwareDatetime | None
Texts = list[str] | None
DecimalText = Annotated[Decimal, Field(max_digits=DIGITS), WithJsonSchema({"type": "string", "examples": ["120.00"]})]


class Part(BaseModel):
    """A part of what eBay sends, by eBay's own field names. Fields that are not named here stay, in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True, defer_build=True)


class EbayDocument(Part):
    """A whole document of eBay's. Nothing in it is refused: what came in another form than eBay documents is None, and in `misfits`."""

    _as_sent: dict[str, Any] = PrivateAttr(default_factory=dict)
    _misfits: tuple[str, ...] = PrivateAttr(default=())

    @property
    def as_sent(self) -> dict[str, Any]:
        """The JSON as it came, with all that this lens cannot show. To be read only."""
        return self._as_sent

    @property
    def misfits(self) -> tuple[str, ...]:
        """Where a value was in another form than eBay documents, such as `lineItems.0.quantity`. A row of a list is left out then."""
        return self._misfits

    @model_validator(mode="wrap")
    @classmethod
    def _as_far_as_it_fits(cls: type[D], value: Any, handler: ModelWrapValidatorHandler[D]) -> D:
        if isinstance(value, cls):
            return value
        try:
            found = handler(value)
            places: tuple[tuple[int | str, ...], ...] = ()
        except ValidationError as error:
            places = tuple(one["loc"] for one in error.errors(include_url=False, include_context=False, include_input=False))
            found = handler(_without(value, places))
        if isinstance(value, dict):
            found._as_sent, found._misfits = value, tuple(".".join(map(str, place)) for place in places)
        return found


def _without(value: Any, places: Iterable[tuple[int | str, ...]]) -> Any:
    """A copy without what stands at these places."""
    leaving: dict[int | str, Any] = {}
    for place in places:
        node = leaving
        for step in place:
            node = node.setdefault(step, {})
    return _pruned(value, leaving)


def _pruned(value: Any, leaving: dict[int | str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(one, leaving.get(name, {})) for name, one in value.items() if leaving.get(name) != {}}
    if isinstance(value, list):
        return [_pruned(one, leaving.get(row, {})) for row, one in enumerate(value) if leaving.get(row) != {}]
    return value


class Amount(Part):
    """Money. `value` is decimal text on the wire, with any number of decimals, and compares as a decimal: "120.0" is "120.00"."""

    value: DecimalText | None = None
    currency: Text = None  # ISO 4217
    convertedFromValue: DecimalText | None = None  # what the buyer paid, where it was converted
    convertedFromCurrency: Text = None


class NameAndValue(Part):
    """Such as what tells a variation from others: `Size`, `M`."""

    name: Text = None
    value: Text = None


class Address(Part):
    """Where somebody lives, or a parcel goes."""

    addressLine1: Text = None
    addressLine2: Text = None
    city: Text = None
    countryCode: Text = None
    county: Text = None
    postalCode: Text = None
    stateOrProvince: Text = None


class PhoneNumber(Part):
    """Absent once an order is 90 days old, as all that names the buyer."""

    phoneNumber: Text = None


class ExtendedContact(Part):
    """A person and their address."""

    companyName: Text = None
    contactAddress: Address | None = None
    email: Text = None
    fullName: Text = None
    primaryPhone: PhoneNumber | None = None


class TaxAddress(Part):
    """What decides about sales tax."""

    city: Text = None
    countryCode: Text = None
    postalCode: Text = None
    stateOrProvince: Text = None


class TaxIdentifier(Part):
    """The buyer's tax number; only a single read of the order has it."""

    issuingCountry: Text = None
    taxIdentifierType: Text = None
    taxpayerId: Text = None


class Buyer(Part):
    """Who bought. eBay shows less of them as the order ages, and nothing is left of who asked eBay to be deleted."""

    buyerRegistrationAddress: ExtendedContact | None = None
    taxAddress: TaxAddress | None = None
    taxIdentifier: TaxIdentifier | None = None
    username: Text = None


class CancelRequest(Part):
    """Somebody asked to cancel; only a single read of the order has it."""

    cancelCompletedDate: When = None
    cancelInitiator: Text = None
    cancelReason: Text = None
    cancelRequestId: Text = None
    cancelRequestState: Text = None
    cancelRequestedDate: When = None


class CancelStatus(Part):
    """`cancelState` is NONE_REQUESTED, IN_PROGRESS or CANCELED."""

    cancelRequests: list[CancelRequest] | None = None
    cancelState: Text = None
    cancelledDate: When = None


class AppointmentDetails(Part):
    """When something is brought or installed."""

    appointmentEndTime: When = None
    appointmentStartTime: When = None
    appointmentStatus: Text = None
    appointmentType: Text = None
    appointmentWindow: Text = None
    serviceProviderAppointmentDate: When = None


class PickupStep(Part):
    """Where the buyer fetches it."""

    merchantLocationKey: Text = None


class ShippingStep(Part):
    """How and to whom it is to be sent."""

    shipTo: ExtendedContact | None = None
    shipToReferenceId: Text = None
    shippingCarrierCode: Text = None
    shippingServiceCode: Text = None


class FulfillmentStartInstruction(Part):
    """How the order gets to its buyer."""

    appointment: AppointmentDetails | None = None
    ebaySupportedFulfillment: Flag = None
    finalDestinationAddress: Address | None = None
    fulfillmentInstructionsType: Text = None
    maxEstimatedDeliveryDate: When = None
    minEstimatedDeliveryDate: When = None
    pickupStep: PickupStep | None = None
    shippingStep: ShippingStep | None = None


class AppliedPromotion(Part):
    """A discount of the seller's."""

    description: Text = None
    discountAmount: Amount | None = None
    promotionId: Text = None


class CompatibilityProperty(Part):
    """What the part fits, by one property."""

    propertyDisplayName: Text = None
    propertyName: Text = None
    propertyValue: Text = None


class DeliveryCost(Part):
    """Of one line."""

    discountAmount: Amount | None = None
    handlingCost: Amount | None = None
    importCharges: Amount | None = None
    shippingCost: Amount | None = None
    shippingIntermediationFee: Amount | None = None


class EbayCollectAndRemitTax(Part):
    """A tax that eBay collects and pays."""

    amount: Amount | None = None
    collectionMethod: Text = None
    ebayReference: NameAndValue | None = None
    taxType: Text = None


class Charge(Part):
    """A charge of eBay's beside the price."""

    amount: Amount | None = None
    chargeType: Text = None


class EbayCollectedCharges(Part):
    """What eBay charges the buyer."""

    charges: list[Charge] | None = None
    ebayShipping: Amount | None = None


class GiftDetails(Part):
    """For a gift card."""

    message: Text = None
    recipientEmail: Text = None
    senderName: Text = None


class ItemLocation(Part):
    """Where the item is."""

    countryCode: Text = None
    location: Text = None
    postalCode: Text = None


class LineItemFulfillmentInstructions(Part):
    """Until when it is to be sent, and to arrive."""

    guaranteedDelivery: Flag = None
    maxEstimatedDeliveryDate: When = None
    minEstimatedDeliveryDate: When = None
    shipByDate: When = None


class TrackingInfo(Part):
    """A parcel's number and carrier."""

    shipmentTrackingNumber: Text = None
    shippingCarrierCode: Text = None


class LinkedOrderLineItem(Part):
    """A line of another order that belongs to this one, such as tyres and their fitting."""

    lineItemAspects: list[NameAndValue] | None = None
    lineItemId: Text = None
    maxEstimatedDeliveryDate: When = None
    minEstimatedDeliveryDate: When = None
    orderId: Text = None
    sellerId: Text = None
    shipments: list[TrackingInfo] | None = None
    title: Text = None


class LineItemProperties(Part):
    """How it came to be sold."""

    buyerProtection: Flag = None
    fromBestOffer: Flag = None
    soldViaAdCampaign: Flag = None


class LineItemRefund(Part):
    """A refund of one line. It has a date once it is issued, and no status."""

    amount: Amount | None = None
    refundDate: When = None
    refundId: Text = None
    refundReferenceId: Text = None


class Tax(Part):
    """A tax within the price."""

    amount: Amount | None = None
    taxType: Text = None


class LineItem(Part):
    """So many pieces of one listing, or of one of its variations. `lineItemCost` is for all of them."""

    appliedPromotions: list[AppliedPromotion] | None = None
    compatibilityProperties: list[CompatibilityProperty] | None = None
    deliveryCost: DeliveryCost | None = None
    discountedLineItemCost: Amount | None = None
    ebayCollectAndRemitTaxes: list[EbayCollectAndRemitTax] | None = None
    ebayCollectedCharges: EbayCollectedCharges | None = None
    giftDetails: GiftDetails | None = None
    itemLocation: ItemLocation | None = None
    legacyItemId: Text = None
    legacyVariationId: Text = None
    lineItemCost: Amount | None = None
    lineItemFulfillmentInstructions: LineItemFulfillmentInstructions | None = None
    lineItemFulfillmentStatus: Text = None
    lineItemId: Text = None
    linkedOrderLineItems: list[LinkedOrderLineItem] | None = None
    listingMarketplaceId: Text = None
    properties: LineItemProperties | None = None
    purchaseMarketplaceId: Text = None
    quantity: Whole = None
    refunds: list[LineItemRefund] | None = None
    sku: Text = None
    soldFormat: Text = None
    taxes: list[Tax] | None = None
    title: Text = None
    total: Amount | None = None
    variationAspects: list[NameAndValue] | None = None


class SellerActionsToRelease(Part):
    """What the seller can do about a hold."""

    sellerActionToRelease: Text = None


class PaymentHold(Part):
    """Money that eBay keeps back."""

    expectedReleaseDate: When = None
    holdAmount: Amount | None = None
    holdReason: Text = None
    holdState: Text = None
    releaseDate: When = None
    sellerActionsToRelease: list[SellerActionsToRelease] | None = None


class Payment(Part):
    """What the buyer paid."""

    amount: Amount | None = None
    paymentDate: When = None
    paymentHolds: list[PaymentHold] | None = None
    paymentMethod: Text = None
    paymentReferenceId: Text = None
    paymentStatus: Text = None


class OrderRefund(Part):
    """A refund of the order. Done is what has the status REFUNDED."""

    amount: Amount | None = None
    refundDate: When = None
    refundId: Text = None
    refundReferenceId: Text = None
    refundStatus: Text = None


class PaymentSummary(Part):
    """What was paid, and what is the seller's of it."""

    payments: list[Payment] | None = None
    refunds: list[OrderRefund] | None = None
    totalDueSeller: Amount | None = None


class PricingSummary(Part):
    """What the order's sum is made of."""

    adjustment: Amount | None = None
    deliveryCost: Amount | None = None
    deliveryDiscount: Amount | None = None
    fee: Amount | None = None
    priceDiscount: Amount | None = None
    priceSubtotal: Amount | None = None
    tax: Amount | None = None
    total: Amount | None = None


class PostSaleAuthenticationProgram(Part):
    """Whether an item was found to be genuine."""

    outcomeReason: Text = None
    status: Text = None


class EbayInternationalShipping(Part):
    """Who cares for returns."""

    returnsManagedBy: Text = None


class EbayShipping(Part):
    """Who gives the label."""

    shippingLabelProvidedBy: Text = None


class EbayVaultProgram(Part):
    """How it gets into or out of eBay's vault."""

    fulfillmentType: Text = None


class EbayFulfillmentProgram(Part):
    """Who sends it."""

    fulfilledBy: Text = None


class Program(Part):
    """Programs of eBay's that the order is in."""

    authenticityVerification: PostSaleAuthenticationProgram | None = None
    ebayInternationalShipping: EbayInternationalShipping | None = None
    ebayShipping: EbayShipping | None = None
    ebayVault: EbayVaultProgram | None = None
    fulfillmentProgram: EbayFulfillmentProgram | None = None


class Order(EbayDocument):
    """A checkout, as getOrders has it. `orderFulfillmentStatus`: NOT_STARTED, IN_PROGRESS, FULFILLED. `orderPaymentStatus`: PAID, PENDING,
    FAILED, PARTIALLY_REFUNDED, FULLY_REFUNDED. eBay adds values and fields unannounced."""

    orderId: str = Field(min_length=1)
    buyer: Buyer | None = None
    buyerCheckoutNotes: Text = None
    cancelStatus: CancelStatus | None = None
    creationDate: When = None
    ebayCollectAndRemitTax: Flag = None
    fulfillmentHrefs: Texts = None
    fulfillmentStartInstructions: list[FulfillmentStartInstruction] | None = None
    lastModifiedDate: When = None
    legacyOrderId: Text = None
    lineItems: list[LineItem] | None = None
    orderFulfillmentStatus: Text = None
    orderPaymentStatus: Text = None
    paymentSummary: PaymentSummary | None = None
    pricingSummary: PricingSummary | None = None
    program: Program | None = None
    salesRecordReference: Text = None
    sellerId: Text = None
    totalFeeBasisAmount: Amount | None = None
    totalMarketplaceFee: Amount | None = None


class LineItemReference(Part):
    """How many pieces of an order's line are in a parcel."""

    lineItemId: Text = None
    quantity: Whole = None


class ShippingFulfillment(EbayDocument):
    """A parcel. `fulfillmentId` is its tracking number; without tracking an arbitrary one that several parcels may share."""

    fulfillmentId: str = Field(min_length=1)
    lineItems: list[LineItemReference] | None = None
    shipmentTrackingNumber: Text = None
    shippedDate: When = None
    shippingCarrierCode: Text = None


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


class Charity(Part):
    """Who gets a share of the price."""

    charityId: Text = None
    donationPercentage: Text = None


class ExtendedProducerResponsibility(Part):
    """Numbers that some countries ask for."""

    ecoParticipationFee: Amount | None = None
    producerProductId: Text = None
    productDocumentationId: Text = None
    productPackageId: Text = None
    shipmentPackageId: Text = None


class ListingDetails(Part):
    """The listing that the offer became."""

    listingId: Text = None
    listingOnHold: Flag = None
    listingStatus: Text = None
    soldQuantity: Whole = None


class BestOffer(Part):
    """Whether, and from where on, buyers may offer less."""

    autoAcceptPrice: Amount | None = None
    autoDeclinePrice: Amount | None = None
    bestOfferEnabled: Flag = None


class CountryPolicy(Part):
    """Policies of one country."""

    country: Text = None
    policyIds: Texts = None


class RegionalProductCompliancePolicies(Part):
    """A list for each country."""

    countryPolicies: list[CountryPolicy] | None = None


class RegionalTakeBackPolicies(Part):
    """A list for each country."""

    countryPolicies: list[CountryPolicy] | None = None


class ShippingCostOverride(Part):
    """Instead of what the policy says."""

    additionalShippingCost: Amount | None = None
    priority: Whole = None
    shippingCost: Amount | None = None
    shippingServiceType: Text = None
    surcharge: Amount | None = None


class ListingPolicies(Part):
    """Payment, shipping and return, by the ids of the seller's policies."""

    bestOfferTerms: BestOffer | None = None
    eBayPlusIfEligible: Flag = None
    fulfillmentPolicyId: Text = None
    paymentPolicyId: Text = None
    productCompliancePolicyIds: Texts = None
    regionalProductCompliancePolicies: RegionalProductCompliancePolicies | None = None
    regionalTakeBackPolicies: RegionalTakeBackPolicies | None = None
    returnPolicyId: Text = None
    shippingCostOverrides: list[ShippingCostOverride] | None = None
    takeBackPolicyId: Text = None


class OfferPricing(Part):
    """Of one piece."""

    auctionReservePrice: Amount | None = None
    auctionStartPrice: Amount | None = None
    minimumAdvertisedPrice: Amount | None = None
    originalRetailPrice: Amount | None = None
    originallySoldForRetailPriceOn: Text = None
    price: Amount | None = None
    pricingVisibility: Text = None


class RegulatoryDocument(Part):
    """By its id."""

    documentId: Text = None


class EnergyEfficiencyLabel(Part):
    """Where the picture and the sheet are."""

    imageDescription: Text = None
    imageURL: Text = None
    productInformationSheet: Text = None


class Hazmat(Part):
    """Dangerous goods."""

    component: Text = None
    pictograms: Texts = None
    signalWord: Text = None
    statements: Texts = None


class Manufacturer(Part):
    """Who made it."""

    addressLine1: Text = None
    addressLine2: Text = None
    city: Text = None
    companyName: Text = None
    contactUrl: Text = None
    country: Text = None
    email: Text = None
    phone: Text = None
    postalCode: Text = None
    stateOrProvince: Text = None


class ProductSafety(Part):
    """Warnings."""

    component: Text = None
    pictograms: Texts = None
    statements: Texts = None


class ResponsiblePerson(Part):
    """Who answers for it in the EU."""

    addressLine1: Text = None
    addressLine2: Text = None
    city: Text = None
    companyName: Text = None
    contactUrl: Text = None
    country: Text = None
    email: Text = None
    phone: Text = None
    postalCode: Text = None
    stateOrProvince: Text = None
    types: Texts = None


class Regulatory(Part):
    """What the law asks to be shown."""

    documents: list[RegulatoryDocument] | None = None
    energyEfficiencyLabel: EnergyEfficiencyLabel | None = None
    hazmat: Hazmat | None = None
    manufacturer: Manufacturer | None = None
    productSafety: ProductSafety | None = None
    repairScore: Number = None
    responsiblePersons: list[ResponsiblePerson] | None = None


class OfferTax(Part):
    """How tax is put on the price."""

    applyTax: Flag = None
    thirdPartyTaxCategory: Text = None
    vatPercentage: Number = None


class Offer(EbayDocument):
    """The price and quantity of a SKU on one marketplace."""

    offerId: str = Field(min_length=1)
    availableQuantity: Whole = None
    categoryId: Text = None
    charity: Charity | None = None
    extendedProducerResponsibility: ExtendedProducerResponsibility | None = None
    format: Text = None
    hideBuyerDetails: Flag = None
    includeCatalogProductDetails: Flag = None
    listing: ListingDetails | None = None
    listingDescription: Text = None
    listingDuration: Text = None
    listingPolicies: ListingPolicies | None = None
    listingStartDate: When = None
    lotSize: Whole = None
    marketplaceId: Text = None
    merchantLocationKey: Text = None
    pricingSummary: OfferPricing | None = None
    quantityLimitPerBuyer: Whole = None
    regulatory: Regulatory | None = None
    secondaryCategoryId: Text = None
    sku: Text = None
    status: Text = None
    storeCategoryNames: Texts = None
    tax: OfferTax | None = None


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
