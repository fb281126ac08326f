"""Documents as nobody documents them. Pure: a document's JSON text in, another out.

What tells one entity from another, and an order's `fulfillmentHrefs` (the only news of a parcel), stay readable: without them nobody could
know what there is to know. Nor are amounts and dates moved by a little, so that what is odd never looks like something older or equal.
"""

import re
from collections.abc import Callable
from random import Random
from typing import Any

from simulator.ledger import Document, dumps, loads
from simulator.times import iso

OPTIONAL = {
    "order": (
        "buyer",
        "cancelStatus",
        "paymentSummary",
        "pricingSummary",
        "fulfillmentStartInstructions",
        "lineItems",
        "sellerId",
        "salesRecordReference",
        "totalMarketplaceFee",
        "orderPaymentStatus",
    ),
    "fulfillment": ("lineItems", "shippedDate", "shippingCarrierCode", "shipmentTrackingNumber"),
    "inventory": ("availability", "product", "packageWeightAndSize", "condition", "locale"),
}
MODIFIED = re.compile(r'"lastModifiedDate":"[^"]*"')
ABSURD = re.compile(r'"lastModifiedDate":"(1970|2106)-[^"]*"')
NO_DATES: tuple[object, ...] = (None, "", "yesterday", 1_750_249_644_000, "2026-13-45T99:00:00.000Z", ["2026-06-18"])
NO_AMOUNTS: tuple[object, ...] = ("N/A", "1e999999999", None, {"value": "1.0"})
TITLES = "nul \x00 in the middle", "half a \ud800 pair", "\U0001f600 \u202e right to left", "tab\tand\nline", "%00 &amp; '; --"
XML_TITLES = "\U0001f600 \u202e right to left", "tab\tand\nline", "%00 &amp; '; --", "]]> <b>bold</b> <!-- ", "", "x" * 300
RAW = re.compile(r'"\\u0001(NaN|-Infinity|1e400|123456789012345678901234567890)"')  # JSON that no JSON writer writes


def malformed_document(kind: str, text: str, rng: Random) -> str:
    """One to three fields are missing, null, or not what they should be."""
    document: Document = loads(text)
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(WAYS[kind])(kind, document, rng)
    return RAW.sub(lambda match: match[1], dumps(document))


def unknown(kind: str, text: str, rng: Random) -> str:
    """A field that nobody knows at the top and within, and a value that is in no list."""
    document: Document = loads(text)
    document["futureField"] = {"schemaVersion": rng.randint(2, 9), "flags": ["A", None, {"deep": [1.5, True]}]}
    for inner in _objects(document):
        inner["x-neu"] = rng.choice((None, "?", 0, [], [0]))
    name, value = rng.choice(ENUMS[kind])
    *way, last = name.split(".")
    target: Any = document
    for step in way:
        target = target.get(step) if isinstance(target, dict) else None
        target = target[0] if isinstance(target, list) and target else target
    if isinstance(target, dict):
        target[last] = value
    return dumps(document)


def huge(kind: str, text: str, length: int) -> str:
    """A string of that length, in an order or an item."""
    document: Document = loads(text)
    if kind == "order":
        document["buyerCheckoutNotes"] = "x" * length
    elif isinstance(document.get("product"), dict):
        document["product"]["description"] = "x" * length
    return dumps(document)


def nameless(text: str, rng: Random) -> str:
    """An order without a usable orderId."""
    document: Document = loads(text)
    fate = rng.randrange(3)
    if fate == 0:
        del document["orderId"]
    else:
        document["orderId"] = (None, "", 7)[rng.randrange(3)]
    return dumps(document)


def absurd_date(text: str, rng: Random) -> str:
    """An order changed when time began, or when it ends for who counts seconds in 32 bits."""
    year = rng.choice(("1970-01-01T00:00:0", "2106-02-07T06:28:1"))
    return MODIFIED.sub(f'"lastModifiedDate":"{year}{rng.randrange(6)}.000Z"', text, count=1)


def dated_again(text: str, modified_ms: int) -> str:
    """An order's text with a date that is right where it was absurd."""
    return ABSURD.sub(f'"lastModifiedDate":"{iso(modified_ms)}"', text)


