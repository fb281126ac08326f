"""Dead tokens are tried again by the watchdog, and who lives again is woken: their workflow stopped polling."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.polling.tokens import VERSION, StoredTokens
from domain.pacing.doubts import is_due
from ebay.errors import EbayError
from store import StoreError
from store.schema.errors import StoreUnavailableError

REFUSED_AT_MOST = 10  # in one look, a minute: eBay's 50,000 tokens a day are everybody's. Who lives again is no reason to stop
LOOK_EVERY_S = 15.0  # and so long, within the watchdog's minute
logger = logging.getLogger("sellerbeat.tokens")


class DeadTokens:
    def __init__(self, tokens: StoredTokens, client: Client) -> None:
        self.tokens, self.client = tokens, client
        self.trials = tokens.store.tokens.trials

    async def look(self, now: datetime) -> None:
        await asyncio.to_thread(self.retry, now)
        await self.wake()

    def retry(self, now: datetime) -> int:
        """Try those that are due, until 10 were refused. Returns how many live again."""
        began, refused, alive = time.monotonic(), 0, 0
        for one in self.trials.dead():
            if refused == REFUSED_AT_MOST or time.monotonic() - began > LOOK_EVERY_S:
                break
            if not is_due(one.tried, self.tokens.oauth.client, VERSION, now):
                continue
            try:
                if self.tokens.revived(one.seller_id, now):
                    alive += 1
                else:
                    refused += 1
            except (EbayError, StoreUnavailableError) as error:  # no answer about this seller: the next look asks again
                logger.warning("dead tokens wait", extra={"error": type(error).__name__})
                break
            except StoreError as error:  # removed meanwhile, or under a key that is lost
                logger.warning("dead token cannot be tried", extra={"seller_id": one.seller_id, "error": type(error).__name__})
        return alive

    async def wake(self) -> None:
        """Signalled twice, it is the same. One without a workflow is started by the watchdog, and polls at once."""
        for seller_id, generation in await asyncio.to_thread(self.trials.revived):
            try:
                await self.client.get_workflow_handle(f"ebay-polling:{seller_id}").signal("connected", {"generation": generation})
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            await asyncio.to_thread(self.trials.woken, seller_id, generation)
