"""Tells workflows that notifications wait for them. The rows are the truth: a word that is lost is said again, ever more rarely."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from anyio import to_thread
from temporalio.client import Client
from temporalio.service import RPCError

from inbox.inbox import Inbox
from store import StoreError
from workflows.client import TemporalUnavailableError, handle, is_missing
from workflows.seller_polling import SellerPolling

LOOK_S = 5.0  # also without a sign: another process may have kept something and died
PRUNE_S = 3600.0
T = TypeVar("T")
logger = logging.getLogger("sellerbeat.inbox")


class Waker:
    """`temporal`: a client, or TemporalUnavailableError."""

    def __init__(self, inbox: Inbox, temporal: Callable[[], Awaitable[Client]]) -> None:
        self._inbox, self._temporal = inbox, temporal
        self._pruned_at = float("-inf")

    async def keep(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._inbox.arrived.wait()
            self._inbox.arrived.clear()
            try:
                await self.look()
            except (StoreError, TemporalUnavailableError, RPCError) as error:
                logger.warning("notifications wait", extra={"error": type(error).__name__})
                await asyncio.sleep(LOOK_S)
            except Exception as error:  # of a handler's: one that is broken must not keep the others waiting; its text may name a person
                logger.error("a notification could not be handed on", extra={"error": type(error).__name__})
                await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """One round. Temporal first: what is claimed must be told."""
        client = await self._temporal()
        notifications = self._inbox.store.notifications
        for seller_id in await _asked(notifications.to_wake):
            await self._wake(client, seller_id)
        for topic, handler in self._inbox.handlers.items():
            for id_ in await _asked(notifications.to_hand_on, topic):
                await handler(client, self._inbox.settings.task_queue, id_)
        if (now := asyncio.get_running_loop().time()) > self._pruned_at + PRUNE_S:
            age = self._inbox.settings.keep_notifications
            pruned = await _asked(notifications.prune, age) + await _asked(self._inbox.store.modes.prune, age)
            if not pruned:
                self._pruned_at = now  # none left; else some more at the next look

    async def _wake(self, client: Client, seller_id: str) -> None:
        try:
            await handle(client, seller_id).signal(SellerPolling.notified)
        except RPCError as error:
            if not is_missing(error):  # the watchdog starts it within a minute, and this is said again
                raise


async def _asked(question: Callable[..., T], *arguments: object) -> T:
    return await to_thread.run_sync(partial(question, *arguments))
