"""Waiting for what can be seen, with a deadline; never for a time to pass."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.1  # between two looks: a twentieth of what was waited, since many looks take what is waited for
PATIENCE_S = 120.0  # of a machine with much else to do: it ends a test that would never end, and judges no speed
TRIES = 10


async def eventually(seen: Callable[[], Any | Awaitable[Any]], within: float = PATIENCE_S) -> Any:
    """Ask until the answer is true; returns it. `seen` may be an async function. Fails with the last answer after `within` seconds."""
    began = time.monotonic()
    while True:
        answer = seen()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > began + within:
            raise AssertionError(f"not within {within} s; the last answer was {answer!r}")
        await asyncio.sleep(pause_s(began))


def eventually_here(seen: Callable[[], Any], within: float = PATIENCE_S) -> Any:
    """`eventually` for tests without an event loop."""
    began = time.monotonic()
    while not (answer := seen()):
        if time.monotonic() > began + within:
            raise AssertionError(f"not within {within} s; the last answer was {answer!r}")
        time.sleep(pause_s(began))
    return answer


def pause_s(began: float) -> float:
    return min(max(PAUSE_S, (time.monotonic() - began) / 20), LONGEST_PAUSE_S)


def least(took_s: Callable[[], float], promised_s: float) -> float:
    """The least of some times, until it is as promised. What our own timers wait is in each of them; what a busy machine adds is not."""
    tries: list[float] = []
    while len(tries) < TRIES and (not tries or min(tries) > promised_s):
        tries.append(took_s())
    return min(tries)
