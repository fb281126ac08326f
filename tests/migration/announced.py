"""A seller whose orders eBay announces, polled and told by clocks that only the test moves; the simulated eBay knows what it sent."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from temporalio.testing import ActivityEnvironment

from activities.polling.notified import NotificationPoll
from activities.polling.poll import Poll
from domain.pacing import Stream
from ebay import notifications
from simulator.state.notices import CANCELLATION, CONFIRMATION, SHIPPED, Destination, Notice, Subscription
from store import Store
from tests.model.fleet import NO_TIME, Fleet
from tests.support.postgres_clock import PostgresClock
from workflows.state import PollingState

SELLER = "anna"
TOPICS = CONFIRMATION, CANCELLATION, SHIPPED
ROUNDS = timedelta(hours=6)  # over the open orders, for which it takes a call a parcel: not what is looked at here
STREAMS = Stream.ORDERS, Stream.FULFILLMENT, Stream.SWEEP


@dataclass(order=True)
class Event:
    at: datetime
    number: int
    act: Callable[[], object] = field(compare=False)


class Announced(Fleet):
    """Runs one seller's streams as their workflow would, and brings the simulated eBay's notifications in."""

    def __init__(self, store: Store, clock: PostgresClock, seed: int = 1, cadence: timedelta = timedelta(minutes=20)) -> None:
        super().__init__(store, clock)
        self.begin(seed, NO_TIME)
        self.world.add_seller(SELLER)
        self.enroll(SELLER)
        self.states[SELLER] = PollingState.new(SELLER, self.now, STREAMS)
        self.states[SELLER].streams[Stream.ORDERS].cadence = cadence
        self.states[SELLER].streams[Stream.FULFILLMENT].cadence = ROUNDS
        self.wake(SELLER)
        notices = self.world.notices
        notices.destinations["here"] = Destination("here", "the tests", "ENABLED", "https://sellerbeat.test/ebay/notifications", "")
        for topic in TOPICS:
            notices.subscriptions[topic] = Subscription(topic, topic, SELLER, "ENABLED", "here", self.world.clock.now_ms())
        self.events_to_come: list[Event] = []
        self.numbers = count()

    # what happens at eBay

    def order(self, *, reported: bool = True, **fields: Any) -> str:
        """An order is placed, and announced unless that is lost."""
        if reported:
            return str(self.world.place_order(SELLER, **fields))
        with self.silence():
            return str(self.world.place_order(SELLER, **fields))

    @contextmanager
    def silence(self) -> Iterator[None]:
        """What happens meanwhile is announced to nobody."""
        before, self.world.notices.unrest.lost = self.world.notices.unrest.lost, 1.0
        try:
            yield
        finally:
            self.world.notices.unrest.lost = before

    def announce(self, order_id: str) -> None:
        """eBay tells of an order after all."""
        self.world.notices.say(CONFIRMATION, SELLER, (order_id,), {"order": {"orderId": order_id}}, self.world.clock.now_ms())

    # what the product does with it

    def deliver(self) -> None:
        """What eBay sends now comes in, as the inbox keeps it once the signature is good, and the seller's workflow is woken."""
        notices = self.world.notices
        for notice, _ in notices.due():
            it = notifications.read(notices.body(notice))
            self.store.notifications.save(
                it.id, it.topic, seller_id=SELLER, orders=it.orders, happened_at=it.happened_at, published_at=it.published_at
            )
            notices.answered(notice, 204)
            self.states[SELLER].notified_due = self.now

    def wake(self, seller: str) -> None:
        state = self.states[seller]
        while state.notified_are_due(self.now):
            state.notified_due = None
            environment = ActivityEnvironment()
            environment.info = replace(environment.info, started_time=self.now)
            state.notified_read(
                environment.run(NotificationPoll(self.steps).poll_notified, Poll(seller_id=seller, notified=True)), self.now
            )
        super().wake(seller)

    # time

    def later(self, at: datetime, act: Callable[[], object]) -> None:
        heapq.heappush(self.events_to_come, Event(at, next(self.numbers), act))

    def run(self, until: datetime) -> None:
        """All that is due until then, polls, notifications and what was put down for later, in the order of time."""
        while (at := self.next_at()) <= until:
            self.wait(max(at - self.now, NO_TIME))
            if self.events_to_come and self.events_to_come[0].at <= at:
                heapq.heappop(self.events_to_come).act()
            self.deliver()
            self.wake(SELLER)
        self.wait(until - self.now)

    def next_at(self) -> datetime:
        due = self.states[SELLER].next_due()
        assert due
        coming = [event.at for event in self.events_to_come[:1]]
        return min([due, *coming, *(moment(notice.due_ms) for notice in self.world.notices.waiting)])

    # the ledger

    def sent(self, topic: str | None = None) -> list[Notice]:
        return [notice for notice in self.world.notices.sent if topic in (None, notice.topic)]

    def notified(self) -> set[str]:
        """Orders of which a notification came, whatever it was about."""
        return {order_id for notice in self.sent() if 204 in notice.statuses for order_id in notice.entity_ids}

    def unnotified(self) -> set[str]:
        """Orders of which none ever came."""
        return {order_id for notice in self.sent(CONFIRMATION) for order_id in notice.entity_ids} - self.notified()


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
