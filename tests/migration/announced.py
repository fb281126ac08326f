"""A seller whose orders eBay announces, polled and told by clocks that only the test moves; and what really became of each notification."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random

from activities.poll import PollResult
from activities.steps import RunningStep
from pacing import Stream
from store import Store
from tests.model.fleet import NO_TIME, Fleet
from tests.support.postgres_clock import PostgresClock
from workflows.state import PollingState

SELLER = "anna"
CONFIRMED, CANCELLED = "ORDER_CONFIRMATION", "ORDER_CANCELLATION_ACTIVITY"
ASK_AGAIN = timedelta(seconds=20)  # eBay does not show the order yet
ROUNDS = timedelta(hours=6)  # over the open orders, for which it takes a call a parcel: not what is looked at here
STREAMS = Stream.ORDERS, Stream.FULFILLMENT, Stream.SWEEP


@dataclass
class Line:
    """The way of eBay's notifications to us, by one dice."""

    dice: Random
    lost: float = 0.0
    doubled: float = 0.0

    def arrivals(self, at: datetime) -> list[datetime]:
        """When a notification sent then arrives: never, once or twice."""
        if self.dice.random() < self.lost:
            return []
        copies = 2 if self.dice.random() < self.doubled else 1
        return [at + timedelta(seconds=self.dice.choice([0.2, 1, 3, 8, 40, 400]) * self.dice.random()) for _ in range(copies)]


@dataclass(frozen=True)
class Sent:
    """One line of the ledger."""

    topic: str
    order_id: str
    at: datetime
    arrives: tuple[datetime, ...]
    visible_at: datetime

    @property
    def early(self) -> bool:
        return any(one < self.visible_at for one in self.arrives)


@dataclass(order=True)
class Event:
    at: datetime
    number: int
    act: Callable[[], None] = field(compare=False)


class Announced(Fleet):
    """Runs one seller's streams and carries notifications to them."""

    def __init__(self, store: Store, clock: PostgresClock, seed: int = 1, cadence: timedelta = timedelta(minutes=20)) -> None:
        super().__init__(store, clock)
        self.begin(seed, NO_TIME)
        self.world.add_seller(SELLER)
        self.enroll(SELLER)
        self.states[SELLER] = PollingState.new(SELLER, self.now, STREAMS)
        self.states[SELLER].streams[Stream.ORDERS].cadence = cadence
        self.states[SELLER].streams[Stream.FULFILLMENT].cadence = ROUNDS
        self.wake(SELLER)
        self.line = Line(Random(seed))
        self.ledger: list[Sent] = []
        self.events_to_come: list[Event] = []
        self.numbers = count()

    # what happens at eBay

    def order(self, *, at: datetime | None = None, visible_after: timedelta = NO_TIME, told: bool = True, **fields: bool) -> str:
        """An order is placed and announced at once, though eBay may show it only later."""
        now = at or self.now
        order_id: str = self.world.place_order(SELLER, at=now, visible_at=now + visible_after, **fields)
        if told:
            self.announce(CONFIRMED, order_id, now + visible_after)
        return order_id

    def cancel(self, order_id: str) -> None:
        self.world.cancel(SELLER, order_id)
        self.announce(CANCELLED, order_id, self.now)

    def announce(self, topic: str, order_id: str, visible_at: datetime) -> None:
        arrives = tuple(self.line.arrivals(self.now))
        self.ledger.append(Sent(topic, order_id, self.now, arrives, visible_at))
        for at in arrives:
            self.later(at, lambda at=at: self.hint(order_id, at))  # type: ignore[misc]

    # what the product does with it

    def hint(self, order_id: str, told_at: datetime) -> None:
        """A notification says: read this order now. What eBay does not show yet is asked for again."""
        found: list[int] = []

        def read(step: RunningStep) -> PollResult:
            page = step.api.orders_by_id([order_id])
            found.append(len(page.orders))
            with step.commit() as commit:
                commit.sightings.told_at[order_id] = told_at
                step.count(commit, commit.keep_orders(page.orders, read_at=step.read_at(), source="notification"))
            return step.result(next_due=step.now(), why="told by eBay")

        self.activities[Stream.BACKFILL] = lambda request: self.steps.run(request, Stream.ORDERS, read)
        self.attempt(self.states[SELLER].request(Stream.ORDERS, self.now), Stream.BACKFILL)
        if not found[0]:
            self.later(self.now + ASK_AGAIN, lambda: self.hint(order_id, told_at))

    # time

    def later(self, at: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self.events_to_come, Event(at, next(self.numbers), act))

    def run(self, until: datetime) -> None:
        """All that is due until then, polls and what was put down for later, in the order of time."""
        while True:
            due = self.states[SELLER].next_due()
            assert due
            if self.events_to_come and self.events_to_come[0].at <= due:
                event = heapq.heappop(self.events_to_come) if self.events_to_come[0].at <= until else None
                if event is None:
                    break
                self.reach(event.at)
                event.act()
            elif due <= until:
                self.reach(due)
                self.wake(SELLER)
            else:
                break
        self.reach(until)

    def reach(self, at: datetime) -> None:
        self.wait(max(at - self.now, NO_TIME))

    # the ledger

    def untold(self) -> set[str]:
        """Orders of which no notification ever came."""
        return {sent.order_id for sent in self.ledger} - self.told()

    def told(self, topics: Iterable[str] = (CONFIRMED, CANCELLED)) -> set[str]:
        return {sent.order_id for sent in self.ledger if sent.topic in topics and any(one <= self.now for one in sent.arrives)}
