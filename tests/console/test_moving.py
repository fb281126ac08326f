"""How far back a seller is read whom another poller read until now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.moving import FURTHER, LONGEST, reaching_back

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOURS = timedelta(hours=1)
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes))  # that there are


@given(st.integers(0, 700 * 86_400).map(lambda seconds: timedelta(seconds=seconds)), ZONES)
def test_a_local_time_that_is_taken_for_utc_loses_nothing(ago: timedelta, zone: timedelta) -> None:
    local = (NOW - ago + zone).replace(tzinfo=None)

    assert ago + 10 * HOURS <= reaching_back(local.isoformat(), NOW) <= ago + 36 * HOURS


@given(st.integers(0, 728 * 86_400).map(lambda seconds: timedelta(seconds=seconds)), st.sampled_from(["Z", "+00:00", ""]))
def test_the_day_before_the_last_poll_is_read_too(ago: timedelta, zone: str) -> None:
    last = (NOW - ago).replace(tzinfo=None).isoformat()

    assert reaching_back(f"{last}{zone}", NOW) == ago + FURTHER


@pytest.mark.parametrize(
    "last",
    [*("yesterday", "", "2026-13-01"), (NOW + 15 * HOURS).isoformat(), (NOW - LONGEST).isoformat()],
)
def test_what_is_no_last_poll_is_refused(last: str) -> None:
    with pytest.raises(ValueError, match=r"^$|isoformat|month"):
        reaching_back(last, NOW)
