// Events of Sellerbeat's, typed. Written by `make docs` from `operations/catalogue/`; change nothing here.
//
// Field names are eBay's own, and Sellerbeat's. A field of eBay's may be absent or null, and eBay adds fields and values unannounced:
// what nobody knows is `unknown`. A type promises what eBay documents; what eBay sent in another form is passed on as it came.

export const SCHEMA_VERSION = "1.0";

/** Of the id of an event that somebody sent to try an endpoint: it is no change. */
export const TEST_PREFIX = "test-";

/** Where somebody lives, or a parcel goes. */
export interface Address {
  addressLine1?: string | null;
  addressLine2?: string | null;
  city?: string | null;
  countryCode?: string | null;
  county?: string | null;
  postalCode?: string | null;
  stateOrProvince?: string | null;
  [field: string]: unknown;
}

/** Something that a person should know of. `runbook`: what it means and what to do, a file of Sellerbeat's. */
export interface AlertData {
  kind: string;
  text: string;
  runbook?: string | null;
  opened_at: string;
  closed_at: string | null;
  [field: string]: unknown;
}

/** Money. `value` is decimal text on the wire, with any number of decimals, and compares as a decimal: "120.0" is "120.00". */
export interface Amount {
  value?: string | null;
  currency?: string | null;
  convertedFromValue?: string | null;
  convertedFromCurrency?: string | null;
  [field: string]: unknown;
}

/** A discount of the seller's. */
export interface AppliedPromotion {
  description?: string | null;
  discountAmount?: Amount | null;
  promotionId?: string | null;
  [field: string]: unknown;
}

/** When something is brought or installed. */
export interface AppointmentDetails {
  appointmentEndTime?: string | null;
  appointmentStartTime?: string | null;
  appointmentStatus?: string | null;
  appointmentType?: string | null;
  appointmentWindow?: string | null;
  serviceProviderAppointmentDate?: string | null;
  [field: string]: unknown;
}

/** How many pieces there are. */
export interface Availability {
  pickupAtLocationAvailability?: PickupAvailability[] | null;
  shipToLocationAvailability?: ShipToLocation | null;
  [field: string]: unknown;
}

/** What lies at one place. */
export interface AvailabilityDistribution {
  fulfillmentTime?: TimeDuration | null;
  merchantLocationKey?: string | null;
  quantity?: number | null;
  [field: string]: unknown;
}

/** Whether, and from where on, buyers may offer less. */
export interface BestOffer {
  autoAcceptPrice?: Amount | null;
  autoDeclinePrice?: Amount | null;
  bestOfferEnabled?: boolean | null;
  [field: string]: unknown;
}

/** Who bought. eBay shows less of them as the order ages, and nothing is left of who asked eBay to be deleted. */
export interface Buyer {
  buyerRegistrationAddress?: ExtendedContact | null;
  taxAddress?: TaxAddress | null;
  taxIdentifier?: TaxIdentifier | null;
  username?: string | null;
  [field: string]: unknown;
}

/** Somebody asked to cancel; only a single read of the order has it. */
export interface CancelRequest {
  cancelCompletedDate?: string | null;
  cancelInitiator?: string | null;
  cancelReason?: string | null;
  cancelRequestId?: string | null;
  cancelRequestState?: string | null;
  cancelRequestedDate?: string | null;
  [field: string]: unknown;
}

/** `cancelState` is NONE_REQUESTED, IN_PROGRESS or CANCELED. */
export interface CancelStatus {
  cancelRequests?: CancelRequest[] | null;
  cancelState?: string | null;
  cancelledDate?: string | null;
  [field: string]: unknown;
}

/** A charge of eBay's beside the price. */
export interface Charge {
  amount?: Amount | null;
  chargeType?: string | null;
  [field: string]: unknown;
}

/** Who gets a share of the price. */
export interface Charity {
  charityId?: string | null;
  donationPercentage?: string | null;
  [field: string]: unknown;
}

/** What the part fits, by one property. */
export interface CompatibilityProperty {
  propertyDisplayName?: string | null;
  propertyName?: string | null;
  propertyValue?: string | null;
  [field: string]: unknown;
}

