"""The nouns of this room: what the store holds (`Stored`), one new version (`Change`), what a reading amounts to (`Detection`)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Document = dict[str, Any]
"""eBay's JSON object as it came. Any JSON value may stand anywhere in it; nothing here relies on a shape."""


class Kind(StrEnum):
    """What is stored of a seller, by the words of the tables. INVENTORY holds SKUs, and listings beside them (`listing:ITEMID`)."""

    ORDER = "order"
    FULFILLMENT = "fulfillment"
    INVENTORY = "inventory"
    OFFER = "offer"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds of one entity."""

    entity_id: str
    version: int
    data: Document | None  # None: the store saw that its digest equals the fetched one, so there is nothing to compare (never for parcels)
    modified_at: datetime | None  # UTC; orders: `lastModifiedDate` of the stored document
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One new version of one entity. Each of `types` is one event; they share the version."""

    kind: Kind
    entity_id: str
    version: int
    types: tuple[str, ...]  # ("order.updated", "order.cancelled"); the first one is always created, updated or removed
    data: Document  # the document to keep, with what had to be kept of the stored one
    changed: tuple[str, ...]  # sorted top-level fields; () for created and removed
    previous: Document  # the old value of each of `changed`, None where there was none; {} for created and removed
    occurred_at: datetime  # UTC
    removed: bool = False
    parcels_due: bool = False  # orders: read `shipping_fulfillment`, its parcels may have changed


@dataclass(frozen=True, slots=True)
class Detection:
    """What a reading amounts to, beside what is stored."""

    changes: list[Change] = field(default_factory=list)
    refreshed: dict[str, Document] = field(default_factory=dict)
    """entity_id -> a document equal in content with another `lastModifiedDate`: to be stored silently, no version, no event."""
    duplicates: int = 0  # came again unchanged, refreshed ones included
    stale: int = 0  # older than the stored one, or than another copy in the same reading: ignored
