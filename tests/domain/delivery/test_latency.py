"""Figures of attempts: median and 95 % by counts of buckets, and which share failed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery.latency import UNANSWERED, bucket_of, failure_rate, quantile


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_quantile_of_buckets_is_that_of_the_answers_to_five_percent(times: list[int], share: float) -> None:
    exact = sorted(times)[max(-(-len(times) * round(share * 100) // 100), 1) - 1]

    found = quantile(Counter(map(bucket_of, times)), share)

    assert found == pytest.approx(exact, rel=0.051, abs=0.6)


def test_who_gave_no_answer_has_no_time() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({UNANSWERED: 7}, 0.95) is None
    assert quantile({UNANSWERED: 70, bucket_of(100): 1}, 0.5) == pytest.approx(100, rel=0.05)


def test_nothing_and_one_millisecond_are_counted_together() -> None:
    assert bucket_of(0) == bucket_of(1) == 0


@pytest.mark.parametrize(("delivered", "failed", "rate"), [(0, 0, None), (5, 0, 0.0), (3, 1, 0.25), (0, 2, 1.0)])
def test_the_rate_is_of_all_attempts(delivered: int, failed: int, rate: float | None) -> None:
    assert failure_rate(delivered, failed) == rate