/** Such as the grade of a trading card. */
export interface ConditionDescriptor {
  additionalInfo?: string | null;
  name?: string | null;
  values?: string[] | null;
  [field: string]: unknown;
}

/** A seller as they begin. No token and no name of eBay's is in it. */
export interface ConnectedSeller {
  seller_id: string;
  generation: number;
  enrolled_at: string;
  inventory_source: string;
  offers: boolean;
  [field: string]: unknown;
}

/** Policies of one country. */
export interface CountryPolicy {
  country?: string | null;
  policyIds?: string[] | null;
  [field: string]: unknown;
}

/** Of one line. */
export interface DeliveryCost {
  discountAmount?: Amount | null;
  handlingCost?: Amount | null;
  importCharges?: Amount | null;
  shippingCost?: Amount | null;
  shippingIntermediationFee?: Amount | null;
  [field: string]: unknown;
}

/** Of the package. */
export interface Dimension {
  height?: number | null;
  length?: number | null;
  unit?: string | null;
  width?: number | null;
  [field: string]: unknown;
}

/** A tax that eBay collects and pays. */
export interface EbayCollectAndRemitTax {
  amount?: Amount | null;
  collectionMethod?: string | null;
  ebayReference?: NameAndValue | null;
  taxType?: string | null;
  [field: string]: unknown;
}

/** What eBay charges the buyer. */
export interface EbayCollectedCharges {
  charges?: Charge[] | null;
  ebayShipping?: Amount | null;
  [field: string]: unknown;
}

/** Who sends it. */
export interface EbayFulfillmentProgram {
  fulfilledBy?: string | null;
  [field: string]: unknown;
}

/** Who cares for returns. */
export interface EbayInternationalShipping {
  returnsManagedBy?: string | null;
  [field: string]: unknown;
}

/** Who gives the label. */
export interface EbayShipping {
  shippingLabelProvidedBy?: string | null;
  [field: string]: unknown;
}

/** How it gets into or out of eBay's vault. */
export interface EbayVaultProgram {
  fulfillmentType?: string | null;
  [field: string]: unknown;
}

/** Where the picture and the sheet are. */
export interface EnergyEfficiencyLabel {
  imageDescription?: string | null;
  imageURL?: string | null;
  productInformationSheet?: string | null;
  [field: string]: unknown;
}

/** A person and their address. */
export interface ExtendedContact {
  companyName?: string | null;
  contactAddress?: Address | null;
  email?: string | null;
  fullName?: string | null;
  primaryPhone?: PhoneNumber | null;
  [field: string]: unknown;
}

/** Numbers that some countries ask for. */
export interface ExtendedProducerResponsibility {
  ecoParticipationFee?: Amount | null;
  producerProductId?: string | null;
  productDocumentationId?: string | null;
  productPackageId?: string | null;
  shipmentPackageId?: string | null;
  [field: string]: unknown;
}

/** Only single reads have it; what is stored has not. */
export interface FormatAllocation {
  auction?: number | null;
  fixedPrice?: number | null;
  [field: string]: unknown;
}

/** How the order gets to its buyer. */
export interface FulfillmentStartInstruction {
  appointment?: AppointmentDetails | null;
  ebaySupportedFulfillment?: boolean | null;
  finalDestinationAddress?: Address | null;
  fulfillmentInstructionsType?: string | null;
  maxEstimatedDeliveryDate?: string | null;
  minEstimatedDeliveryDate?: string | null;
  pickupStep?: PickupStep | null;
  shippingStep?: ShippingStep | null;
  [field: string]: unknown;
}

/** For a gift card. */
export interface GiftDetails {
  message?: string | null;
  recipientEmail?: string | null;
  senderName?: string | null;
  [field: string]: unknown;
}

/** Dangerous goods. */
export interface Hazmat {
  component?: string | null;
  pictograms?: string[] | null;
  signalWord?: string | null;
  statements?: string[] | null;
  [field: string]: unknown;
}

