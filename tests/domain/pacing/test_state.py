"""A pace as numbers."""

import pytest
from hypothesis import given

from domain.pacing import SellerPace, from_numbers, to_numbers
from tests.domain.pacing.strategies import NOW, PACES


def test_counts_keep_six_digits_and_times_a_millisecond() -> None:
    numbers = to_numbers(SellerPace(last_change=NOW + 1 / 3, seen_to=NOW, n14=100 / 3))

    assert numbers[:3] == [1800000000.333, NOW, 33.3333]
    assert len(numbers) == 9


@given(PACES)
def test_a_pace_comes_back_as_it_was_to_six_digits(pace: SellerPace) -> None:
    back = from_numbers(to_numbers(pace))

    assert back.seen_to == pytest.approx(pace.seen_to, abs=1e-3)
    assert back.last_change == pytest.approx(pace.last_change, abs=1e-3)
    assert (back.n14, back.d14, back.xf) == pytest.approx((pace.n14, pace.d14, pace.xf), rel=1e-5)
    assert to_numbers(back) == to_numbers(pace)


def test_a_pace_of_another_version_is_read_as_far_as_it_goes() -> None:
    assert from_numbers([NOW]) == SellerPace(last_change=NOW)
    assert from_numbers([*to_numbers(SellerPace(NOW)), 7.0]) == SellerPace(last_change=NOW)


@pytest.mark.parametrize("numbers", [[], [float("inf")], [float("nan")], [-1.0], [NOW, None]])
def test_what_is_no_pace_is_said_so(numbers: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one number"):
        from_numbers(numbers)
