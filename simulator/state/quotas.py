"""Calls a day for the whole application, by resource, until midnight in California."""

from collections import Counter
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.clock import Clock
from simulator.times import to_datetime, to_ms

try:
    PACIFIC: tzinfo = ZoneInfo("America/Los_Angeles")
except ZoneInfoNotFoundError:  # a machine without time zones: winter all year
    PACIFIC = timezone(timedelta(hours=-8))
DEFAULTS = {
    "order": 100_000,
    "shipping_fulfillment": 100_000,
    "inventory_item": 2_000_000,
    "offer": 2_000_000,
    "trading": 5_000,
    "feed": 100_000,
    "rate_limit": 5_000,
    "user": 5_000,
    "token:authorization_code": 10_000,
    "notification": 10_000,
    "token:refresh_token": 50_000,
    "token:client_credentials": 1_000,
}
NAMES = {  # how getRateLimits calls them: context, API, version, resource
    "order": ("sell", "Fulfillment", "v1", "sell.fulfillment.order"),
    "shipping_fulfillment": ("sell", "Fulfillment", "v1", "sell.fulfillment.shipping_fulfillment"),
    "inventory_item": ("sell", "Inventory", "v1", "sell.inventory.inventory_item"),
    "offer": ("sell", "Inventory", "v1", "sell.inventory.offer"),
    "trading": ("tradingapi", "TradingAPI", "v1", "TradingAPI"),
    "feed": ("sell", "Feed", "v1", "sell.feed.inventory_task"),
    "rate_limit": ("developer", "Analytics", "v1_beta", "developer.analytics.rate_limit"),
    "user": ("commerce", "Identity", "v1", "commerce.identity.user"),
    "notification": ("commerce", "Notification", "v1", "commerce.notification"),
}
SHARED = {"trading": ("GetItem", "GetMyeBaySelling", "GetSellerEvents")}  # names under which eBay shows the same pool once more


class Quotas:
    """What is left of each resource today."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.limits = dict(DEFAULTS)
        self.used: Counter[str] = Counter()
        self.reset_ms = self._midnight()

    def spend(self, resource: str) -> bool:
        """Take one call of a resource; False: there is none left today."""
        self.roll()
        if self.used[resource] >= self.limits.get(resource, 1 << 60):
            return False
        self.used[resource] += 1
        return True

    def roll(self) -> None:
        """A new day has all of it again."""
        if self.clock.now_ms() >= self.reset_ms:
            self.used.clear()
            self.reset_ms = self._midnight()

    def _midnight(self) -> int:
        here = to_datetime(self.clock.now_ms()).astimezone(PACIFIC)
        tomorrow = here.date() + timedelta(days=1)
        return to_ms(datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=PACIFIC))
