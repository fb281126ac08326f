"""What orders are made of, but their lines and payments: buyer, addresses, delivery, cancellation."""

from __future__ import annotations

from operations.catalogue.lens import Amount, Flag, NameAndValue, Part, Text, When


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
