"""The report beside what is stored: downloaded to a file, read as a stream, a thousand rows at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from activities.polling.report_checkpoint import Phase, ReportCheckpoint
from activities.polling.running import StepRun
from domain.changes.listings import differs, entity_id
from domain.changes.model import Document
from domain.pacing import InventorySource
from ebay.report import UnreadableRow, read_report

BATCH = 1_000  # rows
MOST_TO_READ = 1_000  # listings to be read alone, stored by id: more are read page by page in any case


def compare(step: StepRun, checkpoint: ReportCheckpoint) -> ReportCheckpoint:
    """Find the listings to be read: unknown ones, and those of which the report says something else than what is stored.

    Rows never become documents: the report is older than what polling read meanwhile, and lacks half of a listing. 100,000 rows take some
    15 s; a crash begins the reading again. A row that says what is stored vouches for it, also where that was derived from a sale.
    """
    rows, pages, to_read = 0, 0, list[str]()
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        file = Path(folder) / "report"
        with file.open("wb") as sink:
            step.api.download(checkpoint.task or "", sink)
        for documents, without_id in _batches(file):
            ids = [id_ for one in documents if (id_ := entity_id(one))]
            different, same = _beside(step, documents)
            with step.commit() as commit:
                step.count(commit)
                if without_id:
                    step.count(commit, commit.store_listings([], checkpoint.began_at, without_id=without_id))
                commit.mark_listings_verified(same, checkpoint.began_at)
                commit.scan_page(checkpoint.scan, pages, ids, checkpoint.began_at)
            rows, pages = rows + len(ids), pages + 1
            to_read += different
    is_list = checkpoint.whole and not checkpoint.compared
    checkpoint = checkpoint.move(rows=rows, compared=checkpoint.compared + 1, lists=checkpoint.lists + is_list)
    to_read = list(dict.fromkeys(to_read))
    if checkpoint.cheap(len(to_read)) or checkpoint.compared > 1:
        checkpoint = checkpoint.move(phase=Phase.ITEMS, to_read=tuple(to_read[:MOST_TO_READ]))
    else:
        checkpoint = checkpoint.move(phase=Phase.PAGES)
    with step.commit() as commit:
        commit.advance(checkpoint=checkpoint.as_json())
    return checkpoint


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
