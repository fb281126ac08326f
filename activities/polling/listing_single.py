"""One listing, read alone: a call for each, so only where a list cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from activities.polling.listing_skus import inventory_items
from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver
from domain.changes.model import Document
from ebay.errors import EbayError, NotFoundError, RejectedError
from store import Commit, StoreResult
from store.events.rereads import What
from store.steps.listings import PREFIX


@dataclass(frozen=True, slots=True)
class Single:
    entity_id: str
    listing: Document | None  # None: eBay knows it no more
    refused: bool  # eBay does not show it, which says nothing about it
    items: list[Document]  # of the Inventory API, that it is made of
    date: datetime


def read_single(step: StepRun, entity_id: str, over: SteppingOver | None = None) -> Single:
    """GetItem, before the commit that keeps it. `over`: notes what eBay does not show; None: raised where it is no refusal."""
    try:
        listing = step.api.listing(entity_id.removeprefix(PREFIX))
    except EbayError as error:  # of this listing alone; it must not keep the others waiting
        if over is not None:
            over.failed(entity_id, error)
        elif not isinstance(error, NotFoundError | RejectedError):
            raise
        return Single(entity_id, None, True, [], step.read_at())
    date = step.read_at()
    if over is not None:
        over.worked()
    return Single(entity_id, listing, False, inventory_items(step, [listing] if listing else []), date)


def store_single(step: StepRun, commit: Commit, single: Single, source: str = "poll") -> StoreResult:
    """Kept as it stands; over, or unknown to eBay, it is removed; of one that eBay does not show nothing is concluded."""
    if single.items:
        step.count(commit, commit.store_inventory(single.items, single.date, source, read_from="bulk"))
    if single.refused:
        stored = StoreResult()
    elif single.listing:
        stored = commit.store_listings([single.listing], single.date, source, read_from="item")
    else:
        stored = commit.remove_listings([single.entity_id], single.date, source)
    if not single.refused:
        commit.records_read(What.LISTING, [single.entity_id])
    step.count(commit, stored)
    return stored
