import math

import pytest

from domain.pacing import words


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (-1, "0 s"),
        (0.25, "0.25 s"),
        (30, "30 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (750, "12 min 30 s"),
        (3599.9, "59 min 59 s"),
        (3600, "1 h"),
        (3659, "1 h"),
        (5400, "1 h 30 min"),
        (7200, "2 h"),
        (86_400, "1 day"),
        (90_000, "1 day 1 h"),
        (2 * 86_400 + 60, "2 days"),
        (math.inf, "never"),
    ],
)
def test_a_duration_is_read_in_its_two_largest_units(seconds: float, expected: str) -> None:
    assert words(seconds) == expected
