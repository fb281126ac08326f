"""How wide a window is asked for, where eBay fails for wide ones."""

from datetime import timedelta

import pytest

from domain.changes.unreadable import TIMES
from ebay.errors import BadAnswerError, EbayError, EbayUnavailableError, RejectedError
from ebay.narrowing import LearnedWidth, Width

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
LONGEST = 48 * HOUR
FAILED = EbayUnavailableError("eBay failed", status=500, narrower=True)


def read(
    length: timedelta, works: timedelta, steps: int = 100, start: Width | None = None, narrowest: timedelta = SECOND
) -> list[list[float]]:
    """The widths asked for, in hours, by step, until all is read; eBay answers those up to `works`."""
    asked: list[list[float]] = []
    learned, read_to, failures = (start or Width()).learned(), timedelta(), 0
    while read_to < length and len(asked) < steps:
        width = Width.of(learned, failures)
        asked.append([])
        while read_to < length:
            window = width.limited(length - read_to)
            asked[-1].append(window / HOUR)
            if window <= works:
                width.worked(window, LONGEST)
                read_to, failures = read_to + window, 0
            elif not width.narrower(FAILED, window, narrowest) or width.over:
                failures += 1
                break
        learned = width.learned()
    return asked


def test_a_wide_window_is_halved_until_it_is_answered_and_then_all_is_read() -> None:
    asked = read(30 * HOUR, works=6 * HOUR)

    assert asked[0] == [30, 15, 7.5]
    assert asked[1][0] == 3.75
    assert sum(len(step) for step in asked) <= 16


@pytest.mark.parametrize("works", [20 * HOUR, 5 * HOUR, HOUR, timedelta(minutes=20), timedelta(minutes=7)])
def test_few_more_calls_are_made_than_the_width_that_works_needs(works: timedelta) -> None:
    calls = sum(len(step) for step in read(30 * HOUR, works))

    assert calls <= 30 * HOUR / works * 2 + 20


@pytest.mark.parametrize("length", [HOUR, timedelta(minutes=10)])
def test_a_window_as_wide_as_any_polls_is_halved_when_it_failed_again_and_again(length: timedelta) -> None:
    asked = read(length, works=length / 8)

    assert [step[0] for step in asked[: TIMES + 1]] == [length / HOUR] * (TIMES + 1)
    assert sum(length / 8 / HOUR >= window for step in asked for window in step) >= 8
    assert sum(map(len, asked)) < 25


def test_an_outage_costs_one_call_a_step_and_one_more_when_it_is_over() -> None:
    width, learned = Width(), None
    for failures in range(50):
        width = Width.of(learned, failures)
        window = width.limited(timedelta(minutes=10))
        assert not width.narrower(FAILED, window, SECOND) or width.over
        learned = width.learned()

    after = read(timedelta(minutes=10), works=HOUR, start=Width.of(learned))

    assert window == SECOND
    assert len(after[0]) == 2


def test_a_wide_window_in_an_outage_costs_three_calls_a_step_and_only_until_it_is_narrow() -> None:
    asked = read(30 * HOUR, works=timedelta(), steps=10)

    assert [len(step) for step in asked] == [3, 3] + [1] * 8


def test_the_narrowest_window_is_not_halved() -> None:
    assert not Width(failures=50).narrower(FAILED, SECOND, SECOND)
    assert read(2 * SECOND, works=timedelta(), steps=20)[-1] == [SECOND / HOUR]


@pytest.mark.parametrize("error", [
    EbayUnavailableError("the connection to eBay failed"),
    RejectedError("eBay rejected the request", status=400),
    BadAnswerError("eBay's answer is no object", status=200),
])  # fmt: skip
def test_what_no_width_causes_narrows_nothing(error: EbayError) -> None:
    width = Width(failures=50)

    assert not width.narrower(error, 30 * HOUR, SECOND)
    assert width.learned() is None


def test_a_width_that_works_grows_slowly_and_is_forgotten_when_it_is_the_longest() -> None:
    width = Width.of(LearnedWidth(HOUR, HOUR, proven=True))
    seen = []
    while width.learned():
        seen.append(width.limited(LONGEST))
        width.worked(seen[-1], LONGEST)

    assert seen[:3] == [HOUR, 1.1 * HOUR, 1.1 * (1.1 * HOUR)]
    assert len(seen) == 41
