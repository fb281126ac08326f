"""Which listings the Inventory API sees too: those that are made of its SKUs, and of nothing else. They are told of as SKUs alone."""

from collections.abc import Container, Iterable
from typing import Any

from domain.changes.model import Document

ENDED = frozenset({"Completed", "Ended"})


def skus(listing: Document) -> list[str] | None:
    """The SKUs of a listing, or of its variations where it has some; None where one of them has none."""
    variations = listing.get("variations")
    rows = variations if type(variations) is list and variations else [listing]
    found = [_sku(row) for row in rows]
    return [sku for sku in dict.fromkeys(found) if sku] if all(found) else None


def backed(listing: Document, known: Container[str]) -> bool:
    """Whether all of a listing is `known` to the Inventory API."""
    own = skus(listing)
    return own is not None and all(sku in known for sku in own)


def skus_of(listings: Iterable[Document]) -> list[str]:
    """Every SKU that decides about these listings, once."""
    return list(dict.fromkeys(sku for listing in listings for sku in skus(listing) or ()))


def ended(listing: Document) -> bool:
    """Whether eBay says that a listing is over; a status that is not known counts as active."""
    return listing.get("status") in ENDED


def _sku(row: Any) -> str:
    value = row.get("sku") if type(row) is dict else None
    return value if type(value) is str else ""
