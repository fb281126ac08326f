"""Orders and parcels as eBay's documents: shapes, money and dates of a production order. Pure: the same order in every run."""

import copy
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from random import Random

from simulator.ledger import Document
from simulator.state.catalog import Good, Seller, good, money
from simulator.times import DAY, HOUR, iso

API = "https://api.ebay.com/sell/fulfillment/v1/order"
FIRST = "Ada", "Jörg", "María", "Chloé", "Łukasz", "Yuki", "Sam", "Nneka", "Olga", "Tom"
LAST = "Example", "Muster", "Ejemplo", "Dupont", "Kowalski", "Sato", "Miller", "Okafor", "Ivanova", "Baker"
CITIES = (
    ("Springfield", "CO", "80000"),
    ("Portland", "OR", "97201"),
    ("Austin", "TX", "73301"),
    ("Albany", "NY", "12201"),
    ("Tampa", "FL", "33601"),
)
CARRIERS = "USPS", "UPS", "FedEx", "DHL"
EMAIL = frozenset({"email"})
EMAIL_TEXT = re.compile(r'(,\s*)?"email"\s*:\s*"(?:[^"\\]|\\.)*"(?(1)|\s*,?)')
PERSONAL = EMAIL | frozenset(
    {"fullName", "addressLine1", "addressLine2", "primaryPhone", "giftMessage", "giftRecipientName", "giftSenderName"}
)


def order_id(seller: Seller, n: int) -> str:
    """The n-th order of a seller, such as `03-14798-73169`: unlike its neighbours, and never given twice."""
    rng = Random(f"{seller.seed}:{seller.name}")
    prefix, shift = rng.randrange(1, 28), rng.randrange(10**10)
    x = (n * 7_368_787_433 + shift) % 10**10
    return f"{prefix:02d}-{x // 10**5:05d}-{x % 10**5:05d}"


def draw_lines(seller: Seller, rng: Random) -> list[tuple[Good, int]]:
    """What somebody buys: mostly one thing once."""
    count = seller.skus or 50
    lines = rng.choices((1, 2, 3, 5), (80, 13, 5, 2))[0]
    picks = {
        int(count * rng.random() ** 2): rng.choices((1, 2, 4), (85, 12, 3))[0] for _ in range(lines)
    }  # some sell far better than others
    return [(good(seller, k), quantity) for k, quantity in picks.items()]


def new_order(seller: Seller, oid: str, created_ms: int, lines: Sequence[tuple[Good, int]] | None = None, paid: bool = True) -> Document:
    """An order just checked out, in getOrders' view."""
    rng = Random(f"{seller.seed}:{seller.name}:{oid}")
    lines = draw_lines(seller, rng) if lines is None else lines
    person, city = f"{rng.choice(FIRST)} {rng.choice(LAST)}", rng.choice(CITIES)
    mail = f"{rng.randrange(16**20):020x}@members.ebay.com"
    region = {"city": city[0], "stateOrProvince": city[1], "postalCode": city[2], "countryCode": seller.country}
    contact = {
        "fullName": person,
        "contactAddress": {"addressLine1": f"{rng.randint(1, 999)} Example St", **region},
        "primaryPhone": {"phoneNumber": f"555555{rng.randint(0, 9999):04d}"},
        "email": mail,
    }
    cash = seller.currency
    subtotal = sum((g.price * quantity for g, quantity in lines), Decimal(0))
    delivery = Decimal(rng.choice((0, 0, 0, 499, 895))) / 100
    total = subtotal + delivery
    fee = (total * Decimal("0.0894") + Decimal("0.3")).quantize(Decimal("0.01"))
    arrival = {"minEstimatedDeliveryDate": iso(created_ms + 4 * DAY), "maxEstimatedDeliveryDate": iso(created_ms + 7 * DAY)}
    digits = oid.replace("-", "")
    items = [
        _line(seller, f"{digits}{k:02d}", g, quantity, arrival, created_ms, delivery if k == 0 else Decimal(0))
        for k, (g, quantity) in enumerate(lines)
    ]
    return {
        "orderId": oid,
        "legacyOrderId": oid,
        "creationDate": iso(created_ms),
        "lastModifiedDate": iso(created_ms),
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID" if paid else "PENDING",
        "sellerId": seller.name,
        "buyer": {
            "username": f"{person.split()[0].lower()}_{rng.randint(10, 9999)}",
            "taxAddress": region,
            "buyerRegistrationAddress": contact,
        },
        "pricingSummary": {"priceSubtotal": money(subtotal, cash), "deliveryCost": money(delivery, cash), "total": money(total, cash)},
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "paymentSummary": {
            "totalDueSeller": money(total - fee, cash),
            "refunds": [],
            "payments": [_payment(digits, total - fee, cash, created_ms)] if paid else [],
        },
        "fulfillmentStartInstructions": [
            {
                "fulfillmentInstructionsType": "SHIP_TO",
                **arrival,
                "ebaySupportedFulfillment": False,
                "shippingStep": {"shipTo": contact, "shippingCarrierCode": "UPS", "shippingServiceCode": "UPSGround"},
            }
        ],
        "fulfillmentHrefs": [],
        "lineItems": items,
        "ebayCollectAndRemitTax": True,
        "salesRecordReference": str(int(digits) % 100_000),
        "totalFeeBasisAmount": money(total, cash),
        "totalMarketplaceFee": money(fee, cash),
    }


