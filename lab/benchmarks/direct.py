"""The real steps on a real Postgres and a simulated eBay, without Temporal: for what is counted and not timed, by a clock that we move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities.polling.inventory import InventoryPolling
from activities.polling.listings import ListingPolling
from activities.polling.orders import OrderPolling
from activities.polling.pace import Pace
from activities.polling.poll import Poll, PollResult
from activities.polling.report import Report
from activities.polling.steps import StepRunner
from activities.polling.tokens import StoredTokens
from activities.quota.counting import QuotaWatch
from activities.quota.permits import LIMITS
from domain.pacing import Stream
from ebay.client import Ebay
from ebay.errors import EbayUnavailableError
from ebay.http import http_client
from ebay.oauth import OAuth
from lab.benchmarks.servers import BenchmarkServers, calls, simulated_ebay
from simulator import World
from simulator.clock import ManualClock
from store import Store

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(minutes=5)
EVERY = {Stream.ORDERS: timedelta(minutes=5), Stream.INVENTORY: timedelta(minutes=30), Stream.LISTINGS: timedelta(minutes=30)}
ENDLESS = dict.fromkeys(LIMITS, 1 << 40)  # days pass within seconds, which the ledger of calls a day must not see
LASTING_S = 400 * 86_400  # of an access token: who renews it goes by the real clock, and would be refused once in two hours of the other
A_WAIT = timedelta(hours=1)  # a report that asks to be looked after sooner is not over
MOST_STEPS = 10_000
POLLED_AT = text("UPDATE sellerbeat.streams SET last_poll_at = :now WHERE seller_id = :seller_id AND stream = :stream")


class Direct:
    def __init__(self, world: World, url: str, store: Store, steps: StepRunner) -> None:
        self.world, self.url, self.store = world, url, store
        self.polls: dict[Stream, Callable[[Poll], PollResult]] = {
            Stream.ORDERS: OrderPolling(steps, OVERLAP).poll_orders,
            Stream.INVENTORY: InventoryPolling(steps).poll_inventory,
            Stream.LISTINGS: ListingPolling(steps).poll_listings,
            Stream.REPORT: Report(steps, timedelta(days=1)).read_report,
        }

    def enroll(self, seller: str) -> None:
        self.store.sellers.enroll(seller, self.world.refresh_token(seller), scopes=[], now_ebay=self.world.clock.now())

    def advance(self, *, minutes: float) -> None:
        assert isinstance(self.world.clock, ManualClock)
        self.world.clock.advance(minutes=minutes)

    def poll(self, seller: str, stream: Stream, **request: Any) -> PollResult:
        """Steps until there is no more to read; a call that eBay fails ends its step, and the step is tried again, as Temporal does it."""
        for _ in range(MOST_STEPS):
            try:
                result = self.step(stream, Poll(seller_id=seller, **request))
            except EbayUnavailableError:
                continue
            if not result.more:
                return result
        raise RuntimeError(f"{stream} of {seller} never came to its end")

    def step(self, stream: Stream, request: Poll) -> PollResult:
        """One of them. Postgres dates polls by its own clock; what sales bring forward is counted from that date, so it is put right."""
        now = self.world.clock.now()
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, started_time=now)
        result = environment.run(self.polls[stream], request)
        with self.store.engine.begin() as connection:
            connection.execute(POLLED_AT, {"seller_id": request.seller_id, "stream": stream.value, "now": now})
        return result

    def report(self, seller: str) -> None:
        """The whole report of all listings, as the workflow has it read: again when the step says."""
        while (wait := self.poll(seller, Stream.REPORT).next_due - self.world.clock.now()) < A_WAIT:
            self.advance(minutes=(wait.total_seconds() + 1) / 60)

    def begin(self, seller: str) -> None:
        """What comes before polls of listings: the scan of the Inventory API and the first report."""
        self.poll(seller, Stream.INVENTORY)
        self.report(seller)

    def calls(self, resource: str | None = None) -> int:
        """API calls so far, of one of eBay's quotas or of all."""
        return calls(self.world, resource)

    def answered(self) -> tuple[int, int]:
        """API calls so far: those that eBay answered, and those that it failed. Looks at the last 10,000 requests."""
        with self.world.lock:
            statuses = [one.status for one in self.world.requests if not one.resource.startswith("token")]
        good = sum(1 for status in statuses if status < 400)
        return good, len(statuses) - good


@contextmanager
def direct(servers: BenchmarkServers, *sellers: str, skus: int = 0, listings: int = 0) -> Iterator[Direct]:
    """Steps like the worker's, and the sellers enrolled. A world of its own, at START; listings (of Seller Hub) are there."""
    world = World(seed=7, now=START)
    world.switches.listing_late = 0.0
    world.accounts.lifetime_s = LASTING_S
    for seller in sellers:
        world.add_seller(seller, skus=skus, listings=listings)
        world.preload_listings(seller)
    with (
        simulated_ebay(world=world) as running,
        closing(http_client(1)) as http,
        closing(Store.connect(servers.database_url, [servers.secret_key])) as store,
    ):
        oauth = OAuth(http, running.url, world.accounts.client_id, world.accounts.client_secret)
        ebay = Ebay(running.url, StoredTokens(store, oauth), oauth, http, timedelta(seconds=20))
        it = Direct(world, running.url, store, StepRunner(store, ebay, Pace(EVERY), QuotaWatch(store, ebay), ENDLESS))
        for seller in sellers:
            it.enroll(seller)
        yield it
