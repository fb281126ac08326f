"""Pages of the list of all SKUs. One that eBay cannot show is read in parts of ever fewer rows, all but the row that it fails for.

Which SKU stands in such a row is not known, and rows move as SKUs come and go. So rows are remembered from one scan to the next, where the
25 around each are passed over: what stood there before is asked for by its SKU, in one call, and where the count of all SKUs does not
agree then, the scan is made once more, row by row. Once a day each row is asked for again. A SKU that breaks each list it is in, and
can be read alone, is remembered too: lists go without it, and so that many of them cost no more than one, they take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import parse_qs

from activities.polling.checkpoints import InventoryCheckpoint, InventoryScan, KnownRows, OffsetsBy
from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver
from domain.changes.unreadable import TIMES
from ebay.blame import may_be_the_record
from ebay.client import ITEMS, PAGE, InventoryPage
from ebay.errors import BadAnswerError, EbayError

SIZES = (100, 50, 25, 5, 1)  # each goes into the one before: eBay's documents count offsets by pages, its answers may by rows
COARSE = 25  # rows that are passed over around one that is known to fail, as many as one call asks for by their SKUs
LOOKED = timedelta(days=1)
ALONE = 2  # SKUs that a scan asks for one by one, since lists break at them
FAILING = 6  # parts in a row: it is no matter of single rows any more, unless a SKU that eBay showed before can be read
MANY = 20  # rows that fail: from then on they are not parted further than in 25


def begin(step: StepRun) -> InventoryScan:
    """Where the scan goes on, or a new one, which knows the rows that failed in the last."""
    last = InventoryCheckpoint.read(step.step.checkpoint) or InventoryCheckpoint()
    if last.scan:
        return last.scan
    new = InventoryScan(scan=step.step.epoch, turn=1, page=0, next_page=None, total=None)
    if not last.known_rows or not last.known_rows.rows:
        return new
    looked_at, breaking = last.known_rows.looked_at, last.known_rows.breaking_skus
    look = looked_at is None or step.now() - looked_at >= LOOKED
    turn_over = breaking[ALONE:] + (() if look else breaking[:ALONE])  # those whose turn it was come last, or into lists again
    return new.move(known=last.known_rows.rows, row_by_row=look, looked_at=step.now() if look else looked_at, breaking_skus=turn_over)


def once_more(step: StepRun, scan: InventoryScan) -> InventoryScan:
    """The next turn of a scan whose SKUs do not agree with eBay's count."""
    new = InventoryScan(scan=step.step.epoch + 1, turn=scan.turn + 1, page=0, next_page=None, total=None)
    if not scan.unreadable:
        return new
    return new.move(known=scan.unreadable, row_by_row=True, looked_at=step.now(), breaking_skus=scan.breaking_skus)


def to_remember(step: StepRun, scan: InventoryScan) -> InventoryCheckpoint:
    """What the next scan has to know."""
    if not scan.unreadable:
        return InventoryCheckpoint()
    known = KnownRows(rows=scan.unreadable, looked_at=scan.looked_at or step.now(), breaking_skus=scan.breaking_skus)
    return InventoryCheckpoint(known_rows=known)


