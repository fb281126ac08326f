"""Sellers who are enrolled but whose workflow does not run: it was terminated by hand, or Temporal's database was lost."""

from __future__ import annotations

import asyncio

from temporalio import activity
from temporalio.client import Client

from activities.wishes import Wishes, wishes_of
from store import Store

RUNNING = "WorkflowType = 'SellerPolling' AND ExecutionStatus = 'Running'"
AT_ONCE = 200


class LostSellers:
    def __init__(self, store: Store, client: Client) -> None:
        self.store, self.client = store, client

    @activity.defn
    async def find_lost_sellers(self) -> list[Wishes]:
        """At most 200 of them, with what people had set; the next look finds more."""
        running = {run.id async for run in self.client.list_workflows(RUNNING, page_size=1000)}
        enrolled = await asyncio.to_thread(self.store.enrolled)
        lost = [seller_id for seller_id in enrolled if f"ebay-polling:{seller_id}" not in running]
        return [await asyncio.to_thread(wishes_of, self.store, seller_id) for seller_id in lost[:AT_ONCE]]
