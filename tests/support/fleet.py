"""Sellers polled as their workflows would, in skipped time: the pure state of each, and the real steps."""

from __future__ import annotations

import heapq
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from activities.polling.poll import Poll
from domain.pacing import Stream
from ebay.errors import EbayError
from tests.support.rig import Rig
from workflows.state import PollingState

ORDERS = (Stream.ORDERS,)


class Fleet:
    def __init__(
        self,
        it: Rig,
        sellers: int,
        streams: tuple[Stream, ...] = ORDERS,
        rigs: tuple[Rig, ...] = (),
        within: float = 300,
        **options: Any,
    ) -> None:
        self.it, self.rigs = it, rigs or (it,)
        self.polls = 0
        start = it.world.clock.now()
        self.states: dict[str, PollingState] = {}
        self.due: list[tuple[datetime, int, str]] = []
        self.began = start
        self.minutes: Counter[int] = Counter()  # calls at eBay, by the minute
        self.good: dict[str, datetime] = {}  # the latest good poll
        self.retries: Counter[str] = Counter()
        for number in range(sellers):
            name = f"s{number}"
            it.world.add_seller(name)
            it.enroll(name, **options)
            at = start + timedelta(seconds=within * number / sellers)
            self.states[name] = PollingState.new(name, at, streams)
            heapq.heappush(self.due, (at, number, name))

    def run(self, **lasting: float) -> None:
        end = self.it.world.clock.now() + timedelta(**lasting)
        while self.due and self.due[0][0] <= end:
            at, number, name = heapq.heappop(self.due)
            if at > (now := self.it.world.clock.now()):
                self.it.advance(seconds=(at - now).total_seconds())
            self.step(name, self.states[name])
            now, state = self.it.world.clock.now(), self.states[name]
            following = now + timedelta(seconds=2 ** (self.retries[name] - 1)) if self.retries[name] else state.next_due()
            assert following
            heapq.heappush(self.due, (max(following, now + timedelta(milliseconds=1)), number, name))
        self.it.advance(seconds=max((end - self.it.world.clock.now()).total_seconds(), 0))

    def step(self, name: str, state: PollingState) -> None:
        now = self.it.world.clock.now()
        due = state.due(now)
        if not due:
            return
        stream = due[0]
        request: Poll = state.request(stream, now)
        state.streams[stream].asked = state.streams[stream].restarted = False
        self.polls += 1
        before = sum(self.it.world.calls.values())
        rig_ = self.rigs[self.polls % len(self.rigs)]
        given = request.model_dump(exclude={"seller_id"}, exclude_defaults=True)
        try:
            result = rig_.step(name, stream, **given)
        except EbayError as error:
            self.retries[name] += 1
            if error.lasting or self.retries[name] >= 3:
                self.retries[name] = 0
                state.failed(stream, f"{type(error).__name__}: {error}", now, error.wait)
        else:
            self.retries[name] = 0
            state.polled(stream, request, result, now, now)
            if not result.waiting:
                self.good[name] = now
        self.minutes[self.minute()] += sum(self.it.world.calls.values()) - before

    def polled_since(self, moment: datetime) -> int:
        return sum(at > moment for at in self.good.values())

    def minute(self) -> int:
        return (self.it.world.clock.now() - self.began) // timedelta(minutes=1)
