"""Retries: some 75 hours, ever more rarely, spread, and never earlier or much later than a receiver asks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import LONGEST, OFF_AFTER, STEPS, TRIED_FOR, TRIES, nominal, wait
from domain.delivery.schedule import DAY, HOUR, JITTER

CHANCE = st.floats(0, 1)


@given(st.lists(CHANCE, min_size=len(STEPS), max_size=len(STEPS)))
def test_all_tries_together_take_some_75_hours(chances: list[float]) -> None:
    total = sum(wait(number, chance) for number, chance in enumerate(chances, 1))

    assert 70 * HOUR <= total <= 80 * HOUR
    assert len(chances) + 1 == TRIES
    assert TRIED_FOR <= total < OFF_AFTER


@given(st.integers(1, len(STEPS) - 1), CHANCE, CHANCE)
def test_each_wait_is_longer_than_the_one_before_whatever_the_jitter(tries: int, before: float, after: float) -> None:
    assert wait(tries, before) < wait(tries + 1, after)


@given(st.integers(-5, 1000), st.floats(-10, 10))
def test_the_jitter_stays_within_its_bounds(tries: int, chance: float) -> None:
    assert nominal(tries) * (1 - JITTER) - 1e-9 <= wait(tries, chance) <= nominal(tries) * (1 + JITTER) + 1e-9


@given(st.integers(len(STEPS), 1000), CHANCE)
def test_after_the_last_step_it_is_tried_once_a_day(tries: int, chance: float) -> None:
    assert abs(wait(tries, chance) - DAY) <= JITTER * DAY


@given(st.integers(1, 20), CHANCE, st.floats(-1e9, 1e12))
def test_what_the_receiver_asks_for_is_obeyed_up_to_a_day(tries: int, chance: float, asked: float) -> None:
    waited = wait(tries, chance, asked)

    assert waited >= wait(tries, chance)
    assert waited >= min(asked, LONGEST)
    assert waited <= LONGEST * (1 + JITTER)


def test_the_jitter_spreads() -> None:
    assert len({wait(3, chance / 10) for chance in range(11)}) == 11
