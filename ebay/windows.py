"""Reading everything that changed since a cursor, and losing none of it. Read `changed_since` first.

The trap is paging: while a reader walks offsets over a set that moves, a row that is modified jumps to the end, the rest shifts by one, and
a row that nobody has read steps over the page boundary. So a window that does not fit one page is cut into windows that do.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.changes.moments import Moment
from ebay.blame import may_be_the_record
from ebay.clock import MS, floor_ms
from ebay.cutting import NARROW, PAGE, ROWS, Since, Span, Window, cut, cut_sorted, halves, is_sorted
from ebay.errors import EbayError
from ebay.http import utc_now
from ebay.isolating import around
from ebay.narrowing import Width
from ebay.pages import OrderPage
from ebay.window_reading import CREATED, MODIFIED, Fetch, dates, read
from ebay.window_result import WindowResult, by_offsets, shortened

__all__ = ["Fetch", "Since", "Span", "Window", "WindowResult", "changed_since", "cut"]

MARGIN = timedelta(seconds=1)  # behind eBay's clock: the Date header has whole seconds
MANY = 10 * PAGE  # rows from which one more call for a look at their middle pays
A_DAY = timedelta(days=1)
LONGEST = timedelta(days=730)  # eBay looks back two years
FASTER = 4  # parts that hold too little are joined, at most so many times more at each step


def changed_since(
    fetch: Fetch,
    cursor: datetime,
    overlap: timedelta,
    pending_windows: Sequence[datetime] = (),
    width: Width | None = None,
    clock: Callable[[], datetime] = utc_now,
    unreadable: Sequence[Moment] = (),
) -> Iterator[WindowResult]:
    """All orders modified since `cursor - overlap`, in parts of at most a few pages, oldest first.

    The first request is open, `[from..]`. If everything is on its page, that was it. Otherwise the window up to eBay's clock is cut at the
    dates seen, and each part is read by itself; it moves the cursor to its end. What is modified meanwhile has a date after that clock, and
    is for the next poll. A window that fails again and again is read around the moment that eBay cannot show (`isolating.py`).

    Args:
        cursor: how far is read and stored; UTC, not after eBay's clock.
        overlap: read again before the cursor, since eBay shows some orders late.
        pending_windows: where an earlier read stopped (`WindowResult.pending_windows`): goes on there, with no overlap and no open request.
        width: how wide a window eBay answers, as far as it is known; what is learnt of it stands there with each part.
        clock: eBay's, for windows where the open request is too wide.
        unreadable: moments that are set aside, oldest first: those in the overlap are not asked for.

    Raises:
        EbayError: what `fetch` raises, where less at a time does not help or was tried often enough; parts given before stay good.
    """
    width = width or Width()
    pending = [floor_ms(bound) for bound in pending_windows]
    if overlap and len(pending) > 1 and clock() - pending[-1] > 2 * overlap:  # it took long: what is newer need not wait for the next poll
        yield from _not_the_last(_windows(fetch, cursor, pending, width), pending[-1], cursor)
        cursor, pending = max(cursor, pending[-1]), []
    if len(pending) < 2:
        start = floor_ms(cursor - overlap)
        for moment in unreadable:
            if moment.end < start:
                continue
            if moment.start > start:
                yield from _not_the_last(_windows(fetch, cursor, [start, moment.start], width), moment.end, cursor)
            start = moment.end
        first = None
        while first is None:
            known = Window(start, max(floor_ms(clock() - max(MARGIN, overlap)), start))
            if width.limited(known.width) < known.width:
                for part in _not_the_last(_windows(fetch, cursor, [known.start, known.end], width), known.end, cursor):
                    cursor = part.cursor
                    yield part
                start = max(start, floor_ms(cursor - overlap))
                if width.limited(2 * overlap) < 2 * overlap:  # even the overlap is too wide for one request: the next poll goes on
                    yield WindowResult([], cursor)
                    return
            try:
                first = read(fetch, Since(start))
            except EbayError as error:
                whole = Window(start, max(floor_ms(clock() - MARGIN), start))
                if width.isolates(error, whole.width):
                    yield from _not_the_last(_isolated(fetch, cursor, [whole.start, whole.end], width, error), whole.end, cursor)
                    cursor, start = max(cursor, whole.end), whole.end
                    continue
                if not width.narrower(error, known.width, MS):
                    raise
                yield WindowResult([], cursor, (known.end,), failed=True)
                if width.over:
                    raise
            else:
                width.worked(known.width, LONGEST)
        # without a Date header the clock is a guess, and only what is behind the overlap is sure
        now = floor_ms(first.page.date - (MARGIN if first.page.dated else max(MARGIN, overlap)))
        if first.fits:
            width.read_over()
            yield WindowResult(first.orders, max(cursor, now), complete=first.complete)
            return
        window = Window(start, max(now, start))
        full = len(first.page.orders) >= PAGE  # a short page with a `next` or a large total contradicts itself: no sample to cut by
        parts = _split(window, first.page.orders, first.page.total) if full else [window]
        pending = [part.start for part in parts] + [window.end]
    yield from _windows(fetch, cursor, pending, width)


def created_between(
    fetch: Fetch, pending: Sequence[datetime], width: Width | None = None, unreadable: Sequence[Moment] = ()
) -> Iterator[WindowResult]:
    """All orders created between the first bound and the last, in parts as `changed_since` gives them; `cursor` is how far it is.

    Args:
        fetch: getOrders with the span's dates as those of creation.
        pending: the beginning and the end; or where an earlier read stopped (`WindowResult.pending_windows`).
        unreadable: moments that are set aside, oldest first: they are passed over.
    """
    left, width = [floor_ms(bound) for bound in pending], width or Width()
    for moment in unreadable:
        if not left or moment.end < left[0] or moment.start > left[-1]:
            continue
        before, left = [bound for bound in left if bound < moment.start], [bound for bound in left if bound > moment.end]
        left = [moment.end, *left] if left else []
        if before:
            for part in _windows(fetch, before[0], [*before, moment.start], width, CREATED):
                yield replace(part, pending_windows=shortened([*part.pending_windows, *left]))
        yield WindowResult([], moment.end, shortened(left))
    if len(left) > 1:
        yield from _windows(fetch, left[0], left, width, CREATED)


def _not_the_last(parts: Iterator[WindowResult], end: datetime, begun: datetime) -> Iterator[WindowResult]:
    """Parts behind which there is more: from `end` on, in one request; so too where nothing was answered since the cursor `begun`."""
    for part in parts:
        again = not part.pending_windows or (part.failed and part.cursor == begun)
        yield replace(part, pending_windows=(end,)) if again else part


def _windows(fetch: Fetch, cursor: datetime, pending: list[datetime], width: Width, by: str = MODIFIED) -> Iterator[WindowResult]:
    """Read the windows between these bounds; cut again what is too large or what eBay cannot answer, join what is too small."""
    stride = 1  # windows to join: more than one where the sample that cut them came from a crowded corner
    parent = 0  # rows of the window that was cut last
    while len(pending) > 1:
        pending = _narrowed(pending, width)
        taken = _joined(pending, stride, width)
        window, rest = Window(pending[0], pending[taken]), pending[taken:]
        try:
            reading = read(fetch, window)
        except EbayError as error:
            if width.isolates(error, window.width):
                for part in _isolated(fetch, cursor, [window.start, window.end, *rest[1:]], width, error, by):
                    cursor = part.cursor
                    yield part
                pending, stride = rest, 1
                continue
            if not width.narrower(error, window.width, MS):
                raise
            yield WindowResult([], cursor, shortened(pending), failed=True)
            if width.over:
                raise
            stride = 1
            continue
        width.worked(window.width, LONGEST)
        if reading.fits:
            cursor = max(cursor, window.end)
            yield WindowResult(reading.orders, cursor, shortened(rest), reading.complete)
            pending, stride = rest, _stride(taken, len(reading.orders))
            continue
        total = reading.page.total
        skewed = total * 2 > parent > 0  # one part holds most of its parent: that sample was no fair one
        parts = _recut(fetch, window, reading.page, skewed, by)
        if len(parts) > 1:
            pending, stride, parent = [part.start for part in parts] + rest, 1, total
            yield WindowResult([], cursor, shortened(pending))  # nothing to store but where it stands: cutting is progress too
            continue
        try:
            for part in by_offsets(fetch, window, reading.page, cursor, pending, rest):
                cursor = part.cursor
                yield part
        except EbayError as error:  # of a page behind the first
            if not width.isolates(error, window.width):
                raise
            read(fetch, _empty(window))
            middle = floor_ms(window.start + window.width / 2)
            if window.width > NARROW:
                pending, stride = [window.start, middle, window.end, *rest[1:]], 1
                yield WindowResult([], cursor, shortened(pending))
                continue
            cursor = max(cursor, window.end)
            yield WindowResult([], cursor, shortened(rest), unreadable=Moment(window.start, window.end, str(error)))
        pending, stride = rest, 1


def _isolated(
    fetch: Fetch, cursor: datetime, pending: list[datetime], width: Width, failure: EbayError, by: str = MODIFIED
) -> Iterator[WindowResult]:
    """The first window between these bounds, which failed again and again: all but the moments that eBay cannot show.

    Where eBay answers nothing of it, it is made narrower for the next step, as any window that fails.
    """
    window, rest = Window(pending[0], pending[1]), pending[1:]
    width.searched += 1
    settled, ahead = window.start, list[datetime]()  # read up to; begin of what was read ahead
    found, widest = False, timedelta()

    def left() -> list[datetime]:
        return rest if settled >= window.end else [settled, *(one for one in ahead if one > settled), *rest]

    try:
        empty = _empty(window)
        pieces = around(lambda start, end: read(fetch, Window(start, end)), window.start, window.end, failure, (empty.start, empty.end))
        for piece in pieces:
            answer, found = piece.answer, found or piece.unreadable is not None
            widest = max(widest, piece.end - piece.start if answer else timedelta())
            if not piece.settled:
                ahead.insert(0, piece.start)
                yield WindowResult(answer.orders if answer and answer.fits else [], cursor, shortened(left()))
                continue
            if answer and not answer.fits:
                for part in _windows(fetch, cursor, [piece.start, piece.end], width, by):
                    cursor, settled = part.cursor, part.pending_windows[0] if part.pending_windows else piece.end
                    yield replace(part, pending_windows=shortened([*part.pending_windows[:-1], *left()]))
                continue
            settled, cursor = piece.end, max(cursor, piece.end)
            moment = Moment(piece.start, piece.end, piece.unreadable) if piece.unreadable else None
            yield WindowResult(answer.orders if answer else [], cursor, shortened(left()), not answer or answer.complete, unreadable=moment)
    except EbayError as error:
        if settled == window.start and not ahead and width.narrower(error, window.width, MS):
            yield WindowResult([], cursor, shortened(pending), failed=True)
        raise
    width.search_over(failure, window.width, widest, found=found, narrowest=MS, longest=LONGEST)


def _empty(window: Window) -> Window:
    """One that most likely holds nothing: whether eBay answers it tells whether it is down."""
    return Window(window.start - A_DAY, window.start - A_DAY + MS)


def _recut(fetch: Fetch, window: Window, page: OrderPage, skewed: bool, by: str) -> list[Window]:
    """The parts of a window whose own page is at hand; `[window]` where only offsets serve."""
    seen = dates(page.orders, by)
    inside = [date for date in seen if window.start <= date <= window.end]
    if len(page.orders) < PAGE or len(inside) * 2 < len(page.orders):
        return [window]  # a page that contradicts its `next`, `total` or filter: cutting by it would never end
    if page.total > MANY and (skewed or is_sorted(seen)):
        try:
            middle = fetch(window, page.total // 2 // PAGE * PAGE)  # a look, not a reading: whether rows moved does not matter
        except EbayError as error:
            if not may_be_the_record(error):
                raise
        else:
            parts = halves(window, dates(middle.orders, by))
            if len(parts) > 1:
                return parts
    return _split(window, page.orders, page.total, by)


def _split(window: Window, orders: list[Any], total: int, by: str = MODIFIED) -> list[Window]:
    seen = dates(orders, by)
    parts = cut_sorted(window, seen) if is_sorted(seen) else [window]
    return parts if len(parts) > 1 else cut(window, seen, total)


def _narrowed(pending: list[datetime], width: Width) -> list[datetime]:
    """With a bound more where the first window is wider than eBay answers."""
    first = Window(pending[0], pending[1])
    most = max(floor_ms(first.start + width.limited(first.width)) - first.start, MS)
    return pending if most >= first.width else [first.start, first.start + most, *pending[1:]]


def _joined(pending: list[datetime], stride: int, width: Width) -> int:
    """How many windows to read as one: `stride`, but a single date's window is never joined to another, nor more than eBay answers."""
    taken = 1
    while (
        taken < min(stride, len(pending) - 1)
        and width.limited(pending[taken + 1] - pending[0]) == pending[taken + 1] - pending[0]
        and pending[taken] - pending[taken - 1] > NARROW
        and pending[taken + 1] - pending[taken] > NARROW
    ):  # fmt: skip
        taken += 1
    return taken


def _stride(taken: int, rows: int) -> int:
    if taken == 1 and rows > ROWS // 3:
        return 1
    return max(1, min(taken * FASTER, taken * ROWS // max(rows, 1)))
