"""What an answer means, and for how long it asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import AttemptOutcome, outcome_of, retry_after

NOW = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)


@given(st.integers(-10, 999))
def test_only_2xx_is_a_success(status: int) -> None:
    assert (outcome_of(status) is AttemptOutcome.DELIVERED) is (200 <= status < 300)


@pytest.mark.parametrize(
    ("status", "outcome"), [(301, "redirected"), (308, "redirected"), (410, "gone"), (404, "refused"), (503, "refused")]
)
def test_failures_are_told_apart(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Thu, 18 Jun 2026 12:01:00 GMT", 60.0),
        ("Thu, 18 Jun 2026 11:00:00 GMT", 0.0),
        ("Thu, 18 Jun 2026 12:01:00", None),
        ("-5", None),
        ("1.5", None),
        ("\N{SUPERSCRIPT TWO}", None),
        ("9" * 5000, 999_999_999.0),
        ("", None),
        ("never", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(given: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": given}, NOW) == seconds


@given(st.text())
def test_no_text_makes_it_fail(given: str) -> None:
    found = retry_after({"retry-after": given}, NOW)

    assert found is None or found >= 0


def test_an_answer_need_not_say() -> None:
    assert retry_after({"date": "120"}, NOW) is None
