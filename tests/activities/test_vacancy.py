"""A worker that fails at eBay where others do not takes no steps, but for one now and then."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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


async def test_who_waits_is_woken_by_a_place_that_is_given_back_from_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.vacancy.LOOK_S", 3600.0)
    places = Vacancies(1, is_ill=lambda: False)
    await places.reserve_slot(NOBODY)
    waiting = asyncio.create_task(places.reserve_slot(NOBODY))
    while not places.waiting:
        await asyncio.sleep(0)
    assert not waiting.done()

    await asyncio.to_thread(places.release_slot, NOBODY)

    assert await asyncio.wait_for(waiting, 60) is not None
    assert (places.taken, places.waiting) == (1, set())


async def test_who_waits_for_a_place_gets_it_when_the_worker_is_well_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.vacancy.LOOK_S", 0.001)
    ill = [True]
    places = Vacancies(20, is_ill=lambda: ill[0])
    await places.reserve_slot(NOBODY)
    waiting = asyncio.create_task(places.reserve_slot(NOBODY))
    while not places.waiting:
        await asyncio.sleep(0)
    assert not waiting.done()

    ill[0] = False

    assert await asyncio.wait_for(waiting, 60) is not None


def test_two_threads_never_get_the_last_place_both() -> None:
    both = threading.Barrier(2)

    def catch_up() -> bool:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)  # the other one comes, unless it waits for its turn
        return False

    places = Vacancies(1, is_ill=catch_up)

    with ThreadPoolExecutor(2) as threads:
        given = list(threads.map(places.try_reserve_slot, [NOBODY] * 2))

    assert [one is None for one in given].count(True) == 1
