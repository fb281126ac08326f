"""Pages of the list of all SKUs. One that eBay cannot show is read in parts of ever fewer rows, all but the row that it fails for.

Which SKU stands in such a row is not known, and rows move as SKUs come and go. So rows are remembered from one scan to the next, where the
25 around each are passed over: what stood there before is asked for by its SKU, in one call, and where the count of all SKUs does not
agree then, the scan is made once more, row by row. Once a day each row is asked for again. A SKU that breaks each list it is in, and
can be read alone, is remembered too: lists go without it, and so that many of them cost no more than one, they take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from activities.running import StepRun
from activities.stepping_over import SteppingOver
from changes.dates import read_time
from changes.unreadable import TIMES
from ebay.blame import may_be_the_record
from ebay.client import ITEMS, PAGE, InventoryPage
from ebay.errors import BadAnswerError, EbayError
from store.times import iso

Scan = dict[
    str, Any
]  # {"scan", "turn", "page", "place", "total"}, and where rows fail {"row", "parts", "by", "sick", "known", "fine", "looked", "apart"}
SIZES = (100, 50, 25, 5, 1)  # each goes into the one before: eBay's documents count offsets by pages, its answers may by rows
COARSE = 25  # rows that are passed over around one that is known to fail, as many as one call asks for by their SKUs
LOOKED = timedelta(days=1)
ALONE = 2  # SKUs that a scan asks for one by one, since lists break at them
FAILING = 6  # parts in a row: it is no matter of single rows any more, unless a SKU that eBay showed before can be read
MANY = 20  # rows that fail: from then on they are not parted further than in 25


def begin(step: StepRun) -> Scan:
    """Where the scan goes on, or a new one, which knows the rows that failed in the last."""
    reading = step.step.reading or {}
    if "scan" in reading:
        return dict(reading)
    last = reading.get("limit") or {}
    new: Scan = {"scan": step.step.epoch, "turn": 1, "page": 0, "place": None, "total": None}
    if not last.get("sick"):
        return new
    looked = read_time(last.get("looked"))
    look = looked is None or step.now() - looked >= LOOKED
    apart = last.get("apart", [])
    apart = apart[ALONE:] + ([] if look else apart[:ALONE])  # those whose turn it was come last, or into lists again
    return {**new, "known": last["sick"], "fine": look, "looked": iso(step.now()) if look else last["looked"], "apart": apart}


def once_more(step: StepRun, scan: Scan) -> Scan:
    """The next turn of a scan whose SKUs do not agree with eBay's count."""
    new: Scan = {"scan": step.step.epoch + 1, "turn": scan["turn"] + 1, "page": 0, "place": None, "total": None}
    if not scan.get("sick"):
        return new
    return {**new, "known": scan["sick"], "fine": True, "looked": iso(step.now()), "apart": scan.get("apart", [])}


def to_remember(step: StepRun, scan: Scan) -> Scan | None:
    """What the next scan has to know."""
    if not scan.get("sick"):
        return None
    return {"limit": {"sick": scan["sick"], "looked": scan.get("looked") or iso(step.now()), "apart": scan.get("apart", [])}}


