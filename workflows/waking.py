"""A new version of the worker may mend what an older one failed at: what fails is tried at once, and does not wait for hours."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from temporalio.client import Client
from temporalio.service import RPCError

from activities.polling.waits import ONE_ATTEMPT
from store import Store, StoreError
from workflows.messages import PollNow, workflow_id
from workflows.seller_polling import SellerPolling

MARK = "worker"
BETWEEN_S = 0.1  # so that thousands do not come together
logger = logging.getLogger("sellerbeat.worker")


async def wake_failing(client: Client, store: Store, ours: str, between_s: float = BETWEEN_S) -> int:
    """Have what fails polled at once, if no worker of this version ran last. Returns how many streams."""
    woken = 0
    with suppress(StoreError):  # it is only sooner than by itself
        if not await asyncio.to_thread(store.marks.change, MARK, ours):
            return 0
        for seller_id, stream in await asyncio.to_thread(store.marks.failing, ONE_ATTEMPT):
            with suppress(RPCError):  # no workflow: the watchdog's part
                await client.get_workflow_handle(workflow_id(seller_id)).signal(SellerPolling.poll_now, PollNow(stream=stream))
                woken += 1
            await asyncio.sleep(between_s)
        if woken:
            logger.info("a new version of the worker tries what failed", extra={"streams": woken})
    return woken
