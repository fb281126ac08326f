"""What polls find makes rates: monotone, hardly caring how often one looked, never mad."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import (
    DEFAULT_CURVE,
    Facts,
    PacingSettings,
    Prior,
    SellerPace,
    base_rate,
    curve_days,
    enrolled,
    fleet_prior,
    observe,
    rate_now,
    surge,
    unseen,
    unseen_share,
)
from tests.domain.pacing.strategies import ANY_FACTS, NOW, PACES

DAY, HOUR = 86_400.0, 3600.0
SETTINGS, PRIOR = PacingSettings(), Prior()
FLAT = (1.0,) * 24
PRIORS = st.builds(Prior, st.just(0.3), st.floats(0.001, 10))
GAPS = st.floats(1, 3 * DAY)
ORDERS = st.integers(0, 5000)


def seen(pace: SellerPace, gap: float, orders: int, facts: Facts = Facts(), calls: int = 1, prior: Prior = PRIOR) -> SellerPace:
    return observe(pace, facts, pace.seen_to + gap, orders, calls, prior, SETTINGS, DEFAULT_CURVE)


def rate(pace: SellerPace, facts: Facts = Facts(), prior: Prior = PRIOR) -> float:
    return rate_now(pace, facts, pace.seen_to, prior, SETTINGS, DEFAULT_CURVE)


def steady(orders_a_day: float, days: int = 20) -> SellerPace:
    """Polled hourly for some weeks, with orders as the curve has them."""
    pace, carried = enrolled(NOW), 0.0
    for hour in range(24 * days):
        carried += orders_a_day * curve_days(NOW + hour * HOUR, NOW + (hour + 1) * HOUR, 0.0, DEFAULT_CURVE)
        pace = seen(pace, HOUR, int(carried))
        carried -= int(carried)
    return pace


@given(PACES, ANY_FACTS, PRIORS, GAPS, ORDERS, ORDERS)
def test_more_orders_in_the_same_window_never_give_a_lower_rate(
    pace: SellerPace, facts: Facts, prior: Prior, gap: float, one: int, other: int
) -> None:
    fewer, more = (seen(pace, gap, orders, facts, prior=prior) for orders in sorted((one, other)))

    assert rate(fewer, facts, prior) <= rate(more, facts, prior) * (1 + 1e-9)
    assert surge(fewer, SETTINGS) * base_rate(fewer, facts, prior, SETTINGS) <= surge(more, SETTINGS) * base_rate(
        more, facts, prior, SETTINGS
    ) * (1 + 1e-9)


@given(st.sampled_from([0.2, 2.0, 20.0, 200.0]), st.floats(60, 3 * DAY), st.floats(0, 1))
def test_one_window_and_the_same_window_in_two_polls_agree(orders_a_day: float, gap: float, share: float) -> None:
    """Orders spread evenly over the window, from none to ten more than twice what is usual in it."""
    pace, half = STEADY[orders_a_day], round(share * (10 + orders_a_day * gap / DAY))

    def once_more(pace: SellerPace, gap: float, orders: int) -> SellerPace:
        return observe(pace, Facts(), pace.seen_to + gap, orders, 1, PRIOR, SETTINGS, FLAT)

    once = once_more(pace, gap, 2 * half)
    twice = once_more(once_more(pace, gap / 2, half), gap / 2, half)

    assert rate(twice) == pytest.approx(rate(once), rel=0.15)


STEADY = {orders: steady(orders) for orders in (0.2, 2.0, 20.0, 200.0)}


@given(PACES, ANY_FACTS, PRIORS, st.lists(st.tuples(st.floats(0, 100 * DAY), st.integers(0, 10**6), st.integers(0, 100)), max_size=8))
def test_rates_stay_finite_and_above_zero(pace: SellerPace, facts: Facts, prior: Prior, polls: list[tuple[float, int, int]]) -> None:
    for gap, orders, calls in polls:
        pace = seen(pace, gap, orders, facts, calls, prior)

    assert 0 < rate(pace, facts, prior) < math.inf
    assert 0 < surge(pace, SETTINGS) < math.inf
    assert pace.calls_per_poll >= 1


@pytest.mark.parametrize("orders_a_day", [2.0, 20.0, 200.0])
def test_a_steady_seller_is_known_after_some_weeks(orders_a_day: float) -> None:
    pace = STEADY[orders_a_day]

    assert base_rate(pace, Facts(), PRIOR, SETTINGS) == pytest.approx(orders_a_day, rel=0.25)
    assert surge(pace, SETTINGS) == pytest.approx(1, abs=0.4)  # an order has just come


def test_history_counts_from_the_first_minute_and_a_seller_without_one_is_like_the_fleet() -> None:
    known, unknown, none_sold = enrolled(NOW, 300, has_history=True), enrolled(NOW), enrolled(NOW, 0, has_history=True)
    prior = Prior(days=0.3 / 7)

    assert base_rate(known, Facts(), prior, SETTINGS) == pytest.approx(10, rel=0.02)
    assert base_rate(unknown, Facts(), prior, SETTINGS) == pytest.approx(7)
    assert base_rate(none_sold, Facts(), prior, SETTINGS) < 0.02


def test_a_night_without_orders_is_no_news_and_an_evening_without_is() -> None:
    midnight = NOW + 16 * HOUR
    pace = replace(STEADY[20.0], seen_to=midnight)

    after_the_night = seen(pace, 6 * HOUR, 1)
    after_the_evening = seen(replace(pace, seen_to=midnight - 6 * HOUR), 6 * HOUR, 1)

    known = base_rate(pace, Facts(), PRIOR, SETTINGS)
    assert base_rate(after_the_night, Facts(), PRIOR, SETTINGS) > 0.95 * known
    assert base_rate(after_the_evening, Facts(), PRIOR, SETTINGS) < 0.9 * known


def test_a_burst_is_believed_at_once_and_forgotten_within_hours() -> None:
    burst = seen(STEADY[20.0], 300, 6)
    hours_later = burst
    for _ in range(72):
        hours_later = seen(hours_later, 300, 0)

    assert surge(burst, SETTINGS) > 2
    assert surge(hours_later, SETTINGS) < 1.2


def test_a_seller_who_wakes_is_believed_within_a_day() -> None:
    pace = STEADY[0.2]
    for _ in range(24):
        pace = seen(pace, HOUR, 1)

    assert base_rate(pace, Facts(), PRIOR, SETTINGS) > 8


def test_an_outages_orders_in_one_poll_are_no_surge() -> None:
    found = seen(STEADY[20.0], DAY, 20)

    assert surge(found, SETTINGS) == pytest.approx(1, abs=0.3)


@given(PACES, ANY_FACTS, st.floats(0, DAY), st.integers(1, 3))
def test_a_window_read_twice_or_a_clock_that_went_back_changes_nothing(pace: SellerPace, facts: Facts, back: float, calls: int) -> None:
    assert seen(pace, -back, 0, facts, calls) == pace


@given(PACES, st.floats(0, DAY), st.integers(1, 100))
def test_orders_in_a_window_that_ends_earlier_count_and_move_nothing_back(pace: SellerPace, back: float, orders: int) -> None:
    found = seen(pace, -back, orders)

    assert found.seen_to == pace.seen_to
    assert found.n14 == pytest.approx(pace.n14 + orders)
    assert (found.d14, found.x1) == (pace.d14, pace.x1)


def test_a_pace_that_only_knows_its_last_change_starts_to_count_with_the_first_poll() -> None:
    pace = observe(SellerPace(last_change=NOW - DAY), Facts(), NOW, 2, 1, PRIOR, SETTINGS, DEFAULT_CURVE)

    assert (pace.seen_to, pace.last_change, pace.d14, pace.n14) == (NOW, NOW, 0.0, 2.0)


def test_many_pages_make_a_seller_dearer_slowly() -> None:
    assert seen(enrolled(NOW), 300, 500, calls=11).calls_per_poll == pytest.approx(2)
    assert seen(enrolled(NOW), 300, 0, calls=0).calls_per_poll == 1


def test_the_fleets_mean_is_what_a_new_seller_is_taken_for() -> None:
    fleet = [enrolled(NOW, 30, has_history=True), enrolled(NOW, 330, has_history=True), enrolled(NOW)]

    assert fleet_prior(fleet).rate == pytest.approx(6, rel=0.03)
    assert fleet_prior([]).rate == pytest.approx(5)
    assert 0 < fleet_prior([enrolled(NOW, 0, has_history=True)] * 1000).rate < 0.001


def test_the_share_that_notifications_miss() -> None:
    assert unseen(0, 0) == 0.5
    assert unseen(0, 996) == pytest.approx(0.002)
    assert unseen(500, 496) == 1
    assert (unseen_share(0, 0), unseen_share(0, 4), unseen_share(1, 4)) == (1, 0.25, 0.375)
    assert rate(STEADY[20.0], Facts(unseen_share=0.02)) == pytest.approx(0.02 * rate(STEADY[20.0]))