def malformed_listing(text: str, rng: Random) -> str:
    """A quantity that is missing, negative or no number, of the listing or of a variation; or a title or a price that nobody expects."""
    document: Document = loads(text)
    rows = document.get("variations")
    row = rng.choice(rows) if rows else document
    fate = rng.randrange(6)
    if fate == 0:
        row.pop("quantity"), row.pop("available")
    elif fate == 1:
        row["quantity"] = -rng.randint(1, 20)
        row["available"] = row["quantity"] - row["quantitySold"]
    elif fate == 2:
        row["quantity"] = row["available"] = rng.choice(("many", "1.5", "", "0x10", "99999999999999999999999"))
    elif fate == 3:
        row.pop("quantitySold"), row.pop("available")
    elif fate == 4:
        document["title"] = rng.choice(XML_TITLES)
    else:
        row.pop("price")
    return dumps(document)


def _missing(kind: str, document: Document, rng: Random) -> None:
    document.pop(rng.choice(OPTIONAL[kind]), None)


def _null(kind: str, document: Document, rng: Random) -> None:
    document[rng.choice(OPTIONAL[kind])] = None


def _other_type(kind: str, document: Document, rng: Random) -> None:
    """An object for a list, a list for an object, a number for a string."""
    name = rng.choice(OPTIONAL[kind])
    value = document.get(name)
    if isinstance(value, list):
        document[name] = value[0] if value else 0
    elif isinstance(value, dict):
        document[name] = [value]
    else:
        document[name] = rng.choice((0, 17, 1.5, True))


def _inner(kind: str, document: Document, rng: Random) -> None:
    """A null or something else in a list of objects, or a number where a string was."""
    rows = document.get("lineItems")
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        line = rows[0]
        line[rng.choice(("quantity", "sku", "title"))] = rng.choice(("2", 2.0, None, ["2"], {"n": 2}, -1))
        if rng.random() < 0.3:
            rows.append(rng.choice((None, "line", 3, [])))
    stock = document.get("availability")
    if isinstance(stock, dict):
        stock["shipToLocationAvailability"] = rng.choice((None, {}, [], {"quantity": "5"}, {"quantity": -1}, {"quantity": 2.5}))


def _date(kind: str, document: Document, rng: Random) -> None:
    names = {"order": ("creationDate", "lastModifiedDate"), "fulfillment": ("shippedDate",)}.get(kind, ("locale",))
    document[rng.choice(names)] = rng.choice(NO_DATES)


def _amount(kind: str, document: Document, rng: Random) -> None:
    for name in ("pricingSummary", "paymentSummary"):
        inner = document.get(name)
        for amount in inner.values() if isinstance(inner, dict) else ():
            if isinstance(amount, dict) and "value" in amount and rng.random() < 0.5:
                amount["value"] = rng.choice(NO_AMOUNTS)


def _unsayable(kind: str, document: Document, rng: Random) -> None:
    """NUL, half a surrogate pair, NaN, 1e400: JSON of some writers, and nothing that a JSONB column takes."""
    document["oddText"] = rng.choice(TITLES)
    document["oddNumber"] = "\x01" + rng.choice(("NaN", "-Infinity", "1e400", "123456789012345678901234567890"))


def _objects(document: Document) -> list[Document]:
    found: list[Document] = []
    for value in document.values():
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            found.append(inner)
    return found


Way = Callable[[str, Document, Random], None]
COMMON: tuple[Way, ...] = (_missing, _null, _other_type, _inner, _date, _unsayable)
WAYS: dict[str, tuple[Way, ...]] = {"order": (*COMMON, _amount), "fulfillment": COMMON, "inventory": COMMON}
ENUMS = {
    "order": (
        ("orderFulfillmentStatus", "HELD_AT_HUB"),
        ("orderPaymentStatus", "PAID_IN_KIND"),
        ("cancelStatus.cancelState", "UNDER_REVIEW"),
        ("lineItems.soldFormat", "HOLOGRAM"),
        ("lineItems.lineItemFulfillmentStatus", "AT_LOCKER"),
    ),
    "fulfillment": (("shippingCarrierCode", "DRONE_7"),),
    "inventory": (("condition", "AS_IF_NEW"), ("packageWeightAndSize.weight.unit", "STONE")),
}
