"""Documents as eBay gives them, and any JSON at all."""

import copy
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from domain.changes.dates import read_time
from domain.changes.model import Document, Stored

NOW = datetime(2026, 6, 19, 12, tzinfo=UTC)


def amount(value: str) -> Document:
    return {"value": value, "currency": "USD"}


def line(number: int = 1, **fields: Any) -> Document:
    return {
        "lineItemId": f"1008260960000{number}",
        "legacyItemId": "267452300001",
        "sku": f"LAMP-{number}",
        "title": "A lamp",
        "quantity": 2,
        "lineItemCost": amount("40.0"),
        "lineItemFulfillmentStatus": "NOT_STARTED",
        "refunds": [],
        "giftDetails": {"message": f"Enjoy {number}!", "senderName": "Aunt Ada", "recipientEmail": "kim@example.com"},
        **fields,
    }


def order(**fields: Any) -> Document:
    contact = {
        "fullName": "Kim Example",
        "contactAddress": {"addressLine1": "1 Example St", "addressLine2": "Flat 2", "city": "Springfield", "countryCode": "US"},
        "primaryPhone": {"phoneNumber": "5555550100"},
        "email": "kim@example.com",
    }
    return copy.deepcopy(
        {
            "orderId": "03-14798-00001",
            "creationDate": "2026-06-18T13:27:24.000Z",
            "lastModifiedDate": "2026-06-18T13:28:24.000Z",
            "orderFulfillmentStatus": "NOT_STARTED",
            "orderPaymentStatus": "PAID",
            "buyer": {"username": "kim", "buyerRegistrationAddress": contact},
            "pricingSummary": {"total": amount("80.0")},
            "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
            "paymentSummary": {"totalDueSeller": amount("71.5"), "refunds": [], "payments": [{"amount": amount("80.0")}]},
            "fulfillmentStartInstructions": [{"shippingStep": {"shipTo": contact, "shippingServiceCode": "UPSGround"}}],
            "fulfillmentHrefs": [],
            "lineItems": [line(1), line(2)],
            "ebayCollectAndRemitTax": True,
            **fields,
        }
    )


def item(quantity: Any = 3, **fields: Any) -> Document:
    return {
        "sku": "LAMP-1",
        "locale": "en_US",
        "product": {"title": "A lamp", "imageUrls": ["https://img.example/1.jpg", "https://img.example/2.jpg"]},
        "packageWeightAndSize": {"weight": {"value": 1.75, "unit": "POUND"}},
        "availability": {"shipToLocationAvailability": {"quantity": quantity}},
        **fields,
    }


def parcel(fulfillment_id: str = "9405", lines: tuple[int, ...] = (1,), **fields: Any) -> Document:
    return {
        "fulfillmentId": fulfillment_id,
        "lineItems": [{"lineItemId": f"1008260960000{number}", "quantity": 1} for number in lines],
        "shippingCarrierCode": "USPS",
        "shippedDate": "2026-06-19T10:00:00.000Z",
        **fields,
    }


def href(fulfillment_id: str) -> str:
    return f"https://api.ebay.com/sell/fulfillment/v1/order/03-14798-00001/shipping_fulfillment/{fulfillment_id}"


def held(document: Document, version: int = 1, entity_id: str | None = None, removed: bool = False) -> Stored:
    """As the store would hold the document."""
    own = entity_id or document.get("orderId") or document["sku"]
    return Stored(own, version, copy.deepcopy(document), read_time(document.get("lastModifiedDate")), removed)


READ_BY_US = """
    orderId creationDate lastModifiedDate buyer cancelStatus cancelState cancelRequests taxIdentifier lineItems refunds paymentSummary
    orderPaymentStatus fulfillmentHrefs lineItemId quantity fullName primaryPhone email giftDetails value currency fulfillmentId shippedDate
    availability shipToLocationAvailability groupIds inventoryItemGroupKeys x
"""
NAMES = st.sampled_from(READ_BY_US.split())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=["L", "Nd", "Cs", "Cc", "P"]), max_size=6)
    | st.sampled_from(["", "0.0", "1.50", "1E+5", "-0", "CANCELED", "FULLY_REFUNDED", "0001-01-01T00:00:00+23:59", "2020-01-01T00:00:00Z"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=5),
    max_leaves=20,
)
OBJECTS = st.dictionaries(NAMES | st.text(max_size=3), JSON, max_size=8)


@st.composite
def spoiled(draw: st.DrawFn, document: Document) -> Document:
    """A real document with any JSON in a few of its places."""
    result = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, 3))):
        place: Any = result
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(JSON)
            break
    return result


def nested(levels: int, end: Any = 1, name: str = "a", shape: str = "both") -> Any:
    """{"a": [{"a": [... end]}]}, or objects or lists alone."""
    value = end
    for level in range(levels):
        value = {name: value} if shape == "objects" or (shape == "both" and level % 2) else [value]
    return value
