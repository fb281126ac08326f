"""A model of the ledger: whatever workers do, in whatever order, the quota holds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import PacingSettings, assumed_used, believed, permits, quota_day, reserve_calls
from tests.domain.pacing.strategies import NOW

DAY = 86_400.0
SETTINGS = PacingSettings()
LIMITS = st.integers(0, 3000)


@dataclass
class Ledger:
    """One row, changed by one statement at a time, as a database does it."""

    limit: int
    start: float = NOW
    reset_at: float = NOW + DAY
    used: int = 0
    others: float = 0.0

    def lease(self, now: float, urgent: bool, batch_size: int) -> int:
        reserve = reserve_calls(now, self.start, self.reset_at, self.limit, self.others, SETTINGS)
        given = permits(self.used, self.limit, reserve, urgent=urgent, batch_size=batch_size)
        self.used += given
        return given


@dataclass
class Worker:
    leased: int = 0
    called: int = 0


@dataclass
class World:
    ledger: Ledger
    workers: list[Worker] = field(default_factory=lambda: [Worker() for _ in range(3)])
    refused: list[int] = field(default_factory=list)  # urgent calls, by what the ledger had left then

    def step(self, now: float, number: int, what: str) -> None:
        worker = self.workers[number]
        if what == "crash":
            worker.leased = 0  # its permits are lost, never given back
            return
        pages = 3 if what == "pages" else 1  # each page, and each retry of a failed call, needs a permit of its own
        for _ in range(pages):
            if not worker.leased:
                left = self.ledger.limit - self.ledger.used
                worker.leased = self.ledger.lease(now, what == "poll_now", 10)
                if not worker.leased:
                    if what == "poll_now":
                        self.refused.append(left)
                    return
            worker.leased -= 1
            worker.called += 1


STEPS = st.lists(
    st.tuples(st.floats(0, DAY - 1), st.integers(0, 2), st.sampled_from(["poll", "poll", "pages", "failure", "poll_now", "crash"])),
    max_size=120,
)


@given(LIMITS, st.floats(0, 2000), STEPS)
def test_no_interleaving_of_polls_pages_failures_and_crashes_makes_a_call_too_many(
    limit: int, others: float, steps: list[tuple[float, int, str]]
) -> None:
    world = World(Ledger(limit, others=others))

    for after, number, what in sorted(steps):
        world.step(NOW + after, number, what)

        assert sum(worker.called for worker in world.workers) <= world.ledger.used <= limit
    assert all(left <= 0 for left in world.refused)


@given(st.integers(100, 2000), st.integers(1, 3), st.floats(0, 300))
def test_a_day_with_demand_uses_more_than_97_percent_and_stops_there(limit: int, workers: int, others: float) -> None:
    world = World(Ledger(limit, others=min(others, limit / 3)))

    for minute in range(1440):
        for number in range(workers):
            for _ in range(limit // 1000 + 1):
                world.step(NOW + 60 * minute, number, "poll")

    called = sum(worker.called for worker in world.workers)
    assert 0.97 * limit <= called <= limit


@given(LIMITS, st.floats(0, 3000), st.floats(0, DAY), st.floats(0, DAY))
def test_the_reserve_is_freed_as_the_day_goes_by(limit: int, others: float, one: float, other: float) -> None:
    earlier, later = (reserve_calls(NOW + at, NOW, NOW + DAY, limit, others, SETTINGS) for at in sorted((one, other)))

    assert 0 <= later <= earlier <= limit
    assert reserve_calls(NOW + DAY, NOW, NOW + DAY, limit, others, SETTINGS) == round(0.001 * limit)


def test_permits_come_by_tens_and_singly_when_few_are_left() -> None:
    assert permits(0, 5000, 100) == 10
    assert permits(0, 5000, 100, batch_size=3) == 3
    assert permits(3000, 5000, 100, batch_size=9000) == 1900
    assert permits(3901, 5000, 100) == 1
    assert permits(4900, 5000, 100) == 0
    assert permits(4900, 5000, 100, urgent=True) == 1
    assert permits(4999, 5000, 100, urgent=True) == 1
    assert permits(5000, 5000, 100, urgent=True) == 0
    assert permits(7000, 5000, 0, urgent=True) == 0


@pytest.mark.parametrize(("ledger", "ebay", "expected"), [(100, 250, 250), (100, 40, 100), (100, None, 100)])
def test_ebays_count_is_believed_where_it_is_worse(ledger: int, ebay: int | None, expected: int) -> None:
    assert believed(ledger, ebay) == expected


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=60), st.integers(1, 3000))
def test_calls_of_others_with_the_same_keys_are_taken_in_and_nothing_is_made_beyond_the_limit(
    hours: list[tuple[int, bool]], limit: int
) -> None:
    ledger, ours, theirs = Ledger(limit), 0, 0
    for number, (calls, read) in enumerate(hours):
        theirs += calls
        if read:  # `rate_limit`: eBay's count of both
            ledger.used = believed(ledger.used, ours + theirs)
        ours += ledger.lease(NOW + number * 60, urgent=False, batch_size=1)

        assert ledger.used >= ours
        assert not read or ours + theirs <= max(limit, theirs + ours - 1) or ledger.used >= limit


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 4000), st.floats(0, DAY))
def test_a_limit_that_falls_at_noon_stops_at_the_new_one(before: int, after: int, used: int, at: float) -> None:
    given_before = permits(min(used, before), before, 0)
    assert given_before <= before

    reserve = reserve_calls(NOW + at, NOW, NOW + DAY, after, 100, SETTINGS)

    assert permits(used, after, reserve, urgent=True) <= max(after - used, 0)


def test_while_nobody_knows_what_is_used_it_is_as_much_as_of_the_day() -> None:
    assert assumed_used(NOW + DAY / 4, NOW, NOW + DAY, 1000) == 250
    assert assumed_used(NOW - 5, NOW, NOW + DAY, 1000) == 0
    assert assumed_used(NOW + 9 * DAY, NOW, NOW + DAY, 1000) == 1000
    assert assumed_used(NOW, NOW, NOW, 1000) == 1000


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 8, 23), (11, 1, 25), (6, 15, 24)])
def test_the_reserve_follows_days_of_23_and_25_hours(month: int, day: int, hours: int) -> None:
    today = quota_day(datetime(2026, month, day, 18, tzinfo=UTC).timestamp())
    middle = (today.start + today.reset_at) / 2

    assert today.seconds == hours * 3600
    assert reserve_calls(middle, today.start, today.reset_at, 10_000, 240, SETTINGS) == round((200 + 240 * hours / 24) / 2 + 10)