/** A SKU of the Inventory API, in its list view: what is there, in how many pieces. Prices are in its offers. */
export interface InventoryItem {
  sku: string;
  availability?: Availability | null;
  condition?: string | null;
  conditionDescription?: string | null;
  conditionDescriptors?: ConditionDescriptor[] | null;
  groupIds?: string[] | null;
  inventoryItemGroupKeys?: string[] | null;
  locale?: string | null;
  packageWeightAndSize?: PackageWeightAndSize | null;
  product?: Product | null;
  [field: string]: unknown;
}

/** Where the item is. */
export interface ItemLocation {
  countryCode?: string | null;
  location?: string | null;
  postalCode?: string | null;
  [field: string]: unknown;
}

/** So many pieces of one listing, or of one of its variations. `lineItemCost` is for all of them. */
export interface LineItem {
  appliedPromotions?: AppliedPromotion[] | null;
  compatibilityProperties?: CompatibilityProperty[] | null;
  deliveryCost?: DeliveryCost | null;
  discountedLineItemCost?: Amount | null;
  ebayCollectAndRemitTaxes?: EbayCollectAndRemitTax[] | null;
  ebayCollectedCharges?: EbayCollectedCharges | null;
  giftDetails?: GiftDetails | null;
  itemLocation?: ItemLocation | null;
  legacyItemId?: string | null;
  legacyVariationId?: string | null;
  lineItemCost?: Amount | null;
  lineItemFulfillmentInstructions?: LineItemFulfillmentInstructions | null;
  lineItemFulfillmentStatus?: string | null;
  lineItemId?: string | null;
  linkedOrderLineItems?: LinkedOrderLineItem[] | null;
  listingMarketplaceId?: string | null;
  properties?: LineItemProperties | null;
  purchaseMarketplaceId?: string | null;
  quantity?: number | null;
  refunds?: LineItemRefund[] | null;
  sku?: string | null;
  soldFormat?: string | null;
  taxes?: Tax[] | null;
  title?: string | null;
  total?: Amount | null;
  variationAspects?: NameAndValue[] | null;
  [field: string]: unknown;
}

/** Until when it is to be sent, and to arrive. */
export interface LineItemFulfillmentInstructions {
  guaranteedDelivery?: boolean | null;
  maxEstimatedDeliveryDate?: string | null;
  minEstimatedDeliveryDate?: string | null;
  shipByDate?: string | null;
  [field: string]: unknown;
}

/** How it came to be sold. */
export interface LineItemProperties {
  buyerProtection?: boolean | null;
  fromBestOffer?: boolean | null;
  soldViaAdCampaign?: boolean | null;
  [field: string]: unknown;
}

/** How many pieces of an order's line are in a parcel. */
export interface LineItemReference {
  lineItemId?: string | null;
  quantity?: number | null;
  [field: string]: unknown;
}

/** A refund of one line. It has a date once it is issued, and no status. */
export interface LineItemRefund {
  amount?: Amount | null;
  refundDate?: string | null;
  refundId?: string | null;
  refundReferenceId?: string | null;
  [field: string]: unknown;
}

/** A line of another order that belongs to this one, such as tyres and their fitting. */
export interface LinkedOrderLineItem {
  lineItemAspects?: NameAndValue[] | null;
  lineItemId?: string | null;
  maxEstimatedDeliveryDate?: string | null;
  minEstimatedDeliveryDate?: string | null;
  orderId?: string | null;
  sellerId?: string | null;
  shipments?: TrackingInfo[] | null;
  title?: string | null;
  [field: string]: unknown;
}

/** A listing that the Inventory API does not see. `quantity` counts what was sold too; `available` is what is left. */
export interface Listing {
  itemId: string;
  sku?: string | null;
  title?: string | null;
  status?: string | null;
  available?: number | null;
  quantity?: number | null;
  quantitySold?: number | null;
  price?: Amount | null;
  variations?: Variation[] | null;
  [field: string]: unknown;
}

/** The listing that the offer became. */
export interface ListingDetails {
  listingId?: string | null;
  listingOnHold?: boolean | null;
  listingStatus?: string | null;
  soldQuantity?: number | null;
  [field: string]: unknown;
}

