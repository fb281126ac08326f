"""Windows of time and how to cut them. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from ebay.clock import MS, floor_ms
from ebay.filters import modified_filter

PAGE = 200  # rows of a full page
ROWS = 150  # rows that a part aims at: a sample misjudges, and 200 fit
SURE_ROWS = 190  # the same where the page came sorted, so that its rows are counted and not estimated
NARROW = 2 * MS  # what is left around one date: no narrower window is known to hold all of that date


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end` in eBay's clock, both included, in whole milliseconds."""

    start: datetime
    end: datetime

    @property
    def filter(self) -> str:
        """The window as a `filter` of getOrders."""
        return modified_filter(self.start, self.end)

    @property
    def width(self) -> timedelta:
        """From `start` to `end`: zero where the window is one millisecond."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Since:
    """From `start`, included, until now: a window that is still open."""

    start: datetime

    @property
    def filter(self) -> str:
        """A `filter` of getOrders with an open end."""
        return modified_filter(self.start)


Span = Window | Since


def cut(window: Window, seen: Sequence[datetime], total: int, rows: int = ROWS) -> list[Window]:
    """Split a window whose orders do not fit one page into parts of about `rows` orders, oldest first.

    eBay includes both ends of a range; neighbours share their boundary, since an order read twice is a duplicate and costs nothing, and one
    that falls between is lost. A date that by itself holds a part's worth becomes a window of its own, a millisecond wider on both sides,
    so that whatever eBay's clock has below the millisecond lies inside.

    Args:
        seen: `lastModifiedDate` of the page's orders, in any order: a sample of how the rows lie in time.
        total: orders in the window, by eBay's count.

    Returns:
        `[window]` where it cannot be cut; else parts that are all narrower than the window.
    """
    if window.end - window.start <= NARROW or not seen:
        return [window]
    step = max(1, rows * len(seen) // max(total, len(seen)))  # so many of the sample stand for `rows` orders
    inside = Counter(floor_ms(date) for date in seen if window.start <= date < window.end + MS)
    cuts: set[datetime] = set()
    run = 0
    for date, count in sorted(inside.items()):
        if count >= max(4, step):  # 4: where a row stands for 500, one row proves no heap
            cuts |= {date - MS, date + MS}
            run = 0
        elif run + count > step and run:
            cuts.add(date)
            run = count
        else:
            run += count
    parts = _between(window, cuts)
    if len(parts) == 1 and inside:
        [(date, _)] = inside.most_common(1)
        parts = _between(window, {date - MS, date + MS})
    return parts


def cut_sorted(window: Window, seen: Sequence[datetime]) -> list[Window]:
    """Split a window whose page came sorted by date, so that it shows one end of the window and nothing of the rest.

    Cut as if it were a sample, its parts would be tiny and the rest as large as before. Here the end that was seen becomes one part.
    """
    edge = floor_ms(seen[min(SURE_ROWS, len(seen)) - 1])
    if list(seen).count(edge) > PAGE - SURE_ROWS:  # a heap, of which more may follow: leave it whole to the side that was not seen
        edge += -MS if seen[0] < seen[-1] else MS
    return _between(window, {edge})


def is_sorted(seen: Sequence[datetime]) -> bool:
    """Whether the dates rise or fall throughout, which cannot be chance where a few of them differ."""
    if len(set(seen)) < 5:
        return False
    return all(a <= b for a, b in pairwise(seen)) or all(a >= b for a, b in pairwise(seen))


def halves(window: Window, seen: Sequence[datetime]) -> list[Window]:
    """Split a window at the median of dates seen in the middle of its rows."""
    inside = sorted(date for date in seen if window.start < date < window.end)
    return _between(window, {floor_ms(inside[len(inside) // 2])}) if inside else [window]


def _between(window: Window, cuts: set[datetime]) -> list[Window]:
    inner = sorted(one for one in cuts if window.start < one < window.end)
    return [Window(a, b) for a, b in pairwise([window.start, *inner, window.end])]
