"""Where partitions begin and end: they never overlap, what comes now always has one, and there are few."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.partitions import AHEAD, LEAST, MOST, Range, around, next_positions, next_times, period, readable, span, worth_waiting_for

NOW = datetime(2026, 11, 30, 15, 4, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOWS = st.integers(1, 4000).map(lambda days: timedelta(days=days))


def overlaps(ranges: Sequence[Range[int]] | Sequence[Range[datetime]]) -> bool:
    ordered: list[Range[Any]] = sorted(ranges, key=lambda one: one.upper)
    return any(later.lower is None or later.lower < one.upper for one, later in pairwise(ordered))


@pytest.mark.parametrize(
    ("count", "size"), [(0, 0), (1, 1), (9, 9), (14, 10), (10_001, 10_000), (15_000, 20_000), (499_000, 500_000), (960_000, 1_000_000)]
)
def test_sizes_can_be_read(count: int, size: int) -> None:
    assert readable(count) == size


@given(st.integers(1, 10**12))
def test_a_size_is_near_to_what_was_drawn(count: int) -> None:
    assert 0.66 < readable(count) / count < 1.34


@pytest.mark.parametrize(("keep", "expected"), [(1, 1), (30, 1), (36, 1), (60, 2), (180, 5), (400, 14), (1000, 30), (3000, 90)])
def test_a_window_is_cut_by_days_weeks_or_months(keep: int, expected: int) -> None:
    assert span(timedelta(days=keep)) == timedelta(days=expected)


@given(st.integers(10, 400).map(lambda days: timedelta(days=days)))
def test_old_rows_wait_for_their_partition_however_long_the_window_is(keep: timedelta) -> None:
    for filled in (span(keep), period(keep) * 1.34):  # its oldest row is old now, its newest after that
        assert worth_waiting_for(NOW - keep + filled, NOW, keep)


@given(WINDOWS)
def test_a_window_has_few_partitions(keep: timedelta) -> None:
    assert keep / span(keep) <= MOST
    assert keep / period(keep) <= MOST


@given(st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 400_000)), max_size=30), st.integers(1, 5) | st.none())
def test_positions_always_have_a_partition_ahead(steps: list[tuple[int, int]], gone: int | None) -> None:
    ranges, last = [Range(None, 2 * LEAST)], 0
    for number, (step, drawn) in enumerate(steps):
        last += step
        for _ in range(3):
            if (found := next_positions(ranges, last, drawn)) is None:
                break
            assert found.lower is not None
            assert not any(one.holds(found.lower) for one in ranges)
            ranges.append(found)
        assert next_positions(ranges, last, drawn) is None
        assert any(one.holds(last + max(drawn, LEAST)) for one in ranges)
        assert not overlaps(ranges)
        if gone and number % gone == 0:  # dropped when old, or by a hand
            ranges.pop(0)


@given(st.lists(st.integers(0, 90), max_size=20), WINDOWS)
def test_times_always_have_a_partition_ahead_however_long_nobody_looked(days: list[int], keep: timedelta) -> None:
    now, ranges = NOW, [Range(None, datetime(2026, 12, 8, tzinfo=UTC))]
    for away in days:
        now += away * DAY
        for _ in range(12):
            if (found := next_times(ranges, now, keep)) is None:
                break
            ranges.append(found)
        assert next_times(ranges, now, keep) is None
        assert any(one.holds(now) for one in ranges)
        assert any(one.holds(now + AHEAD - DAY) for one in ranges)
        assert not overlaps(ranges)


def test_a_gap_in_time_is_closed_by_the_partition_that_goes_on_from_before() -> None:
    before = Range(None, datetime(2026, 11, 20, tzinfo=UTC))

    assert next_times([before], NOW, 30 * DAY) == Range(before.upper, datetime(2026, 12, 1, tzinfo=UTC))
    assert next_positions([Range(None, 20_000)], 71_234, 300) == Range(20_000, 90_000)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 100), min_size=2, max_size=9, unique=True))
def test_a_stray_row_gets_a_partition_that_holds_it_and_overlaps_none(key: int, edges: list[int]) -> None:
    ranges = [Range(low * 7000, high * 7000) for low, high in pairwise(sorted(edges)) if low % 2 == 0]
    if any(one.holds(key) for one in ranges):
        return
    found = around(key, ranges)

    assert found.holds(key)
    assert not overlaps([*ranges, found])


def test_a_stray_row_of_a_time_gets_its_day() -> None:
    assert around(NOW, [Range(None, NOW - DAY)]) == Range(datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert around(NOW, [Range(None, NOW)]) == Range(NOW, datetime(2026, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize(("left", "waits"), [(-50, True), (0, True), (3, True), (3.1, False), (20, False)])
def test_old_rows_wait_a_tenth_of_the_window_for_their_partition(left: float, waits: bool) -> None:
    assert worth_waiting_for(NOW - 30 * DAY + left * DAY, NOW, 30 * DAY) is waits
