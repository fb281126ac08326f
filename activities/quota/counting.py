"""What a refused call (429) means: eBay is asked for its own count, once a minute at most, and what it says holds for all sellers."""

from __future__ import annotations

from datetime import datetime, timedelta
from zlib import crc32

from ebay.client import Ebay
from ebay.errors import EbayError, QuotaSpentError
from store import Store

A_MOMENT = timedelta(seconds=60)
A_DAY_S = 86_400  # eBay's `timeWindow` of a daily quota
SPREAD_S = 60  # starts after a reset are spread over this long, so that they do not come all at once
# eBay's context and name of an API, in whatever case they come -> our resource. Trading has one name a call, and one quota for all.
APIS = {("sell", "fulfillment"): "orders", ("sell", "inventory"): "inventory", ("sell", "feed"): "feed"}
TRADING = "tradingapi"


class QuotaWatch:
    def __init__(self, store: Store, ebay: Ebay) -> None:
        self.store, self.ebay = store, ebay

    def spent(self, seller_id: str, resource: str, refusal: QuotaSpentError, now: datetime) -> datetime:
        """When this seller may call again, after a 429 of a resource.

        Calls remain by eBay's count: only this seller waits, `Retry-After` or a minute. None remain: everybody waits for the reset,
        which `Store.begin` shows to every step of that resource before its first call.
        """
        if self.store.may_read_quota(A_MOMENT):
            self.read()
        reset = self.store.quota_until(resource)
        if reset and reset > now:
            return self.spread(seller_id, reset)
        return now + (timedelta(seconds=refusal.retry_after_s) if refusal.retry_after_s else A_MOMENT)

    def spread(self, seller_id: str, reset: datetime) -> datetime:
        return reset + timedelta(seconds=crc32(seller_id.encode()) % SPREAD_S)

    def read(self) -> None:
        """eBay's count into Postgres: of each resource the window with the fewest calls left. Where eBay does not tell, nothing changes."""
        try:
            limits = self.ebay.rate_limits()
        except EbayError:
            return
        for limit in sorted(limits, key=lambda it: -it.remaining):
            context = limit.context.lower()
            if resource := "trading" if context == TRADING else APIS.get((context, limit.api.lower())):
                self.store.put_quota(resource, limit=limit.limit, remaining=limit.remaining, reset_at=limit.reset)
                if limit.reset and limit.window_s == A_DAY_S:  # the ledger counts days; a shorter window shows by its 429
                    self.store.permits.observe(resource, limit.limit, limit.remaining, limit.reset)
