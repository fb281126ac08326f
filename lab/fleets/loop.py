"""Plays days of a fleet under a policy that learns from what polls find: one heap of things that happen, a poll costs no time."""

from __future__ import annotations

import bisect
import heapq
import math
import random
from typing import Protocol

from lab.fleets.fleet import DAY, SINCE, SyntheticFleet
from lab.fleets.score import Counter, Score

PLAN, ENROL, ASK, POLL = range(4)  # in the order in which they happen at one moment
SPREAD_S = 60.0  # the first polls after a start or a reset


class PacingPolicy(Protocol):
    """What differs. Times are unix times; sellers go by number."""

    plan_every_s: float  # math.inf: there is nothing to plan

    def retry_at(self, now: float) -> float | None:
        """When to ask for a permit again; None: there is no ledger, calls are made until eBay refuses."""
        ...

    def enrol(self, number: int, now: float) -> None: ...
    def plan(self, now: float, used: int) -> None: ...
    def polled(self, number: int, now: float, orders: int) -> float:
        """The next poll."""
        ...

    def refused(self, number: int, now: float) -> float:
        """The next poll, when eBay refused this one."""
        ...

    def reserved(self, now: float, used: int) -> int:
        """Calls that polls leave alone."""
        ...


class FleetLoop:
    def __init__(self, fleet: SyntheticFleet, policy: PacingPolicy) -> None:
        self.fleet, self.policy = fleet, policy
        self.counter = Counter(fleet)
        self.dice = random.Random(fleet.shape.name)
        self.ledger = policy.retry_at(SINCE) is not None
        self.heap: list[tuple[float, int, int]] = []
        self.due = [math.inf] * len(fleet.sellers)
        self.read = [0] * len(fleet.sellers)  # orders of each that are found
        self.day, self.used, self.reset_at = 0, 0, SINCE + DAY

    def play(self) -> Score:
        shape, counter, heap = self.fleet.shape, self.counter, self.heap
        for seller in self.fleet.sellers:
            heapq.heappush(heap, (seller.enrolled_at, ENROL, seller.number))
            heap += [(at, ASK, seller.number) for at in seller.asked if at > seller.enrolled_at]
        if math.isfinite(self.policy.plan_every_s):
            heap.append((SINCE + 1e-6, PLAN, -1))
        heapq.heapify(heap)
        while heap and heap[0][0] < (shape.end + DAY if counter.open else shape.end):
            now, what, number = heapq.heappop(heap)
            while now >= self.reset_at:
                counter.used[self.day] = self.used
                self.day, self.used, self.reset_at = self.day + 1, 0, self.reset_at + DAY
            if what == POLL:
                if self.due[number] == now:
                    self.poll(number, now, urgent=False)
            elif what == ASK:
                self.poll(number, now, urgent=True)
            elif what == ENROL:
                seller = self.fleet.sellers[number]
                self.read[number] = bisect.bisect_left(seller.orders, now)
                self.policy.enrol(number, now)
                self.set(number, now + SPREAD_S * self.dice.random())
            else:
                self.policy.plan(now, self.used)
                heapq.heappush(heap, (min(now + self.policy.plan_every_s, max(self.reset_at, now + 1)), PLAN, -1))
        counter.used[self.day] = self.used
        for seller in self.fleet.sellers:
            self.find(seller.number, shape.end + DAY)  # a policy that still has not found them by then
        return counter.score()

    def set(self, number: int, at: float) -> None:
        self.due[number] = at
        heapq.heappush(self.heap, (at, POLL, number))

    def poll(self, number: int, now: float, urgent: bool) -> None:
        limit, policy = self.fleet.shape.quota, self.policy
        if self.used >= limit:
            self.refuse(number, now)
            return
        if self.ledger and self.used + 1 > limit - (0 if urgent else policy.reserved(now, self.used)):
            self.set(number, policy.retry_at(now) or now)
            return
        self.used += 1
        orders = self.find(number, now)
        if orders:
            parcels = min(orders, limit - self.used)  # one more call an order
            self.used += parcels
            if not self.ledger:
                self.counter.refused += orders - parcels
        self.set(number, policy.polled(number, now, orders))

    def refuse(self, number: int, now: float) -> None:
        """Nothing is left of the day. With a ledger nobody calls; without, every poll up to the reset is refused: counted, not played."""
        if self.ledger:
            self.set(number, self.reset_at + SPREAD_S * self.dice.random())
            return
        wait = max(self.policy.refused(number, now) - now, 1.0)
        skipped = max(math.ceil((self.reset_at - now) / wait), 1)
        self.counter.refused += skipped if self.day < self.fleet.shape.days else 0
        self.set(number, now + skipped * wait)

    def find(self, number: int, now: float) -> int:
        """How many orders this poll finds."""
        seller, start = self.fleet.sellers[number], self.read[number]
        orders = seller.orders
        if start >= len(orders) or orders[start] > now:
            return 0
        end = bisect.bisect_right(orders, now, start)
        self.read[number] = end
        if not seller.dormant:
            shape = self.fleet.shape
            for at in orders[start:end]:
                if shape.start <= at < shape.end:
                    self.counter.found(number, now - at)
        return end - start
