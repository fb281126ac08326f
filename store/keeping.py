"""From documents to rows: ids and digests, what changed, and what must be set aside. The decisions are `changes/`'s."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from changes import inventory, offers, orders, parcels
from changes.model import Change, Detection, Document, Kind, Stored
from changes.normal import digest
from store.aside import Refusal, usable
from store.entities import EntityRow, as_json

IDS: dict[Kind, Callable[[Any], str | None]] = {
    Kind.ORDER: orders.entity_id,
    Kind.FULFILLMENT: parcels.fulfillment_id,
    Kind.INVENTORY: inventory.entity_id,
    Kind.OFFER: offers.entity_id,
}
UNEQUAL = b""  # a digest that equals none: the stored document is needed


@dataclass(slots=True)
class SortedDocuments:
    """Documents of one kind as they came, sorted out."""

    kind: Kind
    documents: list[Document] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    digests: dict[str, bytes] = field(default_factory=dict)  # by id; orders and inventory
    refusals: list[Refusal] = field(default_factory=list)
    order_id: str = ""  # of parcels
    sku: str = ""  # of offers
    whole: bool = True  # False: eBay's order has parcels that its list of them lacked
    unread: tuple[str, ...] = ()  # listings that may be shown as they were before their latest sale
    known: dict[int, bytes] = field(default_factory=dict)  # digests by identity of the document: most are stored as they came


def read(kind: Kind, documents: Iterable[Any], digests: bool = True, named: Callable[[Any], str | None] | None = None) -> SortedDocuments:
    """Documents that have an id, and refusals of the rest. `named`: gives the id, where the kind alone does not tell how."""
    reading, named = SortedDocuments(kind), named or IDS[kind]
    for document in documents:
        if not isinstance(document, dict):
            reading.refusals.append(Refusal(document, "not an object"))
            continue
        entity_id = named(document)
        if entity_id is None or not usable(entity_id):
            reading.refusals.append(Refusal(document, "no id" if entity_id is None else "an id that cannot be kept"))
            continue
        if digests:
            try:
                given = digest(kind, document)
            except (ValueError, TypeError, RecursionError):
                reading.refusals.append(Refusal(document, "cannot be compared", entity_id))
                continue
            reading.known[id(document)] = given
            reading.digests[entity_id] = given if reading.digests.get(entity_id, given) == given else UNEQUAL
        reading.documents.append(document)
        reading.ids.append(entity_id)
    return reading


def detect(reading: SortedDocuments, one: Callable[[Sequence[Document]], Detection]) -> Detection:
    """What changed. A document that makes the comparison fail is refused alone; an unforeseen shape must not stop a seller for ever."""
    try:
        return one(reading.documents)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError):
        if len(reading.documents) == 1 or reading.kind is Kind.FULFILLMENT:  # parcels of an order are compared with each other
            reading.refusals.extend(
                Refusal(document, "cannot be compared", f"{reading.order_id}/{entity_id}" if reading.order_id else entity_id)
                for document, entity_id in zip(reading.documents, reading.ids, strict=True)
            )
            return Detection()
    found = Detection()
    duplicates = stale = 0
    for document, entity_id in zip(reading.documents, reading.ids, strict=True):
        alone = SortedDocuments(reading.kind, [document], [entity_id])
        detection = detect(alone, one)
        reading.refusals.extend(alone.refusals)
        found.changes.extend(detection.changes)
        found.refreshed.update(detection.refreshed)
        duplicates += detection.duplicates
        stale += detection.stale
    return Detection(found.changes, found.refreshed, duplicates, stale)


def rows(reading: SortedDocuments, detection: Detection, stored: dict[str, Stored]) -> list[EntityRow]:
    """What is to be written. What cannot be written as JSON is refused here."""
    found = [_row(reading, change.entity_id, change.version, change.data, change) for change in detection.changes]
    found += [_row(reading, entity_id, stored[entity_id].version, document, None) for entity_id, document in detection.refreshed.items()]
    return [row for row in found if row is not None]


def _row(reading: SortedDocuments, entity_id: str, version: int, document: Document, change: Change | None) -> EntityRow | None:
    try:
        return EntityRow(
            entity_id,
            version,
            document,
            data=as_json(document),
            digest=reading.known.get(id(document)) or digest(reading.kind, document),
            change=change,
            sku=reading.sku,
        )
    except (ValueError, TypeError, RecursionError):
        reading.refusals.append(Refusal(document, "cannot be written as JSON", entity_id))
        return None


def source_of(change: Change, given: str, enrolled_at: datetime, created_at: datetime | None) -> str:
    """`backfill` for what is older than the enrolment, whoever finds it: an old order never looks like a sale.

    Orders go by their creation, parcels by their shipping date. Inventory has no dates: there the caller tells the first scan.
    """
    date = {Kind.ORDER: created_at, Kind.FULFILLMENT: change.occurred_at}.get(change.kind)
    return "backfill" if date is not None and date < enrolled_at else given