def lists(scan: Scan, skus: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """How SKUs are asked for: in lists, those at which lists break alone; and those whose turn it is not."""
    apart = scan.get("apart", [])
    together = [sku for sku in skus if sku not in apart]
    alone = [[sku] for sku in apart[:ALONE] if sku in skus]
    return [*([together] if together else []), *alone], [sku for sku in apart[ALONE:] if sku in skus]


def by_answer(scan: Scan, asked: Sequence[str], part: Sequence[str]) -> Scan:
    """After an answer: where a list was halved until one SKU was left, and that one can be read, lists break at it or at its neighbour."""
    new = [sku for sku in part if sku not in scan.get("apart", [])] if len(part) == 1 < len(asked) else []
    return {**scan, "apart": [*scan.get("apart", []), *new]} if new else scan


def read(step: StepRun, scan: Scan, over: SteppingOver) -> tuple[InventoryPage, Scan]:
    """The next page, or a part of one; and the scan as it is once that is kept.

    Args:
        over: the step's books of SKUs, which find out whether eBay answers at all.
    Raises:
        EbayError: eBay fails for it, and it is not known yet, or not to be believed, that this is for one row.
    """
    if not scan.get("parts"):
        row = scan.get("row", 0)
        if any(row <= one < row + PAGE for one in scan.get("known", [])):
            scan = cut(scan, row)
        else:
            try:
                page = step.api.inventory_page(scan["place"])
            except EbayError as error:
                if step.step.failures < TIMES - 1 or not may_be_the_record(error):
                    raise
                scan = cut(scan, row)
            else:
                return page, following(scan, page.next, row + PAGE, page)
    return read_part(step, scan, over)


def read_part(step: StepRun, scan: Scan, over: SteppingOver) -> tuple[InventoryPage, Scan]:
    """The next part that eBay answers; where none is left, no items."""
    parts, sick = [list(part) for part in scan["parts"]], set(scan.get("sick", []))
    failures: list[EbayError] = []
    page, by, of = None, scan.get("by"), scan.get("of")  # `of`: how many SKUs there are, as a part said that eBay answered
    many = len(scan.get("known", [])) > MANY
    while parts and page is None:
        first, size = parts.pop(0)
        around = {one for one in scan.get("known", []) if first <= one < first + size}
        if around and size <= COARSE and not scan.get("fine") and (of is not None or parts):
            sick |= around
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
            sick |= set(range(first, first + size)) if least else set()
    if page is None and of is None:  # nothing tells that it is no outage
        raise failures[-1] if failures else BadAnswerError("eBay shows no row of the list")
    page = page or InventoryPage([], of or 0, None, step.read_at(), dated=False)
    parts = [part for part in parts if part[0] < page.total]
    scan = {**scan, "parts": parts, "by": by, "sick": sorted(row for row in sick if row < page.total), "of": page.total}
    if parts:
        return page, {**scan, "page": scan["page"] + 1}
    row = scan["row"] + PAGE
    place = f"{ITEMS}?offset={row if by == 'rows' else row // PAGE}&limit={PAGE}" if row < page.total else None
    return page, {**following(scan, place, row, page), "of": None}


def ask(step: StepRun, first: int, size: int, by: str | None) -> tuple[InventoryPage, str | None]:
    """Some rows. Where it is not known what offsets count: by rows, and where nothing stands there, by pages."""
    page = step.api.inventory_rows(first if by != "pages" else first // size, size)
    if by is None and first and size > 1 and not page.items and page.total > first:
        by = "pages"
        page = step.api.inventory_rows(first // size, size)
    return page, by or counted_by(page.next, first, size)


def counted_by(place: str | None, first: int, size: int) -> str | None:
    """What eBay's `next` shows that offsets count; None: it may be both."""
    offset = parse_qs((place or "").partition("?")[2]).get("offset", [""])[0]
    if not offset.isdecimal() or size == 1:
        return None
    return "rows" if int(offset) == first + size else "pages" if int(offset) == first // size + 1 else None


def following(scan: Scan, place: str | None, row: int, page: InventoryPage) -> Scan:
    after = {**scan, "page": scan["page"] + 1, "place": place, "total": None if place else page.total}
    if "parts" in scan or "known" in scan:
        after |= {"row": row, "parts": []}
    elif place:
        after |= {"row": row}
    by = scan.get("by") or counted_by(place, row - PAGE, PAGE)
    return {**after, "by": by} if by else after


def cut(scan: Scan, row: int) -> Scan:
    """A page in parts: two, or so that each row known to fail stands alone."""
    parts = [[row, PAGE]]
    fine = scan.get("fine", True) and len(scan.get("known", [])) <= MANY
    for size in SIZES if fine else SIZES[: SIZES.index(COARSE) + 1]:
        bad = [part for part in parts if any(part[0] <= one < part[0] + part[1] for one in scan.get("known", [])) or part[1] == PAGE]
        parts = [half for part in parts for half in (halved(*part) if part in bad and part[1] > size else [part])]
    return {**scan, "row": row, "parts": sorted(parts, key=lambda part: (part[1] <= COARSE, part[0]))}


def halved(first: int, size: int) -> list[list[int]]:
    smaller = next(one for one in SIZES if one < size)
    return [[at, smaller] for at in range(first, first + size, smaller)]
