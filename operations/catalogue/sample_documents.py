"""Documents as eBay sends them, with made-up values: nobody in them lives, and no number is anybody's."""

from __future__ import annotations

from typing import Any

CREATED, SHIPPED, MODIFIED = "2026-06-18T13:28:24.000Z", "2026-06-19T09:12:00.000Z", "2026-06-22T08:05:10.000Z"
ORDER_ID, LINE_ITEM_ID, ITEM_ID, SKU = "03-14798-73169", "10091234567801", "110587654321", "MUG-BLUE-350"
TRACKING = "9400100000000000000000"
ADDRESS = {"addressLine1": "12 Example St", "city": "Springfield", "stateOrProvince": "CO", "postalCode": "80000", "countryCode": "US"}
BUYER = {
    "fullName": "Ada Example",
    "contactAddress": ADDRESS,
    "primaryPhone": {"phoneNumber": "5555550100"},
    "email": "ada@example.com",
}
ARRIVAL = {"minEstimatedDeliveryDate": "2026-06-22T07:00:00.000Z", "maxEstimatedDeliveryDate": "2026-06-25T07:00:00.000Z"}


def money(value: str) -> dict[str, str]:
    """An amount in USD."""
    return {"value": value, "currency": "USD"}


ORDER: dict[str, Any] = {
    "orderId": ORDER_ID,
    "legacyOrderId": ORDER_ID,
    "creationDate": CREATED,
    "lastModifiedDate": CREATED,
    "orderFulfillmentStatus": "NOT_STARTED",
    "orderPaymentStatus": "PAID",
    "sellerId": "example_shop",
    "buyer": {
        "username": "ada_example",
        "taxAddress": {name: value for name, value in ADDRESS.items() if name != "addressLine1"},
        "buyerRegistrationAddress": BUYER,
    },
    "pricingSummary": {"priceSubtotal": money("36.00"), "deliveryCost": money("4.99"), "total": money("40.99")},
    "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
    "paymentSummary": {
        "totalDueSeller": money("37.03"),
        "refunds": [],
        "payments": [
            {
                "paymentMethod": "EBAY",
                "paymentReferenceId": "345678_S",
                "paymentDate": CREATED,
                "amount": money("37.03"),
                "paymentStatus": "PAID",
            }
        ],
    },
    "fulfillmentStartInstructions": [
        {
            "fulfillmentInstructionsType": "SHIP_TO",
            **ARRIVAL,
            "ebaySupportedFulfillment": False,
            "shippingStep": {"shipTo": BUYER, "shippingCarrierCode": "USPS", "shippingServiceCode": "USPSGroundAdvantage"},
        }
    ],
    "fulfillmentHrefs": [],
    "lineItems": [
        {
            "lineItemId": LINE_ITEM_ID,
            "legacyItemId": ITEM_ID,
            "sku": SKU,
            "title": "Blue mug, 350 ml",
            "lineItemCost": money("36.00"),
            "quantity": 2,
            "soldFormat": "FIXED_PRICE",
            "listingMarketplaceId": "EBAY_US",
            "purchaseMarketplaceId": "EBAY_US",
            "lineItemFulfillmentStatus": "NOT_STARTED",
            "total": money("40.99"),
            "deliveryCost": {"shippingCost": money("4.99")},
            "appliedPromotions": [],
            "taxes": [],
            "properties": {"buyerProtection": True},
            "lineItemFulfillmentInstructions": {**ARRIVAL, "shipByDate": "2026-06-21T06:59:59.000Z", "guaranteedDelivery": False},
            "itemLocation": {"location": "Denver, Colorado", "countryCode": "US", "postalCode": "80201"},
        }
    ],
    "ebayCollectAndRemitTax": False,
    "salesRecordReference": "73169",
    "totalFeeBasisAmount": money("40.99"),
    "totalMarketplaceFee": money("3.96"),
}
PARCEL: dict[str, Any] = {
    "fulfillmentId": TRACKING,
    "shipmentTrackingNumber": TRACKING,
    "shippingCarrierCode": "USPS",
    "shippedDate": SHIPPED,
    "lineItems": [{"lineItemId": LINE_ITEM_ID, "quantity": 2}],
}
SHIPPED_ORDER: dict[str, Any] = {
    **ORDER,
    "lastModifiedDate": "2026-06-19T09:12:07.000Z",
    "orderFulfillmentStatus": "FULFILLED",
    "fulfillmentHrefs": [f"https://api.ebay.com/sell/fulfillment/v1/order/{ORDER_ID}/shipping_fulfillment/{TRACKING}"],
    "lineItems": [{**ORDER["lineItems"][0], "lineItemFulfillmentStatus": "FULFILLED"}],
}
REFUND = {
    "refundDate": "2026-06-22T08:05:09.000Z",
    "amount": money("18.00"),
    "refundStatus": "REFUNDED",
    "refundId": "5001234567",
    "refundReferenceId": "345679_S",
}
REFUNDED_ORDER: dict[str, Any] = {
    **SHIPPED_ORDER,
    "lastModifiedDate": MODIFIED,
    "orderPaymentStatus": "PARTIALLY_REFUNDED",
    "paymentSummary": {**ORDER["paymentSummary"], "refunds": [REFUND]},
}
CANCELLED_ORDER: dict[str, Any] = {
    **ORDER,
    "lastModifiedDate": "2026-06-18T15:02:11.000Z",
    "cancelStatus": {
        "cancelState": "CANCELED",
        "cancelledDate": "2026-06-18T15:02:10.000Z",
        "cancelRequests": [
            {
                "cancelRequestId": "5012345678",
                "cancelInitiator": "BUYER",
                "cancelReason": "BUYER_ASKED_CANCEL",
                "cancelRequestState": "COMPLETED",
                "cancelRequestedDate": "2026-06-18T14:11:40.000Z",
                "cancelCompletedDate": "2026-06-18T15:02:10.000Z",
            }
        ],
    },
}
ITEM: dict[str, Any] = {
    "sku": SKU,
    "locale": "en_US",
    "product": {
        "title": "Blue mug, 350 ml",
        "description": "A mug, blue.",
        "brand": "Unbranded",
        "aspects": {"Color": ["Blue"], "Capacity": ["350 ml"]},
        "imageUrls": ["https://example.com/mug.jpg"],
    },
    "condition": "NEW",
    "packageWeightAndSize": {
        "dimensions": {"height": 6.0, "length": 6.0, "width": 5.0, "unit": "INCH"},
        "weight": {"value": 1.0, "unit": "POUND"},
    },
    "availability": {"shipToLocationAvailability": {"quantity": 7}},
}
LISTING: dict[str, Any] = {
    "itemId": "110587654399",
    "title": "T-shirt with a mug on it",
    "status": "Active",
    "available": 5,
    "quantity": 9,
    "quantitySold": 4,
    "price": money("14.50"),
    "variations": [
        {"sku": "TEE-M", "specifics": {"Size": "M"}, "available": 5, "quantity": 6, "quantitySold": 1, "price": money("14.50")},
        {"sku": "TEE-L", "specifics": {"Size": "L"}, "available": 0, "quantity": 3, "quantitySold": 3, "price": money("14.50")},
    ],
}
OFFER: dict[str, Any] = {
    "offerId": "36445435010",
    "sku": SKU,
    "marketplaceId": "EBAY_US",
    "format": "FIXED_PRICE",
    "listingDescription": "A mug, blue.",
    "availableQuantity": 7,
    "quantityLimitPerBuyer": 3,
    "pricingSummary": {"price": money("18.00")},
    "listingPolicies": {
        "paymentPolicyId": "6196932000",
        "returnPolicyId": "6196944000",
        "fulfillmentPolicyId": "6196947000",
        "eBayPlusIfEligible": False,
    },
    "categoryId": "20625",
    "merchantLocationKey": "denver-1",
    "tax": {"applyTax": True},
    "listing": {"listingId": ITEM_ID, "listingStatus": "ACTIVE", "soldQuantity": 2},
    "status": "PUBLISHED",
    "listingDuration": "GTC",
    "includeCatalogProductDetails": True,
    "hideBuyerDetails": False,
}
