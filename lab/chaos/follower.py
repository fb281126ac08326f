"""A reader of the feed, who must miss nothing whatever dies."""

from __future__ import annotations

import threading
from contextlib import closing, suppress

import psycopg2

from store import StoreError
from tests.support.house import House

LOOK_S = 0.01
IS_MORE = "SELECT EXISTS (SELECT FROM sellerbeat.change_events WHERE position > %s)"


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
            with suppress(StoreError, psycopg2.Error), closing(psycopg2.connect(self.house.database)) as connection:
                connection.autocommit = True
                with connection.cursor() as cursor:
                    while not self.over.wait(LOOK_S):
                        cursor.execute(IS_MORE, [self.position])  # a twentieth of what a page costs, a hundred times a second
                        if cursor.fetchone() == (True,):
                            self.read()

    def read(self) -> None:
        while events := self.house.store.feed.read(after=self.position, limit=2000):
            self.ids += [event["id"] for event in events]
            self.position = events[-1]["position"]

    def stop(self) -> None:
        self.over.set()
        self.thread.join(10)
        self.read()
