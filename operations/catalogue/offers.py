"""Offers: a SKU's price and quantity on one marketplace, as eBay's Inventory API has them."""

from __future__ import annotations

from pydantic import Field

from operations.catalogue.lens import Amount, EbayDocument, Flag, Number, Part, Text, Texts, When, Whole


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
