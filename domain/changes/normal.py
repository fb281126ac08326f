"""The normal form: two documents say the same when their normal forms are equal.

- Missing, null, "", [] and {} are one.
- Amounts compare as decimals ("120.0" is "120.00"), numbers as numbers (1.0 is 1); true is not 1.
- The order of rows that eBay gives in no promised order (line items, hrefs, payments, ...) is not content.
- An href is its last segment: the same resource is served by more than one host.
- An order's `lastModifiedDate` is not content: eBay moves it on years-old orders.
- An inventory item is what the list call shows (see `list_view`).
"""

import json
import re
from decimal import Decimal
from hashlib import sha256
from typing import Any

from domain.changes.deep import DEEPEST, flat
from domain.changes.model import Document, Kind

DECIMALS = frozenset({"value", "convertedFromValue"})  # of an amount: decimal strings beside a `currency`
UNORDERED = frozenset({"lineItems", "fulfillmentHrefs", "linkedOrderLineItems", "payments", "refunds", "cancelRequests", "variations"})
PLAIN_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]*))?")
EXACT = 2**53  # above it a float's repr and its integer value are different numbers; JSONB keeps the repr

encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode


def digest(kind: Kind, document: Document) -> bytes:
    """16 bytes that are equal for documents of equal content."""
    return sha256(text(normal(kind, document)).encode("ascii")).digest()[:16]


def normal(kind: Kind, document: Document) -> Document:
    """The document as it is compared; a new object, only for comparison, never to be kept."""
    if kind is Kind.INVENTORY:
        document = list_view(document)
    form = _object(document, 0)
    if kind is Kind.ORDER:
        form.pop("lastModifiedDate", None)
    return form


def text(value: Any) -> str:
    """Canonical JSON in ASCII of a normal form or a part of one."""
    try:
        return encode(value)
    except ValueError:  # an integer of more than 4,300 digits: Python refuses to write it in decimals
        return flat(value)


def is_empty(value: Any) -> bool:
    """Whether a value is the same as a missing one."""
    return _value("", value, 0) is None


def last_segment(href: str) -> str:
    """The part of an href that identifies the resource, whichever host serves it."""
    return href.rstrip("/").rpartition("/")[2]


def list_view(item: Document) -> Document:
    """An inventory item without what only single and bulk reads carry, so that all three compare; the given one is not touched."""
    item = _without(item, ("availability", "shipToLocationAvailability"), "allocationByFormat")
    item = _without(item, ("packageWeightAndSize",), "packageType")
    return _without(item, ("packageWeightAndSize",), "shippingIrregular")


def _without(document: Document, path: tuple[str, ...], name: str) -> Document:
    """A copy without one field at the end of a path; the document itself when it has none."""
    if not path:
        return {key: value for key, value in document.items() if key != name} if name in document else document
    inner = document.get(path[0])
    if type(inner) is not dict:
        return document
    smaller = _without(inner, path[1:], name)
    return document if smaller is inner else {**document, path[0]: smaller}


def _object(document: Document, depth: int) -> Document:
    """One recursive pass: this is the hot path, some 150 values an order; hence the checks by exact type, in order of frequency."""
    if depth > DEEPEST:
        return {"": flat(document)} if document else {}
    currency = document.get("currency")
    amount = type(currency) is str and currency != ""
    form: Document = {}
    for name, value in document.items():
        kind = type(value)
        if kind is str:
            if value:
                form[name] = _decimal(value) if amount and name in DECIMALS else value
        elif kind is dict:
            if inner := _object(value, depth + 1):
                form[name] = inner
        elif kind is list:
            if value:
                form[name] = _list(name, value, depth + 1)
        elif value is not None:
            number = _number(value)
            form[name] = _decimal(text(number)) if amount and name in DECIMALS and kind is not bool else number
    return form


def _list(name: str, values: list[Any], depth: int) -> list[Any]:
    if depth > DEEPEST:
        return [flat(values)]
    if name == "fulfillmentHrefs":
        values = [last_segment(value) if type(value) is str else value for value in values]
    form = [_value("", value, depth) for value in values]
    if len(form) > 1 and name in UNORDERED:
        form.sort(key=text)
    return form


def _value(name: str, value: Any, depth: int) -> Any:
    """The normal form of any value; None for an empty one."""
    kind = type(value)
    if kind is str:
        return value or None
    if kind is dict:
        return _object(value, depth + 1) or None
    if kind is list:
        return _list(name, value, depth + 1) if value else None
    return _number(value)


def _number(value: Any) -> Any:
    """1.0 as 1. True, None and 1.5 as they are."""
    if type(value) is not float or not value.is_integer():
        return value
    return int(value) if -EXACT < value < EXACT else int(Decimal(repr(value)))


def _decimal(value: str) -> str:
    """`120.00` as `120`; what is no plain decimal as it is, so that `1e999999999` costs nothing."""
    match = PLAIN_DECIMAL.fullmatch(value)
    if match is None:
        return value
    sign, whole, fraction = match.groups()
    whole = whole.lstrip("0") or "0"
    if fraction and (fraction := fraction.rstrip("0")):
        return f"{sign}{whole}.{fraction}"
    return "0" if whole == "0" else sign + whole
