"""Quota days begin at midnight in California, whatever the clocks there do."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import quota_day

HOUR = 3600.0


def unix(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "day", "start", "reset"),
    [
        ("2026-07-01T06:59:59", date(2026, 6, 30), "2026-06-30T07:00", "2026-07-01T07:00"),
        ("2026-07-01T07:00:00", date(2026, 7, 1), "2026-07-01T07:00", "2026-07-02T07:00"),
        ("2026-12-31T23:59:59", date(2026, 12, 31), "2026-12-31T08:00", "2027-01-01T08:00"),
        ("2026-03-08T12:00:00", date(2026, 3, 8), "2026-03-08T08:00", "2026-03-09T07:00"),
        ("2026-11-01T08:30:00", date(2026, 11, 1), "2026-11-01T07:00", "2026-11-02T08:00"),
    ],
)
def test_the_day_and_its_reset(now: str, day: date, start: str, reset: str) -> None:
    found = quota_day(unix(now))

    assert (found.day, found.start, found.reset_at) == (day, unix(start), unix(reset))


MOMENTS = st.floats(unix("2024-01-01T00:00"), unix("2035-01-01T00:00"))


@given(MOMENTS)
def test_every_moment_is_in_one_day_and_the_next_begins_where_it_ends(now: float) -> None:
    today = quota_day(now)

    tomorrow = quota_day(today.reset_at)

    assert today.start <= now < today.reset_at
    assert tomorrow.start == today.reset_at
    assert tomorrow.day == today.day + timedelta(days=1)
    assert today.seconds in (23 * HOUR, 24 * HOUR, 25 * HOUR)


def test_a_year_has_one_day_of_23_hours_and_one_of_25() -> None:
    now, lengths = unix("2026-01-01T12:00"), []
    for _ in range(365):
        today = quota_day(now)
        lengths.append(today.seconds / HOUR)
        now = today.reset_at

    assert (lengths.count(23), lengths.count(24), lengths.count(25)) == (1, 363, 1)
