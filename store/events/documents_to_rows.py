"""From documents to rows: ids and digests, what changed, and what must be set aside. The decisions are `domain/changes/`'s."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.changes import inventory, offers, orders, parcels
from domain.changes.dates import modified_at
from domain.changes.model import Change, Detection, Document, Kind, Stored
from domain.changes.normal import digest
from store.events.aside import Refusal, usable
from store.events.entities import EntityRow, as_json

IDS: dict[Kind, Callable[[Any], str | None]] = {
    Kind.ORDER: orders.entity_id,
    Kind.FULFILLMENT: parcels.fulfillment_id,
    Kind.INVENTORY: inventory.entity_id,
    Kind.OFFER: offers.entity_id,
}
UNEQUAL = b""  # a digest that equals none: the stored document is needed


@dataclass(slots=True)
class DocumentBatch:
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


def read(kind: Kind, documents: Iterable[Any], digests: bool = True, named: Callable[[Any], str | None] | None = None) -> DocumentBatch:
    """Documents that have an id, and refusals of the rest. `named`: gives the id, where the kind alone does not tell how."""
    batch, named = DocumentBatch(kind), named or IDS[kind]
    for document in documents:
        if not isinstance(document, dict):
            batch.refusals.append(Refusal(document, "not an object"))
            continue
        entity_id = named(document)
        if entity_id is None or not usable(entity_id):
            batch.refusals.append(Refusal(document, "no id" if entity_id is None else "an id that cannot be kept"))
            continue
        if digests:
            try:
                given = digest(kind, document)
            except (ValueError, TypeError, RecursionError):
                batch.refusals.append(Refusal(document, "cannot be compared", entity_id))
                continue
            batch.known[id(document)] = given
            batch.digests[entity_id] = given if batch.digests.get(entity_id, given) == given else UNEQUAL
        batch.documents.append(document)
        batch.ids.append(entity_id)
    return batch


def detect(batch: DocumentBatch, one: Callable[[Sequence[Document]], Detection]) -> Detection:
    """What changed. A document that makes the comparison fail is refused alone; an unforeseen shape must not stop a seller for ever."""
    try:
        return one(batch.documents)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError):
        if len(batch.documents) == 1 or batch.kind is Kind.FULFILLMENT:  # parcels of an order are compared with each other
            batch.refusals.extend(
                Refusal(document, "cannot be compared", f"{batch.order_id}/{entity_id}" if batch.order_id else entity_id)
                for document, entity_id in zip(batch.documents, batch.ids, strict=True)
            )
            return Detection()
    found = Detection()
    duplicates = stale = 0
    for document, entity_id in zip(batch.documents, batch.ids, strict=True):
        alone = DocumentBatch(batch.kind, [document], [entity_id])
        detection = detect(alone, one)
        batch.refusals.extend(alone.refusals)
        found.changes.extend(detection.changes)
        found.refreshed.update(detection.refreshed)
        duplicates += detection.duplicates
        stale += detection.stale
    return Detection(found.changes, found.refreshed, duplicates, stale)


def rows(batch: DocumentBatch, detection: Detection, stored: dict[str, Stored]) -> list[EntityRow]:
    """What is to be written. What cannot be written as JSON is refused here."""
    found = [_row(batch, change.entity_id, change.version, change.data, change) for change in detection.changes]
    found += [_row(batch, entity_id, stored[entity_id].version, document, None) for entity_id, document in detection.refreshed.items()]
    return [row for row in found if row is not None]


def _row(batch: DocumentBatch, entity_id: str, version: int, document: Document, change: Change | None) -> EntityRow | None:
    try:
        return EntityRow(
            entity_id,
            version,
            document,
            data=as_json(document),
            digest=batch.known.get(id(document)) or digest(batch.kind, document),
            change=change,
            sku=batch.sku,
        )
    except (ValueError, TypeError, RecursionError):
        batch.refusals.append(Refusal(document, "cannot be written as JSON", entity_id))
        return None


def source_of(change: Change, given: str, enrolled_at: datetime, created_at: datetime | None) -> str:
    """`backfill` for what is older than the enrolment, whoever finds it: an old order never looks like a sale.

    Orders go by their creation, parcels by their shipping date. Inventory has no dates: there the caller tells the first scan.
    """
    date = {Kind.ORDER: created_at, Kind.FULFILLMENT: change.occurred_at}.get(change.kind)
    return "backfill" if date is not None and date < enrolled_at else given


def stale_ids(batch: DocumentBatch, stored: dict[str, Any], read_at: datetime) -> set[str]:
    """Orders that came older than they are stored, and in no newer copy beside: whoever read these did not see the stored version."""
    if batch.kind is not Kind.ORDER:
        return set()
    came: dict[str, datetime | None] = {}
    for entity_id, document in zip(batch.ids, batch.documents, strict=True):
        date, other = modified_at(document, read_at), came.get(entity_id)
        came[entity_id] = date if other is None or (date is not None and date > other) else other
    return {one for one, date in came.items() if one in stored and date and stored[one].modified_at and date < stored[one].modified_at}


def dates_of(row: EntityRow, stored: dict[str, Any], read_at: datetime) -> tuple[datetime | None, datetime | None]:
    """`lastModifiedDate` of an order's new version and of the stored one; (None, None) where there is no telling whether it moved."""
    before = stored.get(row.entity_id)
    if before and before.modified_at is None:
        return None, None
    return modified_at(row.document, read_at), before.modified_at if before else None
