"""Between the shortest and the longest, at every level."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import (
    FULL,
    Facts,
    Fleet,
    Level,
    PacingSettings,
    Plan,
    Prior,
    SellerPace,
    bounds_s,
    desired_interval,
    interval,
    next_poll,
)
from tests.domain.pacing.strategies import ANY_FACTS, LEVELS, NOW, PACES, RATES

DAY, HOUR = 86_400.0, 3600.0
SECONDS = st.floats(1, DAY)
SETTINGS = PacingSettings()
UNITS = st.floats(0, 1, exclude_max=True)


@given(RATES, st.floats(1, 50), SECONDS, st.floats(1, 100), LEVELS)
def test_an_interval_is_never_below_the_shortest_nor_above_the_longest_as_squeezed(
    rate: float, calls: float, shortest: float, more: float, level: Level
) -> None:
    given_s = interval(rate, calls, shortest, shortest * more, level, SETTINGS)

    assert shortest * (1 - 1e-9) <= given_s <= shortest * more * level.squeeze * (1 + 1e-9)


@given(RATES, SECONDS, st.floats(1, 100))
def test_a_full_level_gives_the_wish_exactly(rate: float, shortest: float, more: float) -> None:
    assert interval(rate, 1, shortest, shortest * more, FULL, SETTINGS) == shortest


@given(PACES, ANY_FACTS)
def test_with_a_full_level_every_seller_is_polled_as_the_rules_wish(pace: SellerPace, facts: Facts) -> None:
    at, _ = next_poll(pace, facts, NOW, SETTINGS, Fleet(), unit=0.5)

    assert at == pytest.approx(NOW + desired_interval(pace, facts, NOW, SETTINGS)[0])


@given(st.floats(1e-3, 1e4), st.floats(0.1, 100))
def test_four_times_the_orders_are_polled_twice_as_often(rate: float, k: float) -> None:
    one, four = (interval(each, 1, 1e-6, 1e12, Level(k), SETTINGS) for each in (rate, 4 * rate))

    assert one == pytest.approx(2 * four)
    assert interval(rate, 4, 1e-6, 1e12, Level(k), SETTINGS) == pytest.approx(2 * one)


@given(RATES, st.floats(0.01, 100), st.floats(1, 10))
def test_a_higher_level_is_never_slower(rate: float, k: float, times: float) -> None:
    assert interval(rate, 1, 300, HOUR, Level(k * times), SETTINGS) <= interval(rate, 1, 300, HOUR, Level(k), SETTINGS)


@given(PACES, ANY_FACTS, LEVELS, UNITS)
def test_equal_states_get_equal_intervals(pace: SellerPace, facts: Facts, level: Level, unit: float) -> None:
    fleet = Fleet(Plan(level, level, NOW + HOUR))

    assert next_poll(pace, facts, NOW, SETTINGS, fleet, unit) == next_poll(pace, facts, NOW, SETTINGS, fleet, unit)


@given(PACES, ANY_FACTS, LEVELS, LEVELS, st.floats(0, DAY), UNITS)
def test_nobody_starves_whatever_the_level_and_the_hour(
    pace: SellerPace, facts: Facts, level: Level, after: Level, to_reset: float, unit: float
) -> None:
    bounds = bounds_s(pace, facts, NOW, SETTINGS)

    at, reason = next_poll(pace, facts, NOW, SETTINGS, Fleet(Plan(level, after, NOW + to_reset)), unit)

    assert at > NOW
    assert reason
    assert math.isfinite(at) != facts.paused
    if not facts.paused:
        assert at - NOW <= bounds.longest_s * max(level.squeeze, after.squeeze) * 1.05 + 0.01


@given(PACES, ANY_FACTS, LEVELS)
def test_jitter_moves_a_poll_by_a_twentieth_at_most(pace: SellerPace, facts: Facts, level: Level) -> None:
    awake = Facts(facts.sales_30d, facts.last_login, facts.cadence_s, facts.speed_up_s)
    fleet = Fleet(Plan(level, level, NOW + HOUR))

    early, middle, late = (next_poll(pace, awake, NOW, SETTINGS, fleet, unit)[0] - NOW for unit in (0, 0.5, 1 - 1e-9))

    assert early == pytest.approx(0.95 * middle)
    assert late == pytest.approx(1.05 * middle)


def busy_at(local_hour: float) -> Facts:
    """A seller who has this hour by their clock, `NOW` being 8:00 UTC."""
    return Facts(utc_offset_h=local_hour - 8)


def test_a_long_interval_of_the_night_ends_early_when_the_morning_comes() -> None:
    pace = SellerPace(last_change=NOW, seen_to=NOW, n14=20, d14=10)
    fleet = Fleet(Plan(Level(k=10), Level(k=10)), Prior())
    settings = PacingSettings(promise_s=DAY)

    night = next_poll(pace, busy_at(3), NOW, settings, fleet)[0] - NOW
    at_night = interval(2 * 0.13, 1, 300, DAY, Level(k=10), settings)

    assert night < 0.85 * at_night


def test_a_squeeze_of_today_is_over_with_the_reset() -> None:
    pace = SellerPace(last_change=NOW, seen_to=NOW, n14=20, d14=10)
    squeezed, usual = Level(0.0, 24.0), Level(k=10)

    at, _ = next_poll(pace, busy_at(12), NOW, SETTINGS, Fleet(Plan(squeezed, usual, reset_at=NOW + 1800)))

    assert 1800 < at - NOW < 1800 + HOUR


@given(PACES, ANY_FACTS, st.floats(0, DAY), UNITS)
def test_before_the_first_plan_nobody_is_polled_more_often_than_an_even_share_allows_but_who_people_speed_up(
    pace: SellerPace, facts: Facts, even: float, unit: float
) -> None:
    obeyed = facts.paused or bounds_s(pace, facts, NOW, SETTINGS).obeyed

    at, why = next_poll(pace, facts, NOW, SETTINGS, Fleet(even_s=even), unit)
    planned, reason = next_poll(pace, facts, NOW, SETTINGS, Fleet(), unit)

    assert at == planned or why.startswith("no plan yet: an even share")
    assert (at, why) == (planned, reason) if obeyed else at - NOW >= 0.949 * even


@pytest.mark.parametrize(
    ("quiet", "facts", "level", "settings", "reason"),
    [
        (0, Facts(), FULL, SETTINGS, "every 5 min"),
        (2 * HOUR, Facts(), FULL, SETTINGS, "quiet for 2 h: every 12 min 30 s"),
        (0, Facts(sales_30d=101), Level(13.9), SETTINGS, "busy: 2 min wished, 4 min at level 13.9"),
        (0, Facts(sales_30d=101), Level(1e6), SETTINGS, "busy: every 2 min"),
        (0, Facts(), Level(6.6), SETTINGS, "5 min wished, 8 min at level 6.6"),
        (HOUR, Facts(), Level(0.5), SETTINGS, "quiet for 1 h: 10 min wished, 1 h promised at level 0.5"),
        (0, Facts(), Level(0, 1.5), SETTINGS, "1 h promised, 1 h 30 min as the quota does not reach"),
        (0, Facts(speed_up_s=30), Level(0, 9), SETTINGS, "speeded up: every 30 s"),
        (0, Facts(last_login=NOW - 8 * DAY), Level(3), SETTINGS, "no login for 8 days: every 6 h"),
        (0, Facts(unseen_share=0.02), FULL, SETTINGS, "notifications work: every 30 min"),
        (0, Facts(), FULL, PacingSettings(use_spare=True), "every 1 min"),
        (0, Facts(paused=True), Level(3), SETTINGS, "paused"),
    ],
)
def test_every_interval_has_its_reason_in_words(quiet: float, facts: Facts, level: Level, settings: PacingSettings, reason: str) -> None:
    pace = SellerPace(last_change=NOW - quiet, seen_to=NOW, n14=16_000, d14=20)

    assert next_poll(pace, facts, NOW, settings, Fleet(Plan(level, level)))[1] == reason
