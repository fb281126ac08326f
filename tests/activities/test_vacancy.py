"""A worker that fails at eBay where others do not takes no steps, but for one now and then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from activities.vacancy import Vacancies

NOBODY: Any = None  # who asks for a place: it makes no difference


def test_there_are_as_many_places_as_threads() -> None:
    places = Vacancies(2, is_ill=lambda: False)

    given = [places.try_reserve_slot(NOBODY) for _ in range(3)]
    places.release_slot(NOBODY)

    assert [one is not None for one in given] == [True, True, False]
    assert places.try_reserve_slot(NOBODY) is not None


def test_an_ill_worker_has_one_place_and_then_none_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    places = Vacancies(20, is_ill=lambda: True)

    first = [places.try_reserve_slot(NOBODY) is not None for _ in range(5)]
    clock[0] += 31
    later = [places.try_reserve_slot(NOBODY) is not None for _ in range(5)]

    assert first == later == [True, False, False, False, False]


async def test_who_waits_for_a_place_gets_it_when_the_worker_is_well_again() -> None:
    ill = [True]
    places = Vacancies(20, is_ill=lambda: ill[0])
    await places.reserve_slot(NOBODY)
    waiting = asyncio.create_task(places.reserve_slot(NOBODY))
    await asyncio.sleep(0.1)
    assert not waiting.done()

    ill[0] = False

    assert await asyncio.wait_for(waiting, 5) is not None
