"""When to come back: `domain/pacing/` asked with what the step knows. The answer travels to the workflow, which obeys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zlib import crc32

from activities.polling.poll import Poll
from domain.pacing import Facts, Fleet, PacingSettings, SellerPace, Stream, next_poll, observe, tier
from domain.pacing.state import from_numbers, to_numbers
from domain.streams import RESOURCES, SHARED

NEVER_BUSY = 2**31
FRESH_S = 60.0  # a process reads the levels once in so long: a plan shows within its own period


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What a poll showed, for the seller's pace."""

    changes: int
    calls: int
    last_change: datetime
    pace: list[float] | None  # as stored with the stream (domain/pacing/state.py); None: nothing yet
    sales_30d: int = 0
    poll: int = 0  # the epoch: each poll has a jitter of its own
    unseen_share: float = 1.0  # of the orders, those that no notification announces: 1 unless notifications are relied on


@dataclass(frozen=True, slots=True)
class NextPoll:
    at: datetime  # UTC
    why: str  # in words
    pace: list[float] | None  # to be stored; None: nothing but the last change counts for the stream with the stream
    tier: str  # in a word


class Pace:
    def __init__(
        self,
        every: Mapping[Stream, timedelta],
        promise: timedelta = timedelta(hours=1),
        use_spare: bool = False,
        fleets: Callable[[], Mapping[str, Fleet]] = dict,
    ) -> None:
        """
        Args:
            every: the base interval of each stream.
            promise: the longest interval while the quota is short.
            use_spare: spend the calls that nobody wished for, too.
            fleets: what the planner said last, by resource.
        """
        self.rules = {
            stream: PacingSettings(base_s=base.total_seconds(), promise_s=promise.total_seconds()) for stream, base in every.items()
        }
        for stream in self.rules.keys() - {Stream.ORDERS}:  # sales make orders urgent, not the slower rounds
            self.rules[stream] = replace(self.rules[stream], busy_sales=NEVER_BUSY)
        if Stream.ORDERS in self.rules:
            self.rules[Stream.ORDERS] = replace(self.rules[Stream.ORDERS], use_spare=use_spare)
        self._fleets, self._read, self._lock = fleets, -FRESH_S, threading.Lock()
        self._known: Mapping[str, Fleet] = {}

    def after(
        self, seller_id: str, stream: Stream, request: Poll, shown: PollOutcome, *, now: datetime, enrolled_cadence: timedelta | None
    ) -> NextPoll:
        """The next poll and why then. Without a plan for the stream's resource the cadences hold exactly."""
        cadence = request.cadence or enrolled_cadence
        facts = Facts(
            sales_30d=shown.sales_30d,
            last_login=request.active_at.timestamp() if request.active_at else None,
            cadence_s=cadence.total_seconds() if cadence else None,
            speed_up_s=request.speed_up.total_seconds() if request.speed_up else None,
            unseen_share=shown.unseen_share,
        )
        rules, moment = self.rules[stream], now.timestamp()
        fleet = self.fleets().get(RESOURCES[stream]) if stream in SHARED else None
        pace = pace_of(shown.pace, shown.last_change)
        known = fleet or Fleet()
        pace = observe(pace, facts, moment, shown.changes, max(shown.calls, 1), known.prior, rules, known.curve)
        pace = replace(pace, last_change=shown.last_change.timestamp())
        at, why = next_poll(pace, facts, moment, rules, fleet, crc32(f"{seller_id}/{shown.poll}".encode()) / 2**32)
        return NextPoll(
            now + timedelta(seconds=at - moment), why, to_numbers(pace) if stream in SHARED else None, tier(facts, moment, rules)
        )

    def is_roomy(self, stream: Stream) -> bool:
        """Whether the calls of the stream's resource reach for everybody's wishes, by the last plan; without any they do."""
        fleet = self.fleets().get(RESOURCES[stream])
        return fleet is None or (fleet.plan.level.full and not fleet.even_s)

    def fleets(self) -> Mapping[str, Fleet]:
        with self._lock:
            if time.monotonic() - self._read >= FRESH_S:
                self._read, self._known = time.monotonic(), self._fleets()
            return self._known


def pace_of(stored_pace: list[float] | None, last_change: datetime) -> SellerPace:
    """What was kept, or that of a seller of whom nothing is known: losing it loses no order."""
    moment = last_change.timestamp()
    if stored_pace:
        try:
            return replace(from_numbers(stored_pace), last_change=moment)
        except ValueError:
            pass
    return SellerPace(last_change=moment)