/** Payment, shipping and return, by the ids of the seller's policies. */
export interface ListingPolicies {
  bestOfferTerms?: BestOffer | null;
  eBayPlusIfEligible?: boolean | null;
  fulfillmentPolicyId?: string | null;
  paymentPolicyId?: string | null;
  productCompliancePolicyIds?: string[] | null;
  regionalProductCompliancePolicies?: RegionalProductCompliancePolicies | null;
  regionalTakeBackPolicies?: RegionalTakeBackPolicies | null;
  returnPolicyId?: string | null;
  shippingCostOverrides?: ShippingCostOverride[] | null;
  takeBackPolicyId?: string | null;
  [field: string]: unknown;
}

/** Who made it. */
export interface Manufacturer {
  addressLine1?: string | null;
  addressLine2?: string | null;
  city?: string | null;
  companyName?: string | null;
  contactUrl?: string | null;
  country?: string | null;
  email?: string | null;
  phone?: string | null;
  postalCode?: string | null;
  stateOrProvince?: string | null;
  [field: string]: unknown;
}

/** Such as what tells a variation from others: `Size`, `M`. */
export interface NameAndValue {
  name?: string | null;
  value?: string | null;
  [field: string]: unknown;
}

/** The price and quantity of a SKU on one marketplace. */
export interface Offer {
  offerId: string;
  availableQuantity?: number | null;
  categoryId?: string | null;
  charity?: Charity | null;
  extendedProducerResponsibility?: ExtendedProducerResponsibility | null;
  format?: string | null;
  hideBuyerDetails?: boolean | null;
  includeCatalogProductDetails?: boolean | null;
  listing?: ListingDetails | null;
  listingDescription?: string | null;
  listingDuration?: string | null;
  listingPolicies?: ListingPolicies | null;
  listingStartDate?: string | null;
  lotSize?: number | null;
  marketplaceId?: string | null;
  merchantLocationKey?: string | null;
  pricingSummary?: OfferPricing | null;
  quantityLimitPerBuyer?: number | null;
  regulatory?: Regulatory | null;
  secondaryCategoryId?: string | null;
  sku?: string | null;
  status?: string | null;
  storeCategoryNames?: string[] | null;
  tax?: OfferTax | null;
  [field: string]: unknown;
}

/** Of one piece. */
export interface OfferPricing {
  auctionReservePrice?: Amount | null;
  auctionStartPrice?: Amount | null;
  minimumAdvertisedPrice?: Amount | null;
  originalRetailPrice?: Amount | null;
  originallySoldForRetailPriceOn?: string | null;
  price?: Amount | null;
  pricingVisibility?: string | null;
  [field: string]: unknown;
}

/** How tax is put on the price. */
export interface OfferTax {
  applyTax?: boolean | null;
  thirdPartyTaxCategory?: string | null;
  vatPercentage?: number | null;
  [field: string]: unknown;
}

/** A checkout, as getOrders has it. `orderFulfillmentStatus`: NOT_STARTED, IN_PROGRESS, FULFILLED. `orderPaymentStatus`: PAID, PENDING, FAILED, PARTIALLY_REFUNDED, FULLY_REFUNDED. eBay adds values and fields unannounced. */
export interface Order {
  orderId: string;
  buyer?: Buyer | null;
  buyerCheckoutNotes?: string | null;
  cancelStatus?: CancelStatus | null;
  creationDate?: string | null;
  ebayCollectAndRemitTax?: boolean | null;
  fulfillmentHrefs?: string[] | null;
  fulfillmentStartInstructions?: FulfillmentStartInstruction[] | null;
  lastModifiedDate?: string | null;
  legacyOrderId?: string | null;
  lineItems?: LineItem[] | null;
  orderFulfillmentStatus?: string | null;
  orderPaymentStatus?: string | null;
  paymentSummary?: PaymentSummary | null;
  pricingSummary?: PricingSummary | null;
  program?: Program | null;
  salesRecordReference?: string | null;
  sellerId?: string | null;
  totalFeeBasisAmount?: Amount | null;
  totalMarketplaceFee?: Amount | null;
  [field: string]: unknown;
}