def _line(seller: Seller, line_id: str, g: Good, quantity: int, arrival: Document, created_ms: int, delivery: Decimal) -> Document:
    cost = g.price * quantity  # for the whole quantity, as eBay has it
    return {
        "lineItemId": line_id,
        "legacyItemId": g.listing,
        **({"legacyVariationId": g.variation} if g.variation else {}),
        **({"sku": g.sku} if g.sku else {}),
        "title": g.title,
        "lineItemCost": money(cost, seller.currency),
        "quantity": quantity,
        "soldFormat": "FIXED_PRICE",
        "listingMarketplaceId": seller.marketplace,
        "purchaseMarketplaceId": seller.marketplace,
        "lineItemFulfillmentStatus": "NOT_STARTED",
        "total": money(cost + delivery, seller.currency),
        "deliveryCost": {"shippingCost": money(delivery, seller.currency)},
        "appliedPromotions": [],
        "taxes": [],
        "properties": {"buyerProtection": True},
        "lineItemFulfillmentInstructions": {**arrival, "shipByDate": iso(created_ms + 2 * DAY), "guaranteedDelivery": False},
        **({"variationAspects": [{"name": name, "value": value} for name, value in g.aspects]} if g.aspects else {}),
        "itemLocation": {"location": "Stafford, Texas", "countryCode": seller.country, "postalCode": "77477"},
    }


def _payment(digits: str, amount: Decimal, cash: str, at: int) -> Document:
    reference = f"{digits[-6:]}_S"
    return {
        "paymentMethod": "EBAY",
        "paymentReferenceId": reference,
        "paymentDate": iso(at),
        "amount": money(amount, cash),
        "paymentStatus": "PAID",
    }


def pay(order: Document, at: int) -> None:
    """An unpaid order is paid: it changes in place."""
    due = order["paymentSummary"]["totalDueSeller"]
    order["orderPaymentStatus"] = "PAID"
    order["paymentSummary"]["payments"] = [_payment(order["orderId"].replace("-", ""), Decimal(due["value"]), due["currency"], at)]


def parcel(fulfillment_id: str, tracking: str | None, carrier: str, lines: dict[str, int], at: int) -> Document:
    """A parcel of these lines (lineItemId -> quantity). `tracking` None: it has none."""
    document: Document = {
        "fulfillmentId": fulfillment_id,
        "lineItems": [{"lineItemId": line, "quantity": quantity} for line, quantity in lines.items()],
        "shippedDate": iso(at),
        "shippingCarrierCode": carrier,
    }
    if tracking:
        document["shipmentTrackingNumber"] = tracking
    return document


