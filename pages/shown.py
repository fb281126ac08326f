"""What the page shows of eBay's documents: ids, amounts, states and counts. All else may hold a buyer, and is named but not shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from domain.changes.sales import SOLD

LONGEST = 160  # characters of one value
LINES = 5  # line items or variations that are named
HIDDEN = "not shown here"


class Difference(NamedTuple):
    field: str
    before: str
    after: str


def differences(event: Any) -> list[Difference]:
    """The fields of a change, before and after."""
    previous, data = _mapping(event.previous), _mapping(event.data)
    return [Difference(name, value(name, previous.get(name)), value(name, data.get(name))) for name in event.changed]


def summary(event: Any) -> str:
    """A created or removed entity, a sale, or an alert, in one line."""
    data = _mapping(event.data)
    if event.type.startswith("alert."):
        return _short(f"{data.get('kind')}: {data.get('text')}")
    if event.type == SOLD:
        return _short(f"{_number(data.get('quantity'))} sold, order {data.get('orderId')}")
    names = SUMMARIES.get(event.type.partition(".")[0], ())
    return _short("; ".join(value(name, data[name]) for name in names if data.get(name) not in (None, [], "", {})))


def entity(event: Any) -> str:
    """The entity's id; a parcel's with the end of its own alone, as that is its tracking number."""
    order, slash, parcel = event.entity_id.partition("/")
    return f"{order}/{_tracking(parcel)}" if slash and event.type.startswith("fulfillment.") else event.entity_id


def value(name: str, what: Any) -> str:
    """A field's value in words; `HIDDEN` where it is not known to be without a buyer."""
    if name not in FIELDS:
        return HIDDEN
    if what is None or what in ([], {}, ""):
        return "none"
    try:
        return _short(FIELDS[name](what))
    except (TypeError, ValueError, AttributeError, KeyError, IndexError):  # eBay's document, not as we know it
        return HIDDEN


def amount(what: Any) -> str:
    return f"{_plain(what['value'])} {_plain(what['currency'])}"


def quantity(document: Any) -> str:
    """How many of an inventory item or a listing can be bought."""
    data = _mapping(document)
    if "available" in data:
        return _number(data["available"])
    return _number(_inside(data, "availability", "shipToLocationAvailability", "quantity"))


def expected(what: Mapping[str, Any]) -> str:
    """How many are expected to be left, by `expected` of a stock item."""
    return _number(what["available"])


def sold_since(document: Any, what: Mapping[str, Any]) -> str:
    """Why that is less than what was read, and of which variations: "3 sold since, M: 1 of 4"."""
    orders = list(dict.fromkeys(sale["orderId"] for sale in what["sales"]))
    words = f"{sum(sale['quantity'] for sale in what['sales'])} sold since: order{'' if len(orders) == 1 else 's'} {_some(orders, 2)}"
    read = _inside(document, "variations")
    pairs = zip(read, what["variations"], strict=False) if isinstance(read, list) else ()
    moved = [(_inside(before, "available"), now) for before, now in pairs if _inside(before, "available") != now["available"]]
    each = [f"{_variation(now)}: {_number(now['available'])} of {_number(before)}" for before, now in moved]
    return _short(words + (f"; {_some(each, 3)}" if each else ""))


def price(document: Any) -> str:
    found = _inside(document, "price")
    return value("price", found) if found else ""


def title(document: Any) -> str:
    found = _inside(document, "title") or _inside(document, "product", "title")
    return _short(found) if isinstance(found, str) else ""


def carrier(document: Any) -> str:
    """The carrier, and the end of the tracking number: the whole of it leads to a buyer's door."""
    found = _inside(document, "shippingCarrierCode")
    number = _inside(document, "shipmentTrackingNumber")
    words = [found] if isinstance(found, str) else []
    return _short(" ".join([*words, _tracking(number)] if isinstance(number, str) and number else words))


def _tracking(number: str) -> str:
    return f"…{number[-4:]}" if len(number) > 8 else "…"


def _lines(lines: Any) -> str:
    words = [
        f"{_number(line.get('quantity'))} × {_plain(line.get('sku') or line.get('legacyItemId') or line['lineItemId'])}" for line in lines
    ]
    states = sorted({_plain(line["lineItemFulfillmentStatus"]) for line in lines if line.get("lineItemFulfillmentStatus")})
    return _some(words) + (f" ({', '.join(states)})" if states else "")


def _variations(variations: Any) -> str:
    return _some([f"{_plain(one.get('sku') or 'no SKU')}: {_number(one.get('available'))}" for one in variations])


def _variation(variation: Mapping[str, Any]) -> str:
    specifics = variation["specifics"]
    if isinstance(specifics, Mapping) and specifics:
        return ", ".join(map(str, specifics.values()))
    return str(variation["sku"] or "no SKU")


def _refunds(summary_: Any) -> str:
    refunds = [amount(one["amount"]) if one.get("amount") else "?" for one in summary_.get("refunds") or ()]
    due = f"due to the seller {amount(summary_['totalDueSeller'])}" if summary_.get("totalDueSeller") else ""
    return "; ".join(part for part in (due, f"refunds: {', '.join(refunds)}" if refunds else "no refunds") if part)


def _pricing(summary_: Any) -> str:
    return amount(summary_.get("total") or summary_.get("price"))


def _cancel(status: Any) -> str:
    return _plain(status["cancelState"])


def _plain(what: Any) -> str:
    if not isinstance(what, str | int | float):
        raise TypeError
    return str(what)


def _number(what: Any) -> str:
    return str(what) if type(what) in (int, float) else "?"


def _count(noun: str) -> Callable[[Any], str]:
    return lambda things: f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _some(words: list[str], most: int = LINES) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _mapping(what: Any) -> Mapping[str, Any]:
    return what if isinstance(what, Mapping) else {}


def _inside(document: Any, *names: str) -> Any:
    for name in names:
        document = _mapping(document).get(name)
    return document


FIELDS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("orderId", "orderFulfillmentStatus", "orderPaymentStatus", "creationDate", "lastModifiedDate"), _plain),
    **dict.fromkeys(("shippedDate", "shippingCarrierCode", "fulfillmentId", "condition", "status", "title", "sku", "itemId"), _plain),
    **dict.fromkeys(("available", "quantity", "quantitySold", "availableQuantity", "marketplaceId", "offerId", "format"), _plain),
    "shipmentTrackingNumber": _tracking,
    "cancelStatus": _cancel,
    "pricingSummary": _pricing,
    "paymentSummary": _refunds,
    "price": amount,
    "totalMarketplaceFee": amount,
    "totalFeeBasisAmount": amount,
    "lineItems": _lines,
    "fulfillmentHrefs": _count("parcel"),
    "variations": _variations,
    "availability": lambda what: f"{_number(_inside(what, 'shipToLocationAvailability', 'quantity'))} available",
    "product": lambda what: _plain(what["title"]),
}
SUMMARIES = {
    "order": ("orderPaymentStatus", "orderFulfillmentStatus", "pricingSummary", "lineItems"),
    "fulfillment": ("shippingCarrierCode", "shipmentTrackingNumber", "lineItems"),
    "inventory": ("title", "product", "availability", "available", "price", "condition"),
    "offer": ("sku", "marketplaceId", "status", "availableQuantity", "pricingSummary"),
}