/** A refund of the order. Done is what has the status REFUNDED. */
export interface OrderRefund {
  amount?: Amount | null;
  refundDate?: string | null;
  refundId?: string | null;
  refundReferenceId?: string | null;
  refundStatus?: string | null;
  [field: string]: unknown;
}

/** The package, packed. */
export interface PackageWeightAndSize {
  dimensions?: Dimension | null;
  packageType?: string | null;
  shippingIrregular?: boolean | null;
  weight?: Weight | null;
  [field: string]: unknown;
}

/** What the buyer paid. */
export interface Payment {
  amount?: Amount | null;
  paymentDate?: string | null;
  paymentHolds?: PaymentHold[] | null;
  paymentMethod?: string | null;
  paymentReferenceId?: string | null;
  paymentStatus?: string | null;
  [field: string]: unknown;
}

/** Money that eBay keeps back. */
export interface PaymentHold {
  expectedReleaseDate?: string | null;
  holdAmount?: Amount | null;
  holdReason?: string | null;
  holdState?: string | null;
  releaseDate?: string | null;
  sellerActionsToRelease?: SellerActionsToRelease[] | null;
  [field: string]: unknown;
}

/** What was paid, and what is the seller's of it. */
export interface PaymentSummary {
  payments?: Payment[] | null;
  refunds?: OrderRefund[] | null;
  totalDueSeller?: Amount | null;
  [field: string]: unknown;
}

/** Absent once an order is 90 days old, as all that names the buyer. */
export interface PhoneNumber {
  phoneNumber?: string | null;
  [field: string]: unknown;
}

/** What can be fetched at one place. */
export interface PickupAvailability {
  availabilityType?: string | null;
  fulfillmentTime?: TimeDuration | null;
  merchantLocationKey?: string | null;
  quantity?: number | null;
  [field: string]: unknown;
}

/** Where the buyer fetches it. */
export interface PickupStep {
  merchantLocationKey?: string | null;
  [field: string]: unknown;
}

/** Whether an item was found to be genuine. */
export interface PostSaleAuthenticationProgram {
  outcomeReason?: string | null;
  status?: string | null;
  [field: string]: unknown;
}

/** What the order's sum is made of. */
export interface PricingSummary {
  adjustment?: Amount | null;
  deliveryCost?: Amount | null;
  deliveryDiscount?: Amount | null;
  fee?: Amount | null;
  priceDiscount?: Amount | null;
  priceSubtotal?: Amount | null;
  tax?: Amount | null;
  total?: Amount | null;
  [field: string]: unknown;
}

/** What it is. `aspects` has a list of values a name. */
export interface Product {
  aspects?: Record<string, unknown> | null;
  brand?: string | null;
  description?: string | null;
  ean?: string[] | null;
  epid?: string | null;
  imageUrls?: string[] | null;
  isbn?: string[] | null;
  mpn?: string | null;
  subtitle?: string | null;
  title?: string | null;
  upc?: string[] | null;
  videoIds?: string[] | null;
  [field: string]: unknown;
}

/** Warnings. */
export interface ProductSafety {
  component?: string | null;
  pictograms?: string[] | null;
  statements?: string[] | null;
  [field: string]: unknown;
}

/** Programs of eBay's that the order is in. */
export interface Program {
  authenticityVerification?: PostSaleAuthenticationProgram | null;
  ebayInternationalShipping?: EbayInternationalShipping | null;
  ebayShipping?: EbayShipping | null;
  ebayVault?: EbayVaultProgram | null;
  fulfillmentProgram?: EbayFulfillmentProgram | null;
  [field: string]: unknown;
}

/** A list for each country. */
export interface RegionalProductCompliancePolicies {
  countryPolicies?: CountryPolicy[] | null;
  [field: string]: unknown;
}

/** A list for each country. */
export interface RegionalTakeBackPolicies {
  countryPolicies?: CountryPolicy[] | null;
  [field: string]: unknown;
}

