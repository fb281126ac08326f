"""A reader of the feed, who must miss nothing whatever dies."""

from __future__ import annotations

import threading
from contextlib import suppress

from sqlalchemy import text

from store import StoreError
from store.schema.errors import translated
from tests.support.house import House

LOOK_S = 0.01
IS_MORE = text("SELECT EXISTS (SELECT FROM sellerbeat.change_events WHERE position > :after)")


class Follower:
    """Reads the feed as an app does: from the last position on, for ever."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ids: list[str] = []
        self.position = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()

    def _follow(self) -> None:
        while not self.over.wait(LOOK_S):
            with suppress(StoreError):
                if self.is_more():
                    self.read()

    def is_more(self) -> bool:
        """A fraction of what a page costs, a hundred times a second."""
        with translated(), self.house.store._single.connect() as connection:
            return bool(connection.execute(IS_MORE, {"after": self.position}).scalar_one())

    def read(self) -> None:
        while events := self.house.store.feed.read(after=self.position, limit=2000):
            self.ids += [event["id"] for event in events]
            self.position = events[-1]["position"]

    def stop(self) -> None:
        self.over.set()
        self.thread.join(10)
        self.read()
