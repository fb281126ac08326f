"""Orders and their parcels, as eBay's Fulfillment API has them."""

from __future__ import annotations

from pydantic import Field

from operations.catalogue.lens import Amount, EbayDocument, Flag, NameAndValue, Part, Text, Texts, When, Whole
from operations.catalogue.order_parts import (
    AppliedPromotion,
    Buyer,
    CancelStatus,
    CompatibilityProperty,
    DeliveryCost,
    EbayCollectAndRemitTax,
    EbayCollectedCharges,
    FulfillmentStartInstruction,
    GiftDetails,
    ItemLocation,
    LineItemFulfillmentInstructions,
    LinkedOrderLineItem,
)


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
