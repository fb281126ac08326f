"""Forgets users who left eBay: as buyers they become nobody, as sellers they are erased whole. A row each is the truth."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from temporalio import activity
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.service import RPCError, RPCStatusCode

from ebay.topics import ACCOUNT_DELETION
from store import SecretError, Store, StoreError, UnknownSellerError
from store.erasure.deletions import AGAIN, Deletion

AT_ONCE = 100
LONGEST_S = 45.0  # of a round; what is left comes with the next one
ROUND: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=10),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=5),
}


class Erased(BaseModel, frozen=True):
    """What a round came to: counts alone."""

    looked_for: int = 0
    done: int = 0
    failed: int = 0  # tried again by the next round
    rows: dict[str, int] = {}  # made anonymous or deleted, by table


class UserErasing:
    def __init__(self, store: Store, client: Client, second_look: timedelta = AGAIN) -> None:
        self.store, self.client, self.second_look = store, client, second_look

    @activity.defn
    async def erase_users(self) -> Erased:
        """Everybody who is due, for some 45 seconds. One who fails keeps nobody waiting. Repeating it is safe."""
        await asyncio.to_thread(self._take_in)
        over = time.monotonic() + LONGEST_S
        seen: list[str] = []
        done = failed = 0
        rows: Counter[str] = Counter()
        while time.monotonic() < over and (due := await asyncio.to_thread(self.store.deletions.due, AT_ONCE, seen)):
            for deletion in due:
                seen.append(deletion.id)
                if not deletion.opens:
                    activity.logger.error("no key in SELLERBEAT_SECRET_KEYS opens who is to be erased", extra={"deletion": deletion.id})
                    failed += 1
                    continue
                try:
                    found, over_with = await self._erase(deletion)
                except (StoreError, RPCError) as error:
                    activity.logger.warning(
                        "a user could not be erased yet", extra={"deletion": deletion.id, "error": type(error).__name__}
                    )
                    failed += 1
                else:
                    rows += found
                    done += over_with
        if seen:
            activity.logger.info("users erased", extra={"looked_for": len(seen), "done": done, "failed": failed, "rows": dict(rows)})
        return Erased(looked_for=len(seen), done=done, failed=failed, rows=dict(rows))

    def _take_in(self) -> None:
        """What eBay told of since the last round. A row that no key opens is left for an operator; the others are not."""
        notifications = self.store.notifications
        try:
            while waiting := notifications.of_topic(ACCOUNT_DELETION):
                for notification in waiting:
                    person = notification.person
                    self.store.deletions.take(person.get("username"), person.get("user_id"), notification.id)
                notifications.end([notification.id for notification in waiting])
        except SecretError as error:
            activity.logger.error("a notification that a user left cannot be opened", extra={"error": str(error)})

    async def _erase(self, deletion: Deletion) -> tuple[Counter[str], bool]:
        found = await self._seller(deletion)
        for name in dict.fromkeys((deletion.username, deletion.user_id)):  # eBay may show either as the buyer's name
            found += await asyncio.to_thread(self.store.erasing.buyer, name, deletion.id)
        return found, await asyncio.to_thread(self.store.deletions.looked, deletion, found, self.second_look)

    async def _seller(self, deletion: Deletion) -> Counter[str]:
        """Postgres first, which fences every step in flight; as `remove --erase` does it."""
        seller_id = await asyncio.to_thread(self.store.accounts.owner, deletion.user_id) if deletion.user_id else None
        if seller_id is None:
            return Counter()
        await end_seller(self.store, self.client, seller_id)
        await asyncio.to_thread(self.store.deletions.add, deletion.id, {"sellers": 1})
        return Counter(sellers=1)


async def end_seller(store: Store, client: Client, seller_id: str) -> None:
    """Erase a seller and end the workflow, in this order: an account that is still known is found again after a crash."""
    with suppress(UnknownSellerError):  # erased but for the account
        await asyncio.to_thread(store.sellers.remove, seller_id, erasing=True)
    try:
        await client.get_workflow_handle(f"ebay-polling:{seller_id}").terminate("the seller's account was deleted at eBay")
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    await asyncio.to_thread(store.sellers.erase, seller_id)