/** What the law asks to be shown. */
export interface Regulatory {
  documents?: RegulatoryDocument[] | null;
  energyEfficiencyLabel?: EnergyEfficiencyLabel | null;
  hazmat?: Hazmat | null;
  manufacturer?: Manufacturer | null;
  productSafety?: ProductSafety | null;
  repairScore?: number | null;
  responsiblePersons?: ResponsiblePerson[] | null;
  [field: string]: unknown;
}

/** By its id. */
export interface RegulatoryDocument {
  documentId?: string | null;
  [field: string]: unknown;
}

/** A seller as they end. `erased`: nothing of them is stored any more. */
export interface RemovedSeller {
  seller_id: string;
  removed_at: string;
  erased: boolean;
  [field: string]: unknown;
}

/** Who answers for it in the EU. */
export interface ResponsiblePerson {
  addressLine1?: string | null;
  addressLine2?: string | null;
  city?: string | null;
  companyName?: string | null;
  contactUrl?: string | null;
  country?: string | null;
  email?: string | null;
  phone?: string | null;
  postalCode?: string | null;
  stateOrProvince?: string | null;
  types?: string[] | null;
  [field: string]: unknown;
}

/** What the seller can do about a hold. */
export interface SellerActionsToRelease {
  sellerActionToRelease?: string | null;
  [field: string]: unknown;
}

/** Whose consent it is about. `generation` counts the seller's consents. */
export interface SellerConsent {
  seller_id: string;
  generation: number;
  [field: string]: unknown;
}

/** What can be sent, in pieces, for all marketplaces together. */
export interface ShipToLocation {
  allocationByFormat?: FormatAllocation | null;
  availabilityDistributions?: AvailabilityDistribution[] | null;
  quantity?: number | null;
  [field: string]: unknown;
}

/** Instead of what the policy says. */
export interface ShippingCostOverride {
  additionalShippingCost?: Amount | null;
  priority?: number | null;
  shippingCost?: Amount | null;
  shippingServiceType?: string | null;
  surcharge?: Amount | null;
  [field: string]: unknown;
}

/** A parcel. `fulfillmentId` is its tracking number; without tracking an arbitrary one that several parcels may share. */
export interface ShippingFulfillment {
  fulfillmentId: string;
  lineItems?: LineItemReference[] | null;
  shipmentTrackingNumber?: string | null;
  shippedDate?: string | null;
  shippingCarrierCode?: string | null;
  [field: string]: unknown;
}

/** How and to whom it is to be sent. */
export interface ShippingStep {
  shipTo?: ExtendedContact | null;
  shipToReferenceId?: string | null;
  shippingCarrierCode?: string | null;
  shippingServiceCode?: string | null;
  [field: string]: unknown;
}

/** A line of an order, told once however often the order changes. What eBay did not say is null. */
export interface SoldLineItem {
  orderId: string;
  lineItemId: string;
  sku: string | null;
  legacyItemId: string | null;
  quantity: number | null;
  soldAt: string;
  [field: string]: unknown;
}

/** A tax within the price. */
export interface Tax {
  amount?: Amount | null;
  taxType?: string | null;
  [field: string]: unknown;
}

/** What decides about sales tax. */
export interface TaxAddress {
  city?: string | null;
  countryCode?: string | null;
  postalCode?: string | null;
  stateOrProvince?: string | null;
  [field: string]: unknown;
}

/** The buyer's tax number; only a single read of the order has it. */
export interface TaxIdentifier {
  issuingCountry?: string | null;
  taxIdentifierType?: string | null;
  taxpayerId?: string | null;
  [field: string]: unknown;
}

/** Such as 2 BUSINESS_DAY. */
export interface TimeDuration {
  unit?: string | null;
  value?: number | null;
  [field: string]: unknown;
}

/** A parcel's number and carrier. */
export interface TrackingInfo {
  shipmentTrackingNumber?: string | null;
  shippingCarrierCode?: string | null;
  [field: string]: unknown;
}

/** One of a listing's variations. `specifics` tells it from the others; a name with several values has a list. */
export interface Variation {
  sku?: string | null;
  specifics?: Record<string, unknown> | null;
  available?: number | null;
  quantity?: number | null;
  quantitySold?: number | null;
  price?: Amount | null;
  [field: string]: unknown;
}

