"""What is said of a pause and a speed-up: by whom and until when, in the same words everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.remedies import for_state
from domain.seller_state import PauseFacts, SpeedUpFacts

EIGHT = datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (PauseFacts("stock-take", EIGHT, "token:ci"), "paused until 2026-12-01 08:00 UTC by ci: stock-take"),
        (PauseFacts("stock-take", EIGHT), "paused until 2026-12-01 08:00 UTC: stock-take"),
        (PauseFacts("stock-take", None, "page"), "paused by the page: stock-take"),
        (PauseFacts("stock-take"), "stock-take"),
        (PauseFacts("stock-take", EIGHT, "nobody known"), "paused until 2026-12-01 08:00 UTC: stock-take"),
        (PauseFacts("x", EIGHT.astimezone(timezone(timedelta(hours=5)))), "paused until 2026-12-01 08:00 UTC: x"),
        (PauseFacts("x", EIGHT + timedelta(microseconds=1)), "paused until 2026-12-01 08:01 UTC: x"),
        (PauseFacts("x", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)), "paused until 2027-01-01 00:00 UTC: x"),
    ],
)
def test_a_pause_in_words(facts: PauseFacts, words: str) -> None:
    assert facts.words() == words


def test_a_speed_up_in_words() -> None:
    assert SpeedUpFacts(30, EIGHT, "os:alice").words() == "speeded up until 2026-12-01 08:00 UTC by alice: every 30 s"
    assert SpeedUpFacts(0.5, EIGHT).words() == "speeded up until 2026-12-01 08:00 UTC: every 0.5 s"


@pytest.mark.parametrize(("later_s", "is_over"), [(-1, False), (0, True), (1, True)])
def test_at_its_end_it_is_over(later_s: int, is_over: bool) -> None:
    now = EIGHT + timedelta(seconds=later_s)

    assert PauseFacts("x", EIGHT).is_over(now) is is_over
    assert SpeedUpFacts(30, EIGHT).is_over(now) is is_over
    assert not PauseFacts("x").is_over(now)


def test_of_a_pause_that_ends_by_itself_nobody_has_to_do_anything() -> None:
    ends, stays = (for_state("paused", "anna", ends=ends) for ends in (True, False))

    assert ends is not None
    assert stays is not None
    assert ends.startswith("Nothing: ")
    assert "starter.py resume anna" in ends
    assert stays.startswith("Resume")
    assert for_state("failing", "anna", ends=True) == for_state("failing", "anna")
