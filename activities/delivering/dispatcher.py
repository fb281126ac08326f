"""Begins the workflow of every delivery cursor that is behind, and wakes those whose wait somebody ended.

The transaction that stores a change knows nothing of endpoints. Four times a second one dispatcher of all workers looks what is new in the
feed; every ten seconds each of them looks for cursors that are behind and not at work, whatever crashed in between. Both use
signal-with-start, so that it does not matter whether it runs, has just ended, or was woken already.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from activities.polling.steps import frame_of
from domain.retention import Retention
from store import Store, StoreError
from store.delivery.backlog import CursorKey

LOOK_S, SCAN_S, FORGET_S = 0.25, 10.0, 3600.0
REPLAY_S = 5.0  # of a scan: cursors that are behind wait no longer for it
LEAD_S = 2.0  # who does not lead asks again after this
WAKE_AGAIN_S = 5.0  # a cursor whose time has come is woken again after this, if its run has not begun
WakeCursors = Callable[[Iterable[CursorKey]], Coroutine[Any, Any, None]]
logger = logging.getLogger("sellerbeat.dispatcher")


class DeliveryDispatcher:
    def __init__(self, store: Store, wake: WakeCursors, keep: Retention = Retention()) -> None:
        """`wake`: begins or signals the workflows of these cursors; whom it fails to reach, the next scan finds again."""
        self.store, self.wake_cursors, self.keep = store, wake, keep
        self.stop = threading.Event()
        self.woken_at: dict[CursorKey, float] = {}  # cursors whose time has come, by when they were woken; of the leader's thread alone

    async def run(self) -> None:
        """Until `stop` is set."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(asyncio.to_thread(self.lead, loop), asyncio.to_thread(self.scan, loop))

    def lead(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look, while no other worker's dispatcher does; else see every two seconds whether its lead has ended."""
        while not self.stop.is_set():
            with self.outliving("the dispatcher cannot look for changes"):
                self.look(loop)
            self.stop.wait(LEAD_S)

    def look(self, loop: asyncio.AbstractEventLoop) -> None:
        known: int | None = None
        with self.store.backlog.leading() as connection:
            while connection is not None and not self.stop.is_set() and self.store.backlog.leads(connection):
                news = self.store.backlog.new(connection, known)
                self.wake(loop, news.cursors | self.not_woken(news.due))
                if known is None and news.known is not None:  # what came before the first look
                    self.wake(loop, self.store.backlog.behind())
                known = news.known
                self.stop.wait(LOOK_S)

    def not_woken(self, due: frozenset[CursorKey]) -> frozenset[CursorKey]:
        now = time.monotonic()
        self.woken_at = {cursor: at for cursor, at in self.woken_at.items() if now - at < WAKE_AGAIN_S}
        fresh = due - self.woken_at.keys()
        self.woken_at.update(dict.fromkeys(fresh, now))
        return fresh

    def scan(self, loop: asyncio.AbstractEventLoop) -> None:
        forgot = float("-inf")
        while not self.stop.is_set():
            with self.outliving("the dispatcher cannot scan for changes"):
                self.wake(loop, self.store.backlog.behind())
                self.store.delivery_figures.fold()
                due = time.monotonic() - forgot > FORGET_S or self.store.retention.partitioning.is_due()
                if due and not self.store.retention.forget(self.keep):
                    forgot = time.monotonic()  # none left; else some more at the next scan
            more = False
            with self.outliving("the dispatcher cannot go on with a replay"):
                more = self.replay()
            self.stop.wait(0 if more else SCAN_S * random.uniform(0.9, 1.1))

    def replay(self) -> bool:
        """Queue what is asked for again, for some seconds at most. Whether there is more."""
        end = time.monotonic() + REPLAY_S
        while not self.stop.is_set() and self.store.replays.advance():
            if time.monotonic() > end:
                return True
        return False

    @contextmanager
    def outliving(self, what: str) -> Iterator[None]:
        """Whatever goes wrong is logged, and tried again: without a dispatcher nothing would be delivered."""
        try:
            yield
        except StoreError as error:
            logger.warning(what, extra={"error": str(error)})
        except Exception as error:
            logger.error(what, extra={"place": frame_of(error)})

    def wake(self, loop: asyncio.AbstractEventLoop, cursors: Iterable[CursorKey]) -> None:
        if cursors:
            asyncio.run_coroutine_threadsafe(self.wake_cursors(cursors), loop).result()