/** Of the package. */
export interface Weight {
  unit?: string | null;
  value?: number | null;
  [field: string]: unknown;
}

/** What is said of every change, but for its documents. */
export interface Envelope<Type extends string = string> {
  /** the same for ever: do what you do under it, and nothing is done twice */
  id: string;
  /** orders the whole feed */
  position: number;
  /** your own id of the seller; null: of the fleet, or of a seller who was erased */
  seller_id: string | null;
  /** 1, 2, 3, … for each seller; null where seller_id is */
  sequence: number | null;
  /** what happened */
  type: Type;
  /** orderId, orderId/fulfillmentId, SKU, listing:ITEMID, offer:OFFERID, the seller, or alert:KIND */
  entity_id: string;
  /** counts the entity's versions; events of one version share it */
  version: number;
  /** when it happened, by eBay; UTC */
  occurred_at: string;
  /** when it was recorded; UTC */
  detected_at: string;
  /** what found it */
  source: "poll" | "sweep" | "backfill" | "notification";
  /** the top-level fields of `data` that differ, sorted; [] of something new */
  changed: string[];
  [field: string]: unknown;
}

/** A change, as the feed has it. */
export interface FeedEvent<Type extends string = string, Data = unknown> extends Envelope<Type> {
  /** the old values of the fields in `changed` */
  previous: Record<string, unknown>;
  /** what it is now */
  data: Data;
}

/** A change without its documents, as an endpoint may get it where the whole is larger than 20 kB. */
export interface ThinEvent<Type extends string = EventType> extends Envelope<Type> {
  /** `previous` and `data` are left out */
  thin: true;
  /** where they are, behind the address of the API */
  feed: string;
}

/** An order that was not known. */
export interface OrderCreated extends FeedEvent<"order.created", Order> {
  seller_id: string;
  sequence: number;
}

/** Anything in an order's content changed; a new date alone is no change. */
export interface OrderUpdated extends FeedEvent<"order.updated", Order> {
  seller_id: string;
  sequence: number;
}

/** Beside `order.updated`, same version: the order is now cancelled. */
export interface OrderCancelled extends FeedEvent<"order.cancelled", Order> {
  seller_id: string;
  sequence: number;
}

/** Beside `order.updated`, same version: a refund is done, by eBay's word (not one that is pending or failed). */
export interface OrderRefunded extends FeedEvent<"order.refunded", Order> {
  seller_id: string;
  sequence: number;
}

/** A parcel was shipped. */
export interface FulfillmentCreated extends FeedEvent<"fulfillment.created", ShippingFulfillment> {
  seller_id: string;
  sequence: number;
}

/** Its carrier, tracking number or content changed. */
export interface FulfillmentUpdated extends FeedEvent<"fulfillment.updated", ShippingFulfillment> {
  seller_id: string;
  sequence: number;
}

/** eBay no longer has it. */
export interface FulfillmentRemoved extends FeedEvent<"fulfillment.removed", ShippingFulfillment> {
  seller_id: string;
  sequence: number;
}

/** A SKU or listing that was not known. */
export interface InventoryCreated extends FeedEvent<"inventory.created", InventoryItem | Listing> {
  seller_id: string;
  sequence: number;
}

/** Its quantity, price, title or anything else changed. */
export interface InventoryUpdated extends FeedEvent<"inventory.updated", InventoryItem | Listing> {
  seller_id: string;
  sequence: number;
}

/** Beside `inventory.updated`, same version: nothing is available any more. */
export interface InventoryOutOfStock extends FeedEvent<"inventory.out_of_stock", InventoryItem | Listing> {
  seller_id: string;
  sequence: number;
}

/** The SKU was deleted, or the listing ended. */
export interface InventoryRemoved extends FeedEvent<"inventory.removed", InventoryItem | Listing> {
  seller_id: string;
  sequence: number;
}

/** A line of an order was stored for the first time: a sale; its `data` is no stock document. */
export interface InventorySold extends FeedEvent<"inventory.sold", SoldLineItem> {
  seller_id: string;
  sequence: number;
}

