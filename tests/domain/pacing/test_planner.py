"""The plan for everybody: what is left of the day is spent, nothing of the reserve, and nobody sleeps through a reset."""

import math
from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import (
    DEFAULT_CURVE,
    FULL,
    Curve,
    Demand,
    Facts,
    Level,
    PacingSettings,
    Plan,
    PlannedQuota,
    Prior,
    SellerPace,
    demand,
    plan,
    reserve_calls,
    surge_effect,
)
from tests.domain.pacing.strategies import ANY_FACTS, NOW, PACES

DAY, HOUR = 86_400.0, 3600.0
SETTINGS = PacingSettings()
ZONES: dict[Hashable, tuple[float, Curve]] = {0: (0.0, DEFAULT_CURVE)}
FLEET = [Demand(float(number), 300, HOUR) for number in range(1, 101)]
EVERYBODYS_SHORTEST = 100 * 288


def quota(limit: int, used: int = 0) -> PlannedQuota:
    return PlannedQuota(limit, used, NOW, NOW + DAY, other_calls_per_day=50)


def planned(limit: int, used: int = 0, at: float = NOW, last: Plan | None = None) -> Plan:
    return plan(FLEET, ZONES, at, quota(limit, used), SETTINGS, last)


def test_a_quota_for_everybodys_wish_makes_the_level_full() -> None:
    assert planned(2 * EVERYBODYS_SHORTEST).level == FULL


@given(st.integers(4_000, 20_000), st.integers(0, 4_000))
def test_more_calls_are_a_higher_level_and_used_ones_a_lower(limit: int, used: int) -> None:
    fresh, later = planned(limit), planned(limit, used)

    assert later.level.k <= fresh.level.k * (1 + 1e-6)
    assert planned(limit + 1000).level.k >= fresh.level.k * (1 - 1e-6)


@given(st.integers(3_000, 20_000), st.floats(0, DAY - 1))
def test_the_level_does_not_depend_on_the_one_before(limit: int, after: float) -> None:
    used = round(limit * after / DAY)
    without, other = planned(limit, used, NOW + after), planned(limit, used, NOW + after, Plan(Level(0.01), Level(0.01), NOW + 2 * DAY))

    assert other.level.k == pytest.approx(without.level.k, rel=1e-4)


def test_the_last_minutes_of_a_day_keep_their_level() -> None:
    last = planned(10_000, 9_000, NOW + DAY - 1200)

    assert planned(10_000, 9_900, NOW + DAY - 800, last) == last
    assert plan(FLEET, ZONES, NOW + DAY, PlannedQuota(10_000, 0, NOW + DAY, NOW + 2 * DAY), SETTINGS, last) != last


def test_when_little_is_left_the_squeeze_ends_with_the_day() -> None:
    found = planned(10_000, 9_950, NOW + DAY / 2)

    assert found.level.k == 0
    assert found.level.squeeze == 24
    assert found.after.k > 1
    assert found.reset_at == NOW + DAY


@given(st.integers(0, 3_000), st.integers(0, 4_000), st.floats(0, 2 * DAY))
def test_any_quota_any_use_and_any_hour_give_a_level(limit: int, used: int, after: float) -> None:
    found = planned(limit, used, NOW + after)

    for each in (found.level, found.after):
        assert each.k >= 0
        assert not math.isnan(each.k)
        assert 1 <= each.squeeze <= 24


def test_nobody_to_poll_is_a_full_level() -> None:
    assert plan([], {}, NOW, quota(0), SETTINGS).level == FULL


@given(PACES, ANY_FACTS)
def test_what_a_seller_asks_for_is_within_their_bounds(pace: SellerPace, facts: Facts) -> None:
    asked = demand(pace, facts, NOW, Prior(), SETTINGS, zone="here")

    assert (asked is None) == facts.paused
    if asked:
        assert 0 < asked.shortest_s <= asked.longest_s < math.inf
        assert asked.weight >= 0
        assert asked.calls_per_poll >= 1


def test_dormant_sellers_and_speed_ups_are_not_weighed() -> None:
    pace = SellerPace(last_change=NOW, seen_to=NOW, n14=100, d14=10)

    dormant = demand(pace, Facts(last_login=NOW - 8 * DAY), NOW, Prior(), SETTINGS)
    hurried = demand(pace, Facts(speed_up_s=30), NOW, Prior(), SETTINGS)

    assert dormant == Demand(0.0, 6 * HOUR, 6 * HOUR)
    assert hurried == Demand(math.inf, 30, 30)


def test_the_effect_of_surges_is_what_they_do_to_the_fleets_polls() -> None:
    assert surge_effect([(1, 1), (3, 1)], Level(5), SETTINGS) == 1
    assert surge_effect([(1, 4), (1, 0.25)], Level(5), SETTINGS) == 1.25
    assert surge_effect([], Level(5), SETTINGS) == 1
    assert surge_effect([(1, 9)], FULL, SETTINGS) == 1


def test_the_reserve_is_not_planned_away() -> None:
    """At noon of a flat day, everybody alike: the level costs what is left but the reserve."""
    alike = [Demand(1.0, 1, DAY)] * 10
    used, noon = 2_000, NOW + DAY / 2
    flat: dict[Hashable, tuple[float, Curve]] = {0: (0.0, (1.0,) * 24)}

    found = plan(alike, flat, noon, quota(10_000, used), SETTINGS)

    stored = reserve_calls(noon, NOW, NOW + DAY, 10_000, 50, SETTINGS)
    assert 10 * found.level.k / 2 == pytest.approx(10_000 - used - stored, rel=1e-4)
