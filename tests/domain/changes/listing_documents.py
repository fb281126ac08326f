"""Listings as documents, whole and in part, and as the store would hold them."""

import copy
from typing import Any

from domain.changes.listings import detect_listings
from domain.changes.model import Detection, Document, Stored
from tests.domain.changes.documents import NOW

OWN = "listing:1101"


def price(value: str = "9.99") -> Document:
    return {"value": value, "currency": "USD"}


def variation(size: str = "M", available: int = 2, **fields: Any) -> Document:
    counts = {"available": available, "quantity": available + 1, "quantitySold": 1}
    return {"sku": f"A-1-{size}", "specifics": {"Size": size}, **counts, "price": price(), **fields}


def listing(available: int = 3, **fields: Any) -> Document:
    counts = {"available": available, "quantity": available + 2, "quantitySold": 2}
    return {"itemId": "1101", "sku": "A-1", "title": "A lamp", "status": "Active", **counts, "price": price(), **fields}


def row(available: int = 3, **fields: Any) -> Document:
    """A part of the listing, as the daily report has it."""
    return {"itemId": "1101", "sku": "A-1", "available": available, "price": price(), **fields}


def reported(size: str = "M", available: int = 2, **fields: Any) -> Document:
    return {"sku": f"A-1-{size}", "available": available, "price": price(), **fields}


def held(document: Document | None, version: int = 1, removed: bool = False) -> dict[str, Stored]:
    return {OWN: Stored(OWN, version, copy.deepcopy(document), None, removed)}


def detect(fetched: Document, stored: dict[str, Stored]) -> Detection:
    return detect_listings([fetched], stored, NOW)


VARIATIONS = [variation("M"), variation("L", 4)]