def lists(scan: InventoryScan, skus: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """How SKUs are asked for: in lists, those at which lists break alone; and those whose turn it is not."""
    breaking = scan.breaking_skus
    together = [sku for sku in skus if sku not in breaking]
    alone = [[sku] for sku in breaking[:ALONE] if sku in skus]
    return [*([together] if together else []), *alone], [sku for sku in breaking[ALONE:] if sku in skus]


def with_breaking(scan: InventoryScan, asked: Sequence[str], part: Sequence[str]) -> InventoryScan:
    """After an answer: where a list was halved until one SKU was left, and that one can be read, lists break at it or at its neighbour."""
    new = [sku for sku in part if sku not in scan.breaking_skus] if len(part) == 1 < len(asked) else []
    return scan.move(breaking_skus=(*scan.breaking_skus, *new)) if new else scan


def read(step: StepRun, scan: InventoryScan, over: SteppingOver) -> tuple[InventoryPage, InventoryScan]:
    """The next page, or a part of one; and the scan as it is once that is stored.

    Args:
        over: the step's books of SKUs, which find out whether eBay answers at all.
    Raises:
        EbayError: eBay fails for it, and it is not known yet, or not to be believed, that this is for one row.
    """
    if not scan.parts:
        row = scan.row or 0
        if any(row <= one < row + PAGE for one in scan.known):
            scan = cut(scan, row)
        else:
            try:
                page = step.api.inventory_page(scan.next_page)
            except EbayError as error:
                if step.step.failures < TIMES - 1 or not may_be_the_record(error):
                    raise
                scan = cut(scan, row)
            else:
                return page, following(scan, page.next, row + PAGE, page)
    return read_part(step, scan, over)


def read_part(step: StepRun, scan: InventoryScan, over: SteppingOver) -> tuple[InventoryPage, InventoryScan]:
    """The next part that eBay answers; where none is left, no items."""
    parts, unreadable = list(scan.parts), set(scan.unreadable)
    failures: list[EbayError] = []
    page, by, row_count = None, scan.offsets_by, scan.row_count
    many = len(scan.known) > MANY
    while parts and page is None:
        first, size = parts.pop(0)
        around = {one for one in scan.known if first <= one < first + size}
        if around and size <= COARSE and not scan.row_by_row and (row_count is not None or parts):
            unreadable |= around
            continue
        try:
            page, by = ask(step, first, size, by)
        except EbayError as error:
            failures.append(error)
            if not may_be_the_record(error):
                raise
            if len(failures) == FAILING + 1:
                many = True
                if not over.is_well():
                    raise
            least = size == 1 or (many and size <= COARSE)
            parts += [] if least else halved(first, size)
            unreadable |= set(range(first, first + size)) if least else set()
    if page is None and row_count is None:  # nothing tells that it is no outage
        raise failures[-1] if failures else BadAnswerError("eBay shows no row of the list")
    page = page or InventoryPage([], row_count or 0, None, step.read_at(), dated=False)
    scan = scan.move(
        parts=tuple(part for part in parts if part[0] < page.total),
        offsets_by=by,
        unreadable=tuple(sorted(row for row in unreadable if row < page.total)),
        row_count=page.total,
    )
    if scan.parts:
        return page, scan.move(page=scan.page + 1)
    row = (scan.row or 0) + PAGE
    next_page = f"{ITEMS}?offset={row if by == 'rows' else row // PAGE}&limit={PAGE}" if row < page.total else None
    return page, following(scan, next_page, row, page).move(row_count=None)


def ask(step: StepRun, first: int, size: int, by: OffsetsBy | None) -> tuple[InventoryPage, OffsetsBy | None]:
    """Some rows. Where it is not known what offsets count: by rows, and where nothing stands there, by pages."""
    page = step.api.inventory_rows(first if by != "pages" else first // size, size)
    if by is None and first and size > 1 and not page.items and page.total > first:
        by = "pages"
        page = step.api.inventory_rows(first // size, size)
    return page, by or counted_by(page.next, first, size)


def counted_by(next_page: str | None, first: int, size: int) -> OffsetsBy | None:
    """What eBay's `next` shows that offsets count; None: it may be both."""
    offset = parse_qs((next_page or "").partition("?")[2]).get("offset", [""])[0]
    if not offset.isdecimal() or size == 1:
        return None
    return "rows" if int(offset) == first + size else "pages" if int(offset) == first // size + 1 else None


def following(scan: InventoryScan, next_page: str | None, row: int, page: InventoryPage) -> InventoryScan:
    return scan.move(
        page=scan.page + 1,
        next_page=next_page,
        total=None if next_page else page.total,
        row=row,
        parts=(),
        offsets_by=scan.offsets_by or counted_by(next_page, row - PAGE, PAGE),
    )


def cut(scan: InventoryScan, row: int) -> InventoryScan:
    """A page in parts: two, or so that each row known to fail stands alone."""
    parts = [(row, PAGE)]
    fine = scan.row_by_row is not False and len(scan.known) <= MANY
    for size in SIZES if fine else SIZES[: SIZES.index(COARSE) + 1]:
        bad = [part for part in parts if any(part[0] <= one < part[0] + part[1] for one in scan.known) or part[1] == PAGE]
        parts = [half for part in parts for half in (halved(*part) if part in bad and part[1] > size else [part])]
    return scan.move(row=row, parts=tuple(sorted(parts, key=lambda part: (part[1] <= COARSE, part[0]))))


def halved(first: int, size: int) -> list[tuple[int, int]]:
    smaller = next(one for one in SIZES if one < size)
    return [(at, smaller) for at in range(first, first + size, smaller)]
