"""A reader of the feed, who must miss nothing whatever dies."""

from __future__ import annotations

import threading
from contextlib import suppress

from store import StoreError
from tests.support.house import House


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
        while not self.over.is_set():
            with suppress(StoreError):
                self.read()
            self.over.wait(0.01)

    def read(self) -> None:
        while events := self.house.store.feed.read(after=self.position, limit=2000):
            self.ids += [event["id"] for event in events]
            self.position = events[-1]["position"]

    def stop(self) -> None:
        self.over.set()
        self.thread.join(10)
        self.read()
