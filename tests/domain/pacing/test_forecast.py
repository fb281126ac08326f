"""What so many sellers would get, before they come."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.pacing import Facts, PacingSettings, SellerPace, enrolled, forecast, with_notifications
from tests.domain.pacing.strategies import NOW
from tests.support.examples import examples

DAY, HOUR = 86_400.0, 3600.0
DICE = random.Random(4)
FLEET = [
    (enrolled(NOW - HOUR, round(30 * DICE.lognormvariate(0.4, 1.6)), has_history=True), Facts(utc_offset_h=DICE.choice((-8, 1, 5.5))))
    for _ in range(20)
]


@given(st.integers(1, 5000), st.integers(1000, 200_000), st.integers(0, 100_000))
@settings(max_examples=examples(25))
def test_more_quota_never_means_older_data_and_more_sellers_never_fresher(count: int, quota: int, more: int) -> None:
    plan, richer, larger = (
        forecast(FLEET, count, quota, NOW),
        forecast(FLEET, count, quota + more, NOW),
        forecast(FLEET, count + 50, quota, NOW),
    )

    for one, other in ((plan, richer), (larger, plan)):
        assert other.mean_s <= one.mean_s * 1.0001
        assert other.p95_s <= one.p95_s * 1.03
        assert other.longest_s <= one.longest_s * 1.0001


def test_a_quota_for_everybody_gives_half_the_wish() -> None:
    busy = [(enrolled(NOW, 3000, has_history=True), Facts(sales_30d=3000))] * 3

    found = forecast(busy, 10, 1_000_000, NOW)

    assert found.level.full
    assert (found.mean_s, found.worst_seller_s, found.longest_s) == pytest.approx((60, 60, 126))
    assert found.p95_s == pytest.approx(0.95 * 120, rel=0.02)
    assert found.calls_desired == pytest.approx(10 * 720)


def test_a_promise_that_does_not_fit_is_told_with_what_it_needs() -> None:
    found = forecast(FLEET, 1000, 12_000, NOW)

    assert found.calls_promised == pytest.approx(24_000)
    assert found.calls == pytest.approx(11_988)
    assert found.level.squeeze == pytest.approx(2.0, rel=0.01)
    assert found.longest_s == pytest.approx(2 * HOUR * 1.05, rel=0.01)


def test_notifications_take_nearly_all_delay_away() -> None:
    before, after = forecast(FLEET, 600, 40_000, NOW), forecast(with_notifications(FLEET), 600, 40_000, NOW)

    assert after.mean_s < before.mean_s / 4
    assert after.calls_desired < before.calls_desired / 2
    assert after.p95_s == pytest.approx(0, abs=1)


def test_calls_that_orders_cause_grow_with_the_fleet() -> None:
    assert forecast(FLEET, 40, 10_000, NOW, other_calls_per_day=300).calls == pytest.approx(9_990 - 600)


def test_paused_sellers_are_left_out_and_dormant_ones_cost_four_polls_a_day() -> None:
    paused = [(pace, Facts(paused=True)) for pace, _ in FLEET]
    dormant = [(pace, Facts(last_login=NOW - 9 * DAY)) for pace, _ in FLEET]

    assert forecast([*FLEET, *paused], 60, 9_000, NOW) == forecast(FLEET, 60, 9_000, NOW)
    assert forecast(dormant, 60, 9_000, NOW).calls_promised == pytest.approx(240)
    assert forecast([*FLEET, *dormant], 120, 9_000, NOW).mean_s > 0


@pytest.mark.parametrize(
    ("sellers", "count", "quota"), [([], 100, 1000), (FLEET, 0, 1000), (FLEET, 100, 0), ([(SellerPace(NOW), Facts())], 1, 10)]
)
def test_nothing_to_forecast_divides_by_nothing(sellers: list[tuple[SellerPace, Facts]], count: int, quota: int) -> None:
    found = forecast(sellers, count, quota, NOW, PacingSettings())

    assert found.mean_s >= 0
    assert found.p95_s >= 0
