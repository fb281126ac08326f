"""What of an order or a parcel is about the buyer, and the same document without it.

Which fields: eBay's OpenAPI document of the Fulfillment API (Buyer, ExtendedContact, Address, TaxIdentifier, GiftDetails, ...). They are
emptied, not taken away, so that who reads a document finds its shape; to the normal form empty and missing are one, so that eBay's own
answer without them is no change. The country goes too, as eBay may show the order without it.
"""

from collections.abc import Iterator
from typing import Any

from domain.changes.deep import DEEPEST
from domain.changes.model import Document


def _fields(names: str) -> frozenset[str]:
    return frozenset(names.split())


PERSONAL = _fields("""
    buyer buyerCheckoutNotes buyerRegistrationAddress taxAddress taxIdentifier shipTo shipToReferenceId finalDestinationAddress
    giftDetails username fullName companyName email primaryPhone phoneNumber contactAddress addressLine1 addressLine2 taxpayerId
    recipientEmail senderName
""")
"""Fields that are the buyer's wherever they stand, with all that is in them."""

WITHIN = PERSONAL | _fields("""
    city county stateOrProvince postalCode countryCode issuingCountry message taxIdentifierType
""")
"""All that eBay puts into those; a field of another name may itself be a name, and goes."""

NAMING = _fields("""
    username fullName companyName email phoneNumber addressLine1 taxpayerId recipientEmail
""")
"""Whose values are looked for in fields that are not eBay's: it adds some unannounced."""

KNOWN = _fields("""
    orderId legacyOrderId creationDate lastModifiedDate orderFulfillmentStatus orderPaymentStatus sellerId salesRecordReference
    ebayCollectAndRemitTax totalFeeBasisAmount totalMarketplaceFee value currency convertedFromValue convertedFromCurrency cancelStatus
    cancelState cancelledDate cancelRequests cancelCompletedDate cancelInitiator cancelReason cancelRequestedDate cancelRequestId
    cancelRequestState pricingSummary priceSubtotal priceDiscount deliveryCost deliveryDiscount adjustment fee tax total paymentSummary
    totalDueSeller payments refunds paymentMethod paymentReferenceId paymentDate amount paymentStatus paymentHolds refundDate refundId
    refundReferenceId refundStatus fulfillmentStartInstructions fulfillmentInstructionsType minEstimatedDeliveryDate
    maxEstimatedDeliveryDate ebaySupportedFulfillment shippingStep shippingCarrierCode shippingServiceCode pickupStep
    merchantLocationKey appointment fulfillmentHrefs lineItems lineItemId legacyItemId legacyVariationId sku title quantity lineItemCost
    discountedLineItemCost soldFormat listingMarketplaceId purchaseMarketplaceId lineItemFulfillmentStatus
    lineItemFulfillmentInstructions shipByDate guaranteedDelivery taxes taxType ebayCollectAndRemitTaxes collectionMethod ebayReference
    appliedPromotions promotionId description properties itemLocation location variationAspects linkedOrderLineItems lineItemAspects
    compatibilityProperties propertyName propertyValue propertyDisplayName program name
""")
"""Fields of eBay's that are not the buyer's: they stay as they are."""

PARCEL = _fields("""
    fulfillmentId shipmentTrackingNumber shippingCarrierCode shippedDate lineItems
""")
SHORTEST = 4  # characters of a value that is looked for: "1" would be found everywhere


def buyer_of(order: Any) -> str | None:
    """The buyer's user name; None where there is none."""
    buyer = order.get("buyer") if type(order) is dict else None
    name = buyer.get("username") if type(buyer) is dict else None
    return name if type(name) is str and name else None


def redact_order(order: Document, username: str = "") -> Document:
    """An order, or some fields of one, without its buyer. The given one is not touched.

    Args:
        username: of the buyer, where it is known; what stands in the order itself is found.
    """
    needles = {text.casefold() for text in (username, *_names(order, False, 0)) if len(text.strip()) >= SHORTEST}
    redacted: Document = _object(order, needles, 0)
    return redacted


def redact_parcel(parcel: Document) -> Document:
    """A parcel without what eBay's parcels do not have. Its number stays: it is the parcel's name, and the carrier's."""
    return {name: value for name, value in parcel.items() if name in PARCEL}


def _names(value: Any, inside: bool, depth: int) -> Iterator[str]:
    """Values that name the buyer."""
    if depth > DEEPEST:
        return
    if type(value) is dict:
        for name, inner in value.items():
            personal = inside or name in PERSONAL
            if personal and name in NAMING and type(inner) is str:
                yield inner
            else:
                yield from _names(inner, personal, depth + 1)
    elif type(value) is list:
        for inner in value:
            yield from _names(inner, inside, depth + 1)


def _object(document: Document, needles: set[str], depth: int) -> Document:
    cleared: Document = {}
    for name, value in document.items():
        if name in PERSONAL:
            cleared[name] = _emptied(value, depth + 1)
        elif name in KNOWN:
            cleared[name] = _value(value, needles, True, depth + 1)
        elif not _found(name, needles):
            cleared[name] = _value(value, needles, False, depth + 1)
    return cleared


def _value(value: Any, needles: set[str], known: bool, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return value if known or not _found(value, needles) else ""
    if kind is dict or kind is list:
        if depth > DEEPEST:
            return None  # none of eBay's is so deep
        return _object(value, needles, depth) if kind is dict else [_value(inner, needles, known, depth + 1) for inner in value]
    return value


def _emptied(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return ""
    if kind is dict and depth <= DEEPEST:
        return {inner: _emptied(it, depth + 1) for inner, it in value.items() if inner in WITHIN}
    if kind is list and depth <= DEEPEST:
        return [_emptied(inner, depth + 1) for inner in value]
    return None


def _found(text: str, needles: set[str]) -> bool:
    folded = text.casefold()
    return any(needle in folded for needle in needles)
