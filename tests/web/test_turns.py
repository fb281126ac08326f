"""Whoever waits for a turn waits in the loop, in the order in which they came, and leaves nothing behind."""

from __future__ import annotations

import asyncio

import pytest

from serving.turns import Turns


async def test_one_at_a_time_of_a_name_in_the_order_in_which_they_came_and_others_beside() -> None:
    turns, seen, go = Turns(), list[str](), asyncio.Event()

    async def take(name: str, who: str) -> None:
        async with turns.of(name):
            seen.append(who)
            if name == "a":
                await go.wait()

    tasks = [asyncio.create_task(take("a", f"a{number}")) for number in range(3)]
    await asyncio.sleep(0)
    await take("b", "b")
    before = list(seen)
    go.set()
    await asyncio.gather(*tasks)

    assert before == ["a0", "b"]
    assert seen == ["a0", "b", "a1", "a2"]
    assert turns.waiting() == 0


async def test_who_gives_up_or_fails_keeps_nobody_waiting() -> None:
    turns = Turns()

    async def fail() -> None:
        async with turns.of("a"):
            await asyncio.sleep(0)
            raise ZeroDivisionError

    first, second = (asyncio.create_task(fail()) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    for task, error in ((first, ZeroDivisionError), (second, asyncio.CancelledError)):
        with pytest.raises(error):
            await task
    async with asyncio.timeout(5), turns.of("a"):
        pass

    assert turns.waiting() == 0