def show_parcels(order: Document, parcels: Iterable[Document]) -> None:
    """Hrefs and fulfillment statuses of an order follow from its parcels."""
    sent: dict[str, int] = {}
    order["fulfillmentHrefs"] = []
    for one in parcels:
        order["fulfillmentHrefs"].append(f"{API}/{order['orderId']}/shipping_fulfillment/{one['fulfillmentId']}")
        for line in one["lineItems"]:
            sent[line["lineItemId"]] = sent.get(line["lineItemId"], 0) + line["quantity"]
    states = set()
    for line in order["lineItems"]:
        there = sent.get(line["lineItemId"], 0)
        line["lineItemFulfillmentStatus"] = "NOT_STARTED" if not there else "FULFILLED" if there >= line["quantity"] else "IN_PROGRESS"
        states.add(line["lineItemFulfillmentStatus"])
    order["orderFulfillmentStatus"] = states.pop() if len(states) == 1 else "IN_PROGRESS"


def unsent(order: Document, parcels: Iterable[Document]) -> dict[str, int]:
    """Quantities by line item that no parcel holds yet."""
    left = {line["lineItemId"]: line["quantity"] for line in order["lineItems"]}
    for one in parcels:
        for line in one["lineItems"]:
            left[line["lineItemId"]] = left.get(line["lineItemId"], 0) - line["quantity"]
    return {line: quantity for line, quantity in left.items() if quantity > 0}


def shipped_order(seller: Seller, oid: str, created_ms: int, shipped_ms: int) -> Document:
    """An old order, long shipped in one parcel."""
    order = new_order(seller, oid, created_ms)
    show_parcels(order, [shipped_parcel(seller, oid, created_ms, shipped_ms)])
    order["lastModifiedDate"] = iso(shipped_ms)
    return order


def shipped_parcel(seller: Seller, oid: str, created_ms: int, shipped_ms: int) -> Document:
    """The parcel of such an old order."""
    tracking, carrier = tracking_number(seller, oid, 1)
    return parcel(tracking, tracking, carrier, unsent(new_order(seller, oid, created_ms), []), shipped_ms)


def tracking_number(seller: Seller, oid: str, n: int) -> tuple[str, str]:
    """Of the n-th parcel of an order, and its carrier."""
    rng = Random(f"{seller.seed}:{oid}:parcel:{n}")
    return f"94{rng.randrange(10**20):020d}", rng.choice(CARRIERS)


def single_order(document: Document) -> Document:
    """What only getOrder shows: cancel requests, and the buyer's tax id."""
    full = dict(document)
    state = document.get("cancelStatus")
    if isinstance(state, dict) and state.get("cancelState", "NONE_REQUESTED") != "NONE_REQUESTED":
        rng = Random(str(document.get("orderId")))
        request = {
            "cancelInitiator": rng.choice(("Buyer", "Seller")),
            "cancelReason": "BUYER_ASKED_CANCEL",
            "cancelRequestedDate": state.get("cancelledDate", document.get("lastModifiedDate")),
            "cancelRequestId": str(5_000_000_000 + rng.randrange(10**9)),
            "cancelRequestState": "COMPLETED" if state["cancelState"] == "CANCELED" else "REQUESTED",
        }
        full["cancelStatus"] = {**state, "cancelRequests": [request]}
    if isinstance(buyer := document.get("buyer"), dict) and str(document.get("orderId")).endswith(("3", "7")):
        tax = {"taxpayerId": f"EX{abs(hash_of(document)) % 10**9}", "taxIdentifierType": "CODICE_FISCALE", "issuingCountry": "IT"}
        full["buyer"] = {**buyer, "taxIdentifier": tax}
    return full


def hash_of(document: Document) -> int:
    """The same in every run."""
    return sum(ord(letter) * 31**k for k, letter in enumerate(str(document.get("orderId"))))


def without_personal_data(document: Document, names: frozenset[str] = PERSONAL) -> Document:
    """eBay gives no mail addresses of orders more than 14 days old, and of those more than 90 days old no names, streets and phones either
    (eBay docs: getOrders)."""

    def strip(value: object) -> object:
        if isinstance(value, dict):
            return {key: strip(inner) for key, inner in value.items() if key not in names}
        return [strip(inner) for inner in value] if isinstance(value, list) else value

    stripped = strip(copy.copy(document))
    assert isinstance(stripped, dict)
    return stripped


def without_email(text: str) -> str:
    """The same of an order's JSON, where only mail addresses are gone: most orders are that old, and a page holds hundreds."""
    return EMAIL_TEXT.sub("", text)


SHIPPING_TIME = 20 * HOUR