/** A price and quantity on one marketplace; only for sellers enrolled with `--offers`. */
export interface OfferCreated extends FeedEvent<"offer.created", Offer> {
  seller_id: string;
  sequence: number;
}

/** It changed. */
export interface OfferUpdated extends FeedEvent<"offer.updated", Offer> {
  seller_id: string;
  sequence: number;
}

/** It is gone. */
export interface OfferRemoved extends FeedEvent<"offer.removed", Offer> {
  seller_id: string;
  sequence: number;
}

/** A seller was enrolled, by whatever way; also one who was removed before. Their first event. */
export interface SellerConnected extends FeedEvent<"seller.connected", ConnectedSeller> {
  seller_id: string;
  sequence: number;
}

/** eBay refuses the seller's token: ask them for a new consent. */
export interface SellerNeedsReauthorization extends FeedEvent<"seller.needs_reauthorization", SellerConsent> {
  seller_id: string;
  sequence: number;
}

/** A new token was given, and polling goes on. */
export interface SellerReauthorized extends FeedEvent<"seller.reauthorized", SellerConsent> {
  seller_id: string;
  sequence: number;
}

/** Nothing is polled for the seller any more; `data.erased`: and nothing of them is stored any more. */
export interface SellerRemoved extends FeedEvent<"seller.removed", RemovedSeller> {
}

/** Something needs a look; `data` says what. */
export interface AlertOpened extends FeedEvent<"alert.opened", AlertData> {
}

/** It passed. */
export interface AlertClosed extends FeedEvent<"alert.closed", AlertData> {
}

/** Each type with its event: `EventOf["order.created"]`. */
export interface EventOf {
  "order.created": OrderCreated;
  "order.updated": OrderUpdated;
  "order.cancelled": OrderCancelled;
  "order.refunded": OrderRefunded;
  "fulfillment.created": FulfillmentCreated;
  "fulfillment.updated": FulfillmentUpdated;
  "fulfillment.removed": FulfillmentRemoved;
  "inventory.created": InventoryCreated;
  "inventory.updated": InventoryUpdated;
  "inventory.out_of_stock": InventoryOutOfStock;
  "inventory.removed": InventoryRemoved;
  "inventory.sold": InventorySold;
  "offer.created": OfferCreated;
  "offer.updated": OfferUpdated;
  "offer.removed": OfferRemoved;
  "seller.connected": SellerConnected;
  "seller.needs_reauthorization": SellerNeedsReauthorization;
  "seller.reauthorized": SellerReauthorized;
  "seller.removed": SellerRemoved;
  "alert.opened": AlertOpened;
  "alert.closed": AlertClosed;
}

export type EventType = keyof EventOf;

/** Any event of a known type; `type` tells which. */
export type KnownEvent = EventOf[EventType];

export const EVENT_TYPES: readonly EventType[] = [
  "order.created",
  "order.updated",
  "order.cancelled",
  "order.refunded",
  "fulfillment.created",
  "fulfillment.updated",
  "fulfillment.removed",
  "inventory.created",
  "inventory.updated",
  "inventory.out_of_stock",
  "inventory.removed",
  "inventory.sold",
  "offer.created",
  "offer.updated",
  "offer.removed",
  "seller.connected",
  "seller.needs_reauthorization",
  "seller.reauthorized",
  "seller.removed",
  "alert.opened",
  "alert.closed",
];

/** The body that an endpoint gets, once its signature is verified. */
export interface Delivery<Type extends EventType = EventType> {
  type: Type;
  timestamp: string;
  data: EventOf[Type] | ThinEvent<Type>;
}

/** Whether this version knows the type of an event: a later Sellerbeat may tell more. */
export function isKnown(event: { type: string }): event is KnownEvent {
  return (EVENT_TYPES as readonly string[]).includes(event.type) && !isThin(event);
}

/** Whether an event came without its documents: `feed` says where they are. */
export function isThin(event: { type: string; thin?: unknown }): event is ThinEvent {
  return event.thin === true;
}
