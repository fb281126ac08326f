"""The real steps on a real Postgres and a simulated eBay whose clock the test drives; only Temporal is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet
from temporalio.testing import ActivityEnvironment

from activities.polling.backfill import Backfill
from activities.polling.fulfillment import FulfillmentPolling
from activities.polling.inventory import InventoryPolling
from activities.polling.listings import ListingPolling
from activities.polling.notified import NotificationPoll
from activities.polling.offers import OfferReading
from activities.polling.orders import OrderPolling
from activities.polling.pace import Pace
from activities.polling.poll import Poll, PollResult
from activities.polling.report import Report
from activities.polling.steps import StepRunner
from activities.polling.sweep import Sweep
from activities.polling.tokens import StoredTokens
from activities.quota.counting import QuotaWatch
from domain.changes.sales import SOLD
from domain.pacing import Stream
from ebay.client import Ebay
from ebay.http import http_client
from ebay.identity import Identity
from ebay.oauth import OAuth
from simulator import serve
from store import Store, Vault
from tests.support.databases import engines
from tests.support.enrolled import long_ago
from tests.support.manual_world import ManualWorld
from tests.support.waiting import PATIENCE_S

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
EVERY = {Stream.ORDERS: 300.0, Stream.FULFILLMENT: 900.0, Stream.INVENTORY: 1800.0, Stream.LISTINGS: 1800.0, Stream.BACKFILL: 300.0}


class Rig:
    def __init__(self, world: ManualWorld, url: str, store: Store, overlap: timedelta) -> None:
        self.world, self.store, self.url = world, store, url
        self.behind = timedelta()  # our clock, eBay's
        self.http = http_client(4)
        oauth = OAuth(self.http, url, world.accounts.client_id, world.accounts.client_secret)
        self.tokens = StoredTokens(store, oauth)
        ebay = Ebay(url, self.tokens, oauth, self.http, timedelta(seconds=10))
        pace = Pace({stream: timedelta(seconds=seconds) for stream, seconds in EVERY.items()})
        self.steps = steps = StepRunner(store, ebay, pace, QuotaWatch(store, ebay), identity=Identity(self.http, url))
        steps.step_s = PATIENCE_S  # a test that counts what one step does must not count what this machine does beside it
        self.activities: dict[Stream, Callable[[Poll], PollResult]] = {
            Stream.ORDERS: OrderPolling(steps, overlap).poll_orders,
            Stream.FULFILLMENT: FulfillmentPolling(steps).poll_fulfillment,
            Stream.INVENTORY: InventoryPolling(steps).poll_inventory,
            Stream.LISTINGS: ListingPolling(steps).poll_listings,
            Stream.BACKFILL: Backfill(steps).backfill_orders,
            Stream.SWEEP: Sweep(steps, timedelta(days=1), overlap).sweep_orders,
            Stream.REPORT: Report(steps, timedelta(days=1)).read_report,
            Stream.OFFERS: OfferReading(steps).read_offers,
        }

    def enroll(self, seller: str, *, backfill: timedelta | None = None, token: str | None = None, **options: Any) -> int:
        """As the command does it, some time ago; returns the token's generation."""
        now = self.world.clock.now()
        since = now - backfill if backfill else None
        refresh_token, client = token or self.world.refresh_token(seller), self.tokens.oauth.client
        enrolled = self.store.sellers.enroll(
            seller, refresh_token, scopes=[], now_ebay=now, backfill_from=since, options=options, client=client
        )
        long_ago(self.store.engine, seller)
        return enrolled.generation

    def step(self, seller: str, stream: Stream = Stream.ORDERS, **request: Any) -> PollResult:
        """One step, as Temporal would run it at the world's time, as far as our clock tells it."""
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, started_time=self.world.clock.now() - self.behind)
        return environment.run(self.activities[stream], Poll(seller_id=seller, **request))

    def poll_notified(self, seller: str) -> PollResult:
        """A step that reads what notifications told of, as Temporal would run it at the world's time."""
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, started_time=self.world.clock.now())
        return environment.run(NotificationPoll(self.steps).poll_notified, Poll(seller_id=seller, notified=True))

    def poll(self, seller: str, stream: Stream = Stream.ORDERS, **request: Any) -> PollResult:
        """Steps until there is no more to read."""
        while (result := self.step(seller, stream, **request)).more:
            pass
        return result

    def lasting_tokens(self) -> None:
        """Access tokens of now on last for months: where hours pass between two polls, each would begin with a new one."""
        self.world.accounts.lifetime_s = 10**7

    def advance(self, **by: float) -> None:
        self.world.clock.advance(timedelta(**by))

    def events(self, seller: str | None = None) -> list[dict[str, Any]]:
        return self.store.feed.read(limit=1_000_000, seller=seller)

    def types(self, seller: str) -> list[str]:
        """Of the events about documents: sales, which every new order tells too, are `sales`."""
        return [event["type"] for event in self.events(seller) if event["type"] != SOLD]

    def sales(self, seller: str) -> list[dict[str, Any]]:
        return [event for event in self.events(seller) if event["type"] == SOLD]

    def stored(self, seller: str, kind: str = "orders") -> dict[str, dict[str, Any]]:
        return {row["entity_id"]: row for row in self.store.snapshot(seller, kind)}

    def calls(self, seller: str, resource: str | None = None) -> int:
        """API calls as the simulated eBay counted them; token calls only where they are named."""
        counted = self.world.calls.items()
        return sum(n for (name, used), n in counted if name == seller and (used == resource or (resource is None and "token" not in used)))


@contextmanager
def rig(database: str, *sellers: str, overlap: timedelta = timedelta(minutes=5), skus: int = 0) -> Iterator[Rig]:
    world = ManualWorld(seed=7, now=START)
    for seller in sellers:
        world.add_seller(seller, skus=skus)
    store = Store(engines.of(database), Vault([Fernet.generate_key().decode()]))
    with serve(world) as running:
        it = Rig(world, running.url, store, overlap)
        yield it
        it.http.close()
