"""The report beside what is stored: downloaded to a file, read as a stream, a thousand rows at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from activities.report_place import ReportCheckpoint
from activities.running import StepRun
from changes.listings import differs, entity_id
from changes.model import Document
from ebay.report import UnreadableRow, read_report
from pacing import InventorySource

BATCH = 1_000  # rows
MOST_WANTED = 1_000  # listings to be read alone, kept by id: more are read page by page in any case


def compare(step: StepRun, place: ReportCheckpoint) -> ReportCheckpoint:
    """Find the listings to be read: unknown ones, and those of which the report says something else than what is stored.

    Rows never become documents: the report is older than what polling read meanwhile, and lacks half of a listing. 100,000 rows take some
    15 s; a crash begins the reading again. A row that says what is stored vouches for it, also where that was derived from a sale.
    """
    rows, pages, wanted = 0, 0, list[str]()
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        file = Path(folder) / "report"
        with file.open("wb") as sink:
            step.api.download(place.task or "", sink)
        for documents, without_id in _batches(file):
            ids = [id_ for one in documents if (id_ := entity_id(one))]
            different, same = _beside(step, documents)
            with step.commit() as commit:
                step.count(commit)
                if without_id:
                    step.count(commit, commit.store_listings([], place.began_at, without_id=without_id))
                commit.mark_listings_verified(same, place.began_at)
                commit.scan_page(place.scan, pages, ids, place.began_at)
            rows, pages = rows + len(ids), pages + 1
            wanted += different
    place = place.move(rows=rows, compared=place.compared + 1, lists=place.lists + (place.whole and not place.compared))
    wanted = list(dict.fromkeys(wanted))
    if place.cheap(len(wanted)) or place.compared > 1:
        place = place.move(phase="items", wanted=tuple(wanted[:MOST_WANTED]))
    else:
        place = place.move(phase="pages")
    with step.commit() as commit:
        commit.advance(reading=place.model_dump(mode="json"))
    return place


def _beside(step: StepRun, documents: list[Document]) -> tuple[list[str], list[str]]:
    """Ids of the listings to be read, and of those whose derived stock the report says too."""
    store, seller_id = step.steps.store.listings, step.request.seller_id
    alone = step.step.inventory_source is InventorySource.TRADING  # SKUs of a time when the Inventory API was read vouch for no listing
    own = documents if alone else store.not_backed(seller_id, documents)
    mine = {id_: one for one in own if (id_ := entity_id(one))}
    stored = store.stored(seller_id, list(mine))
    different = [id_ for id_, row in mine.items() if id_ not in stored or differs(row, stored[id_].data)]
    derived = {id_ for id_, one in stored.items() if one.derived}
    return different, sorted(derived - set(different))


def _batches(file: Path) -> Iterator[tuple[list[Document], list[str]]]:
    documents: list[Any] = []
    without_id: list[str] = []
    for row in read_report(file):
        if isinstance(row, UnreadableRow):
            without_id.append(row.raw)
        else:
            documents.append(row)
        if len(documents) + len(without_id) == BATCH:
            yield documents, without_id
            documents, without_id = [], []
    yield documents, without_id
