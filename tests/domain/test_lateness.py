"""When a poll is late: never while a long read goes on, always once it stands still."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.lateness import FEW_FAILURES, LONGEST_READ, PROGRESS, SHORTEST, PollStanding

NOW = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
LATE = PollStanding(NOW, NOW - timedelta(minutes=50), NOW - timedelta(hours=1), NOW - timedelta(hours=1), is_over=True)
READING = replace(LATE, touched_at=NOW - timedelta(minutes=1), is_over=False)
TIMES = st.timedeltas(timedelta(0), timedelta(hours=30))
STANDINGS = st.builds(
    lambda due, good, touched, is_over, failures: PollStanding(
        NOW, NOW - due, NOW - good, None if touched is None else NOW - touched, is_over, failures
    ),
    st.timedeltas(-timedelta(hours=1), timedelta(hours=30)),
    TIMES,
    st.none() | TIMES,
    st.booleans(),
    st.integers(0, 6),
)


def test_a_poll_that_nobody_made_for_three_intervals_is_late() -> None:
    assert LATE.is_late


def test_a_long_read_is_not_late_while_it_goes_on_and_is_once_it_stands_still() -> None:
    assert not READING.is_late
    assert replace(READING, touched_at=NOW - PROGRESS - timedelta(seconds=1)).is_late


def test_a_read_that_fails_again_and_again_or_never_ends_is_late() -> None:
    assert not replace(READING, failures=FEW_FAILURES).is_late
    assert replace(READING, failures=FEW_FAILURES + 1).is_late
    assert replace(READING, good_at=NOW - LONGEST_READ - timedelta(seconds=1), due_at=NOW - LONGEST_READ).is_late


@given(STANDINGS)
def test_only_what_is_due_and_waited_and_does_not_go_on_is_late(one: PollStanding) -> None:
    if one.is_late:
        goes_on = not one.is_over and one.touched_at is not None and one.now - one.touched_at <= PROGRESS
        assert one.due_at < one.now
        assert one.now - one.good_at > SHORTEST
        assert not goes_on or one.failures > FEW_FAILURES or one.now - one.good_at > LONGEST_READ
    assert not replace(one, due_at=one.now).is_late
    assert not replace(one, is_over=False, touched_at=one.now, good_at=max(one.good_at, NOW - LONGEST_READ), failures=0).is_late


@given(STANDINGS, TIMES)
def test_what_is_late_stays_late_until_something_happens(one: PollStanding, later: timedelta) -> None:
    assert not one.is_late or replace(one, now=one.now + later).is_late
