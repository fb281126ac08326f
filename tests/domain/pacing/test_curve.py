"""The day has 24 hours of different worth, in the seller's own time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import DEFAULT_CURVE, Curve, curve_at, curve_days, learn_curve
from tests.domain.pacing.strategies import NOW

DAY, HOUR = 86_400.0, 3600.0
OFFSETS = st.floats(-12, 14)
CURVES = st.lists(st.floats(0.01, 10), min_size=24, max_size=24).map(lambda values: tuple(24 * value / sum(values) for value in values))


def test_the_default_has_a_mean_of_one_a_night_and_an_evening() -> None:
    assert sum(DEFAULT_CURVE) / 24 == pytest.approx(1)
    assert (min(DEFAULT_CURVE), DEFAULT_CURVE.index(min(DEFAULT_CURVE))) == (0.12, 4)
    assert (max(DEFAULT_CURVE), DEFAULT_CURVE.index(max(DEFAULT_CURVE))) == (1.85, 20)


def test_the_hour_is_the_sellers_own() -> None:
    assert curve_at(NOW, 0, DEFAULT_CURVE) == DEFAULT_CURVE[8]
    assert curve_at(NOW, -8.5, DEFAULT_CURVE) == DEFAULT_CURVE[23]
    assert curve_at(NOW + 3599, 5.5, DEFAULT_CURVE) == DEFAULT_CURVE[14]


def test_a_time_over_the_hour_has_a_part_of_both() -> None:
    half_past = NOW + HOUR / 2

    assert curve_days(half_past, half_past + HOUR, 0, DEFAULT_CURVE) == pytest.approx((DEFAULT_CURVE[8] + DEFAULT_CURVE[9]) / 48)


@given(CURVES, OFFSETS, st.floats(0, 3 * DAY), st.floats(0, 3 * DAY), st.floats(0, DAY))
def test_the_parts_of_a_time_sum_up_to_the_whole(curve: Curve, offset: float, one: float, two: float, start: float) -> None:
    begin, middle, end = NOW + start, NOW + start + one, NOW + start + one + two

    parts = curve_days(begin, middle, offset, curve) + curve_days(middle, end, offset, curve)

    assert curve_days(begin, end, offset, curve) == pytest.approx(parts, abs=1e-6)


@given(CURVES, OFFSETS, st.floats(0, DAY), st.integers(0, 30))
def test_a_whole_day_is_one_wherever_it_begins(curve: Curve, offset: float, start: float, days: int) -> None:
    assert curve_days(NOW + start, NOW + start + days * DAY, offset, curve) == pytest.approx(days, abs=1e-6)


@given(st.lists(st.integers(0, 100_000), min_size=24, max_size=24))
def test_a_learnt_curve_has_a_mean_of_one_and_no_empty_hour(counts: list[int]) -> None:
    curve = learn_curve(counts)

    assert sum(curve) / 24 == pytest.approx(1)
    assert min(curve) > 0


def test_few_orders_change_little_and_many_decide() -> None:
    flat = [1.0] * 24

    assert learn_curve([0] * 24) == pytest.approx(DEFAULT_CURVE)
    assert learn_curve([1] * 24)[20] > 1.6
    assert learn_curve([100_000] * 24) == pytest.approx(flat, rel=0.01)
