"""The judge's own idea of when two documents say the same. Pure.

It shares no code with the product, so that one error cannot excuse the other.
"""

import hashlib
import json
import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from simulator.state.orders import PERSONAL

SINGLE_READS = (("cancelStatus", "cancelRequests"), ("buyer", "taxIdentifier"))  # of an order: only getOrder fills them
NOTHING = json.dumps(None)
NONE = frozenset[str]()
UNORDERED = frozenset({"lineItems", "fulfillmentHrefs", "refunds", "payments"})  # their order says nothing
MONEY = {"value": "currency", "convertedFromValue": "convertedFromCurrency"}
UNSAYABLE = re.compile("[\x00\ud800-\udfff]")
EXACT = 1 << 53  # larger numbers may be kept as text


def digest(kind: str, document: Any, without: frozenset[str] = NONE) -> bytes:
    """16 bytes that are equal for equal content. `without`: names of fields that say nothing, such as those that eBay drops with age."""
    return _digest(kind, json.dumps(document, sort_keys=True), without)


@lru_cache(maxsize=8192)  # the same document is in ledger and feed, and is judged again and again
def _digest(kind: str, text: str, without: frozenset[str]) -> bytes:
    plain = normal(json.loads(text), without)
    if kind == "order" and isinstance(plain, dict):
        plain.pop("lastModifiedDate", None)
        for outer, inner in SINGLE_READS:
            if isinstance(plain.get(outer), dict):
                plain[outer].pop(inner, None)
                if not plain[outer]:  # with nothing else in it, it is missing
                    del plain[outer]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).digest()[:16]


def read_alone(kind: str, document: Any) -> str:
    """What getOrder alone tells of an order: a change of it is a change, though no list ever shows it."""
    if kind != "order" or not isinstance(document, dict):
        return ""
    found = [outer.get(name) for outer_name, name in SINGLE_READS if isinstance(outer := document.get(outer_name), dict)]
    return json.dumps(normal(found, PERSONAL), sort_keys=True)


def normal(value: Any, without: frozenset[str] = NONE, key: str = "") -> Any:
    """Missing, null, "", [] and {} are one (None); numbers and amounts are decimals; what Postgres cannot hold is text."""
    if isinstance(value, str):  # first, as most values are
        return _sayable(value) or None
    if isinstance(value, dict):
        found = {}
        for name, inner in value.items():
            if name in without:
                continue
            plain = _money(inner) if name in MONEY and MONEY[name] in value else normal(inner, without, name)
            if plain is not None:
                found[_sayable(name)] = plain
        return found or None
    if isinstance(value, list):
        plains = [normal(inner, without) for inner in value]
        if key in UNORDERED:
            plains.sort(key=lambda plain: json.dumps(plain, sort_keys=True))
        return plains or None
    if isinstance(value, bool) or value is None:
        return value
    return _number(value)


def _sayable(text: str) -> str:
    if text.isascii() and "\0" not in text:  # nearly all of it
        return text
    return UNSAYABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _number(value: int | float) -> Any:
    number = Decimal(str(value))
    if not number.is_finite() or (isinstance(value, int) and abs(value) >= EXACT):
        return str(value)
    return {"number": _plain(number)}


def _money(value: Any) -> Any:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return normal(value)
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return normal(value)
    return {"number": _plain(amount)} if amount.is_finite() and abs(amount.adjusted()) < 100 else str(value)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}" if number else "0"
