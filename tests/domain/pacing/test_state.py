"""A pace as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import SellerPace, from_json, to_json
from tests.domain.pacing.strategies import NOW, PACES

HUGE = st.floats(0, 1e30)


@given(st.builds(SellerPace, st.floats(0, 1e10), st.floats(0, 1e10), HUGE, HUGE, HUGE, HUGE, HUGE, HUGE, HUGE))
def test_a_pace_takes_less_than_300_bytes(pace: SellerPace) -> None:
    assert len(to_json(pace).encode()) < 300


def test_counts_keep_six_digits_and_times_a_millisecond() -> None:
    text = to_json(SellerPace(last_change=NOW + 1 / 3, seen_to=NOW, n14=100 / 3))

    assert '"last_change":1800000000.333,' in text
    assert '"n14":33.3333,' in text


@given(PACES)
def test_a_pace_comes_back_as_it_was_to_six_digits(pace: SellerPace) -> None:
    back = from_json(to_json(pace))

    assert back.seen_to == pytest.approx(pace.seen_to, abs=1e-3)
    assert back.last_change == pytest.approx(pace.last_change, abs=1e-3)
    assert (back.n14, back.d14, back.xf) == pytest.approx((pace.n14, pace.d14, pace.xf), rel=1e-5)
    assert to_json(back) == to_json(pace)


def test_a_pace_of_another_version_is_read_as_far_as_it_goes() -> None:
    assert from_json(f'{{"last_change": {NOW}, "mood": 3}}') == SellerPace(last_change=NOW)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"last_change": "Infinity"}', '{"last_change": -1}', '{"last_change": "x"}'])
def test_what_is_no_pace_is_said_so(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        from_json(text)
