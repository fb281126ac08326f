"""The real steps on a real Postgres and a simulated eBay, without Temporal: for what is counted and not timed, by a clock that we move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio.testing import ActivityEnvironment

from activities.inventory import InventoryPolling
from activities.orders import OrderPolling
from activities.pace import Pace
from activities.poll import Poll, PollResult
from activities.quota import QuotaWatch
from activities.steps import Steps
from activities.tokens import StoredTokens
from benchmarks.servers import Servers, simulated_ebay
from ebay.client import Ebay
from ebay.errors import EbayUnavailableError
from ebay.http import http_client
from ebay.oauth import OAuth
from pacing import Stream
from simulator import World
from simulator.clock import ManualClock
from store import Store

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(minutes=5)
EVERY = {Stream.ORDERS: timedelta(minutes=5), Stream.INVENTORY: timedelta(minutes=30)}
MOST_STEPS = 10_000


class Direct:
    def __init__(self, world: World, url: str, store: Store, steps: Steps) -> None:
        self.world, self.url, self.store = world, url, store
        self.polls: dict[Stream, Callable[[Poll], PollResult]] = {
            Stream.ORDERS: OrderPolling(steps, OVERLAP).poll_orders,
            Stream.INVENTORY: InventoryPolling(steps).poll_inventory,
        }

    def enroll(self, seller: str) -> None:
        self.store.sellers.enroll(seller, self.world.refresh_token(seller), scopes=[], now_ebay=self.world.clock.now())

    def advance(self, *, minutes: float) -> None:
        assert isinstance(self.world.clock, ManualClock)
        self.world.clock.advance(minutes=minutes)

    def poll(self, seller: str, stream: Stream) -> PollResult:
        """Steps until there is no more to read; a call that eBay fails ends its step, and the step is tried again, as Temporal does it."""
        for _ in range(MOST_STEPS):
            environment = ActivityEnvironment()
            environment.info = replace(environment.info, started_time=self.world.clock.now())
            try:
                result = environment.run(self.polls[stream], Poll(seller_id=seller))
            except EbayUnavailableError:
                continue
            if not result.more:
                return result
        raise RuntimeError(f"{stream} of {seller} never came to its end")

    def answered(self) -> tuple[int, int]:
        """API calls so far: those that eBay answered, and those that it failed. Looks at the last 10,000 requests."""
        with self.world.lock:
            statuses = [one.status for one in self.world.requests if not one.resource.startswith("token")]
        good = sum(1 for status in statuses if status < 400)
        return good, len(statuses) - good


@contextmanager
def direct(servers: Servers, *sellers: str, skus: int = 0) -> Iterator[Direct]:
    """Steps like the worker's, and the sellers enrolled. A world of its own, at START."""
    world = World(seed=7, now=START)
    for seller in sellers:
        world.add_seller(seller, skus=skus)
    with (
        simulated_ebay(world=world) as running,
        closing(http_client(1)) as http,
        closing(Store.connect(servers.database_url, [servers.secret_key])) as store,
    ):
        oauth = OAuth(http, running.url, world.accounts.client_id, world.accounts.client_secret)
        ebay = Ebay(running.url, StoredTokens(store, oauth), oauth, http, timedelta(seconds=20))
        it = Direct(world, running.url, store, Steps(store, ebay, Pace(EVERY), QuotaWatch(store, ebay)))
        for seller in sellers:
            it.enroll(seller)
        yield it
