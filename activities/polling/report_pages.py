"""A page of the active listings, cut around what eBay cannot show: no id of it is known, so its place in the list is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from activities.polling.running import StepRun
from domain.changes.model import Document
from ebay.blame import may_be_the_record
from ebay.errors import EbayError

SIZES = (200, 50, 10, 1)  # rows of a page and of its parts: 23 calls find one bad row
TWICE = 2  # each is asked for before it is cut: a failure may pass
IN_A_ROW = TWICE * len(SIZES)  # pages and parts that fail: more of them are no matter of a row


@dataclass(slots=True)
class Rows:
    """What a page holds, as far as eBay shows it."""

    listings: list[Document] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)
    total: int = 0
    date: datetime | None = None
    lost: int = 0  # rows that eBay cannot show
    failed: int = 0  # calls in a row
    pages: int = 0  # of the list


def read_rows(step: StepRun, number: int) -> Rows:
    """Raises EbayError: eBay fails for all of it; or for the first time in this poll, which may pass by itself."""
    rows = Rows()
    _read(step, number, 0, rows)
    return rows


def _read(step: StepRun, number: int, level: int, rows: Rows) -> None:
    if rows.date is not None and (number - 1) * SIZES[level] >= rows.total:
        return
    page = None
    for _ in range(TWICE):
        try:
            page = step.api.selling_page(number, SIZES[level])
            break
        except EbayError as error:
            rows.failed += 1
            if not may_be_the_record(error) or step.step.failures == 0 or rows.failed > IN_A_ROW:
                raise
    if page is None and level + 1 == len(SIZES):
        rows.lost += 1
        return
    if page is None:
        parts = SIZES[level] // SIZES[level + 1]
        for part in range(parts):
            _read(step, (number - 1) * parts + part + 1, level + 1, rows)
        return
    rows.failed = 0
    rows.listings += page.listings
    rows.without_id += page.without_id
    rows.total, rows.date = page.total, page.date
    rows.pages = page.pages if level == 0 else -(-page.total // SIZES[0])
