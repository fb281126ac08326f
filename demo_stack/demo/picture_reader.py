"""Reads the store for the view: every seller's state, what the feed has since the last picture, and the calls."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace
from datetime import UTC, datetime

from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import Home
from demo_stack.demo.picture import Counts, Move, News, Picture, SellerStock, move_of, news_of, rows_of, stream_of
from demo_stack.demo.stock_counts import StockCounter
from demo_stack.devstack.process import tail
from store import Store, StoreError
from store.schema.errors import translated

NEWS = 60  # kept for the screen
PATIENCE_S = 20.0  # without Postgres


class PictureReader:
    def __init__(self, store: Store, home: Home) -> None:
        self.store, self.home = store, home
        self.began = datetime.now(UTC)
        self.position = store.feed.last()
        self.changes: Counter[tuple[str, str]] = Counter()
        # Calls are summed up by the hour in which their poll began: those of this hour that were made before this run are none of it.
        self.hour = self.began.replace(minute=0, second=0, microsecond=0)
        self.calls_before = Counter(store.status.calls(self.hour))
        self.calls: Counter[tuple[str, str]] = Counter()
        self.news: deque[News] = deque(maxlen=NEWS)
        self.stocks = StockCounter(store)
        self.moves: dict[str, Move] = {}
        self.out: dict[str, Move] = {}
        self.latest = Picture(self.began)

    def read(self) -> Picture:
        """
        Raises:
            DemoError: Postgres does not answer, and that for a while.
        """
        try:
            with translated():
                self.latest = self._picture()
        except StoreError as error:
            now = datetime.now(UTC)
            if (now - self.latest.at).total_seconds() > PATIENCE_S:
                log = self.home / "postgres" / "postgres.log"  # absent where a setting names another server
                raise DemoError(f"{error}\n{tail(log)}".strip()) from None
            return replace(self.latest, problem=str(error))
        return self.latest

    def _picture(self) -> Picture:
        while page := self.store.feed.read(self.position, 500):
            for event in page:
                if stream := stream_of(event):
                    self.changes[event["seller_id"], stream] += 1
                if move := move_of(event):
                    (self.out if move.out else self.moves)[event["seller_id"]] = move
                self.news.appendleft(news_of(event))
            self.position = page[-1]["position"]
        self.calls = Counter(self.store.status.calls(self.hour)) - self.calls_before
        now = datetime.now(UTC)
        sellers = [seller for seller in self.store.status.all() if seller["state"] != "removed"]
        rows = [row for seller in sellers for row in rows_of(seller, self.changes, self.calls, now, self.began)]
        counts, names = self.stocks.read(), [seller["seller_id"] for seller in sellers]
        stocks = [SellerStock(name, counts.get(name, Counts()), self.moves.get(name), self.out.get(name)) for name in names]
        return Picture(now, tuple(rows), tuple(self.news), self.changes.total(), self.calls.total(), stocks=tuple(stocks))
