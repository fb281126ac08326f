"""What polls leave alone of the quota."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import PacingSettings, reserve_calls
from tests.domain.pacing.strategies import NOW

DAY = 86_400.0
SETTINGS = PacingSettings()


@given(st.integers(0, 3000), st.floats(0, 3000), st.floats(0, DAY), st.floats(0, DAY))
def test_the_reserve_is_freed_as_the_day_goes_by(limit: int, others: float, one: float, other: float) -> None:
    earlier, later = (reserve_calls(NOW + at, NOW, NOW + DAY, limit, others, SETTINGS) for at in sorted((one, other)))

    assert 0 <= later <= earlier <= limit
    assert reserve_calls(NOW + DAY, NOW, NOW + DAY, limit, others, SETTINGS) == round(0.001 * limit)


@pytest.mark.parametrize("hours", [23, 25, 24])
def test_the_reserve_follows_days_of_23_and_25_hours(hours: int) -> None:
    end = NOW + hours * 3600

    assert reserve_calls((NOW + end) / 2, NOW, end, 10_000, 240, SETTINGS) == round((200 + 240 * hours / 24) / 2 + 10)
