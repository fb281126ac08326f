"""An eBay of orders in memory, for the windows: unspecified order of rows, rows that move between calls, rows that show late."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ebay.clock import stamp
from ebay.cutting import PAGE, Since, Span
from ebay.pages import OrderPage

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(minutes=5)


def at(ms: int) -> datetime:
    """So many milliseconds after START."""
    return START + timedelta(milliseconds=ms)


@dataclass
class Row:
    id: str
    modified: datetime
    visible: datetime
    shuffled: float = 0.0


BY = {
    "unspecified": lambda row: row.shuffled,
    "oldest first": lambda row: (row.modified, row.id),
    "newest first": lambda row: (-row.modified.timestamp(), row.id),
    "by creation": lambda row: row.id,
}


@dataclass
class OrdersInMemory:
    """`fetch` is what `changed_since` takes. Each call takes 50 ms of eBay's clock; then `meanwhile` may change the world."""

    now: datetime = START
    order: str = "unspecified"
    seed: int = 0
    meanwhile: Callable[["OrdersInMemory"], None] = lambda world: None
    rows: dict[str, Row] = field(default_factory=dict)
    calls: list[tuple[Span, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.by_date: list[Row] | None = None  # a month has many rows, and each call asks for a few

    def place(self, dates: Iterable[datetime], late: timedelta = timedelta()) -> None:
        for date in dates:
            row = Row(f"order-{len(self.rows):05}", date, date + late, self.random.random())
            self.rows[row.id] = row
        self.by_date = None

    def modify(self, order_id: str) -> None:
        self.by_date = None
        self.rows[order_id].modified = self.rows[order_id].visible = self.now

    def inside(self, span: Span) -> list[Row]:
        end = self.now if isinstance(span, Since) else span.end
        assert end <= self.now, "eBay refuses a time in the future"
        if self.by_date is None:
            self.by_date = sorted(self.rows.values(), key=lambda row: row.modified)
        first = bisect_left(self.by_date, span.start, key=lambda row: row.modified)
        last = bisect_right(self.by_date, end, key=lambda row: row.modified)
        return sorted((row for row in self.by_date[first:last] if row.visible <= self.now), key=BY[self.order])

    def fetch(self, span: Span, offset: int) -> OrderPage:
        self.calls.append((span, offset))
        self.now += timedelta(milliseconds=50)
        rows = self.inside(span)
        page = [{"orderId": row.id, "lastModifiedDate": stamp(row.modified)} for row in rows[offset : offset + PAGE]]
        following = "next" if offset + PAGE < len(rows) else None
        answer = OrderPage(page, len(rows), following, self.now.replace(microsecond=0))
        self.meanwhile(self)
        return answer

    def missing(self, stored: dict[str, str]) -> list[str]:
        """Orders whose newest version is not among those kept."""
        return [row.id for row in self.rows.values() if stored.get(row.id, "") < stamp(row.modified)]


def keep(stored: dict[str, str], orders: list[Any]) -> None:
    for order in orders:
        stored[order["orderId"]] = max(stored.get(order["orderId"], ""), order["lastModifiedDate"])
