"""What a reading of listings comes to, beside what is stored: which are told of, which go, which came too soon after a sale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from changes.backing import backed, ended, wanted
from changes.inventory import gone
from changes.listings import detect_listings, entity_id, merged
from changes.model import Detection, Document, Kind, Stored
from pacing import InventorySource
from store import entities, keeping
from store import sales as stock
from store.aside import Refusal
from store.keeping import Reading
from store.listings import inventory_skus
from store.step import Step


@dataclass(slots=True)
class Compared:
    reading: Reading
    detection: Detection
    stored: dict[str, Stored]
    read: list[str]  # ids of those whose stock is known by now
    early: dict[str, datetime]  # those that may be shown as they were before their latest sale, and when to read them again


def compare(connection: Connection, step: Step, documents: Sequence[Any], odd: Sequence[str], read_at: datetime) -> Compared:
    """
    - A listing all of whose SKUs the Inventory API has is told of as these; as a listing it is removed.
    - One that has ended is removed, with what it ended with.
    - A reading that may not show the latest sale changes nothing; one that says the same as the derived stock confirms it.

    Args:
        odd: items without an id, as XML: to be set aside.
    """
    reading = keeping.read(Kind.INVENTORY, documents, named=entity_id)
    reading.refusals += [Refusal({"xml": raw}, "no id") for raw in odd]
    newest: dict[str, Document] = dict(zip(reading.ids, reading.documents, strict=True))
    ids, known = reading.ids, set[str]()
    if step.inventory_source is not InventorySource.TRADING:
        known = inventory_skus(connection, step.seller_id, wanted(newest.values()))
    theirs = {id_ for id_, one in newest.items() if backed(one, known)}
    over = {id_ for id_, one in newest.items() if ended(one)} - theirs
    leaving = theirs | over
    stored = entities.stored(connection, Kind.INVENTORY, step.seller_id, reading.digests | dict.fromkeys(leaving, keeping.UNEQUAL))
    there = {id_ for id_ in leaving if id_ in stored and not stored[id_].removed}
    removals = [gone(_last(stored[id_], newest[id_] if id_ in over else {}), read_at) for id_ in newest if id_ in there]
    staying = [(id_, one) for id_, one in zip(ids, reading.documents, strict=True) if id_ not in leaving]
    reading.ids, reading.documents = [id_ for id_, _ in staying], [one for _, one in staying]
    found = keeping.detect(reading, lambda fetched: detect_listings(fetched, stored, read_at))
    reading.ids = ids
    changed = [change.entity_id for change in found.changes]
    early = stock.too_early(connection, step.seller_id, changed, read_at) if changed else {}
    changes = [change for change in found.changes if change.entity_id not in early] + removals
    reading.unread = tuple(early)
    duplicates = found.duplicates + len(leaving) - len(removals)
    detection = Detection(changes, found.refreshed, duplicates, found.stale)
    return Compared(reading, detection, stored, [id_ for id_ in newest if id_ not in early], early)


def _last(stored: Stored, ended: Document) -> Stored:
    """What a removal carries: the stored listing, with what eBay says that it ended with."""
    return replace(stored, data=merged(stored.data, ended)) if ended and stored.data is not None else stored
