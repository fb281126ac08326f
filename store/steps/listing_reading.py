"""What a reading of listings comes to, beside what is stored: which are told of, which go, which came too soon after a sale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from domain.changes.backing import backed, ended, skus_of
from domain.changes.inventory import gone
from domain.changes.listings import detect_listings, entity_id, merged
from domain.changes.model import Detection, Document, Kind, Stored
from domain.changes.readings import Trust, trust
from domain.pacing import InventorySource
from store.events import documents_to_rows, entities, stock
from store.events.aside import Refusal
from store.events.documents_to_rows import DocumentBatch
from store.steps.listings import inventory_skus
from store.steps.step import StepLease


@dataclass(slots=True)
class DetectedListings:
    """What `compare` found, ready to be written; all ids are listings' (`listing:ITEMID`)."""

    batch: DocumentBatch
    detection: Detection
    stored: dict[str, Stored]
    read: dict[str, Document]  # what was read of those whose stock is known by now, by id
    older: list[str]  # ids of those of which a newer reading is stored
    waits: list[str]  # those that may be shown as they were before: a second reading decides
    gone: list[str]  # those that are no listings of their own any more


def compare(
    connection: Connection, step: StepLease, documents: Sequence[Any], without_id: Sequence[str], read_at: datetime, read_from: str
) -> DetectedListings:
    """
    - A listing all of whose SKUs the Inventory API has is told of as these; as a listing it is removed.
    - One that has ended is removed, with what it ended with.
    - A reading that is older than the stored one changes nothing; one by a list that may be so waits for a second one.

    Args:
        without_id: items without an id, as XML: to be set aside.
    """
    batch = documents_to_rows.read(Kind.INVENTORY, documents, named=entity_id)
    batch.refusals += [Refusal({"xml": raw}, "no id") for raw in without_id]
    newest: dict[str, Document] = dict(zip(batch.ids, batch.documents, strict=True))
    ids, known = batch.ids, set[str]()
    if step.inventory_source is not InventorySource.TRADING:
        known = inventory_skus(connection, step.seller_id, skus_of(newest.values()))
    theirs = {id_ for id_, one in newest.items() if backed(one, known)}
    over = {id_ for id_, one in newest.items() if ended(one)} - theirs
    leaving = theirs | over
    stored = entities.stored(connection, Kind.INVENTORY, step.seller_id, batch.digests | dict.fromkeys(leaving, documents_to_rows.UNEQUAL))
    there = {id_ for id_ in leaving if id_ in stored and not stored[id_].removed}
    removals = [gone(_last(stored[id_], newest[id_] if id_ in over else {}), read_at) for id_ in newest if id_ in there]
    staying = [(id_, one) for id_, one in zip(ids, batch.documents, strict=True) if id_ not in leaving]
    batch.ids, batch.documents = [id_ for id_, _ in staying], [one for _, one in staying]
    found = documents_to_rows.detect(batch, lambda fetched: detect_listings(fetched, stored, read_at))
    batch.ids = ids
    differ = [change for change in found.changes if change.entity_id in stored]
    last = stock.last_readings(connection, step.seller_id, [change.entity_id for change in differ]) if differ else {}
    by_index = read_from != "item"
    trusts = {
        change.entity_id: trust(last[change.entity_id], change.data, read_at, by_index, step.waits.index_lag)
        for change in differ
        if change.entity_id in last
    }
    older, waits = ([id_ for id_, one in trusts.items() if one is what] for what in (Trust.OLDER, Trust.WAIT))
    passed_over = {*older, *waits}
    changes = [change for change in found.changes if change.entity_id not in passed_over] + removals
    batch.unread = tuple(passed_over)
    duplicates = found.duplicates + len(leaving) - len(removals)
    detection = Detection(changes, found.refreshed, duplicates, found.stale)
    refused = {refusal.entity_id for refusal in batch.refusals}
    read = {id_: one for id_, one in newest.items() if id_ not in passed_over | refused | leaving}
    return DetectedListings(batch, detection, stored, read, older, waits, sorted(leaving))


def _last(stored: Stored, ended: Document) -> Stored:
    """What a removal carries: the stored listing, with what eBay says that it ended with."""
    return replace(stored, data=merged(stored.data, ended)) if ended and stored.data is not None else stored
