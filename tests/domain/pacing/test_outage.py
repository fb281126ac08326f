"""Who may ask in an outage, and how long all others wait: the rules hold for every fleet, quota and history of failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.outage import LONGEST, PROBE, PROOF, RARE_PROBE, Mixture, Streak, alone, backoff, doubt, probe_every, rest, trial_every

NOON = datetime(2026, 6, 18, 12, tzinfo=UTC)
shares = st.floats(0, 1)
intervals = st.timedeltas(timedelta(seconds=1), timedelta(days=1))
sellers = st.integers(1, 10_000)
limits = st.integers(1, 5_000_000)


@given(limits)
def test_an_hour_of_probes_costs_a_hundredth_of_a_day_and_one_call(limit: int) -> None:
    assert timedelta(hours=1) / probe_every(limit) <= max(0.01 * limit, 1) * 1.001


@given(st.integers(3_000, 5_000_000))
def test_a_minute_of_doubt_and_an_hour_of_probes_cost_a_fiftieth_of_a_day(limit: int) -> None:
    every = probe_every(limit)

    assert 5 + PROOF / trial_every(every) + timedelta(hours=1) / every <= 0.02 * limit


def test_usual_quotas_are_asked_every_half_minute_and_small_ones_every_two_minutes() -> None:
    assert [probe_every(limit) for limit in (100_000, 2_000_000, None, 20_000)] == [PROBE] * 4
    assert [probe_every(limit) for limit in (19_999, 5_000)] == [RARE_PROBE] * 2


@given(intervals, sellers, limits, shares)
def test_nobody_waits_longer_than_their_interval(interval: timedelta, count: int, limit: int, share: float) -> None:
    every = probe_every(limit)

    assert timedelta() < rest(interval, count, every, share) <= interval
    assert timedelta() < doubt(interval, count, every, share) <= interval


@given(st.integers(1, 40), shares)
def test_some_seller_comes_at_least_as_often_as_a_probe_may_be_made(count: int, share: float) -> None:
    assert rest(timedelta(days=1), count, PROBE, share) / count <= PROBE


@given(st.integers(1, 500), intervals, shares)
def test_who_fails_alone_waits_ever_longer_and_never_more_than_six_hours(failures: int, cadence: timedelta, share: float) -> None:
    wait = alone(failures, cadence, share)

    assert timedelta(seconds=4) < wait <= LONGEST
    assert wait <= alone(failures + 1, cadence, share)
    if failures >= 6:
        assert wait >= min(cadence, LONGEST * 0.9) * 0.99


@given(st.integers(6, 500), intervals, shares)
def test_where_others_fail_by_turns_nobody_waits_much_longer_than_their_cadence(failures: int, cadence: timedelta, share: float) -> None:
    wait = alone(failures, cadence, share, common=True)

    assert min(cadence, LONGEST * 0.9) * 0.98 <= wait <= cadence * 1.1


@pytest.mark.parametrize(
    ("failing", "by_turns", "well", "common"),
    [(0, 30, 30, True), (10, 2, 40, False), (40, 0, 0, False), (3, 3, 4, True), (1, 3, 90, False)],
)
def test_failures_are_common_where_many_sellers_fail_and_succeed_by_turns(failing: int, by_turns: int, well: int, common: bool) -> None:
    mixture = Mixture()
    for turn in range(4):
        for number in range(failing):
            mixture.add(f"failing-{number}", True)
        for number in range(by_turns):
            mixture.add(f"by-turns-{number}", turn % 2 == 1)
        for number in range(well):
            mixture.add(f"well-{number}", False)

    assert mixture.is_common() == common
    assert len(mixture.latest) <= 60


def test_the_wait_begins_with_seconds_and_ends_with_hours() -> None:
    assert [backoff(n).total_seconds() for n in (1, 2, 3, 10, 99)] == [5, 10, 20, 2560, 21_600]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20)), max_size=40), st.integers(1, 20))
def test_doubt_needs_five_calls_of_three_sellers_or_all_and_of_few_it_is_said_after_three(
    failed: list[tuple[int, int]], count: int
) -> None:
    streak, now = Streak(NOON, NOON), NOON
    for seller, seconds in failed:
        now += timedelta(seconds=seconds)
        streak.add(f"s{seller}", now)

    if streak.is_doubt(count, now):
        assert len(failed) >= 5
        assert len({seller for seller, _ in failed}) >= min(3, count)
    if streak.is_worth_saying(count, now):
        assert count < 3
        assert len(failed) >= 3
        assert len({seller for seller, _ in failed}) >= count
    assert streak.is_proof(now) == (now - NOON >= PROOF)


@pytest.mark.parametrize("sellers", [1, 2, 3_000])
@pytest.mark.parametrize(("calls", "seconds", "doubt"), [(1, 30, False), (2, 2, False), (3, 2.9, True)])
def test_two_calls_without_a_connection_are_in_doubt_whoever_they_are_of(sellers: int, calls: int, seconds: float, doubt: bool) -> None:
    streak, now = Streak(NOON, NOON), NOON + timedelta(seconds=seconds)
    for _ in range(calls):
        streak.add("s1", now, connected=False)

    assert streak.is_doubt(sellers, now) == doubt


@pytest.mark.parametrize(("sellers", "doubt"), [(1, True), (2, False), (3_000, False)])
def test_what_ebay_answers_one_seller_is_in_doubt_where_nobody_else_could_be_answered(sellers: int, doubt: bool) -> None:
    streak, now = Streak(NOON, NOON), NOON + timedelta(minutes=5)
    for _ in range(30):
        streak.add("s1", now)

    assert streak.is_doubt(sellers, now) == doubt
