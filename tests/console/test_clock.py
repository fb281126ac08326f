"""`doctor` compares our clock with eBay's."""

from datetime import UTC, datetime, timedelta

import pytest

from operations.health import clock
from operations.visit import NotSeenError

NOON = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "words"), [(0, "agree"), (30, "30 s ahead of"), (-4, "4 s behind")])
def test_a_clock_that_is_about_right_is_well(seconds: int, words: str) -> None:
    assert words in clock(NOON, NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "words"), [(31, "31 s ahead of"), (-3600, "3600 s behind")])
def test_a_clock_that_is_off_is_warned_of_with_its_remedy(seconds: int, words: str) -> None:
    with pytest.raises(NotSeenError) as warning:
        clock(NOON, NOON + timedelta(seconds=seconds))

    assert words in str(warning.value)
    assert "timedatectl" in str(warning.value)
