"""A step that is held up: its thread waits, its attempt does not beat, all else in its worker goes on. By files, so across processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from temporalio import activity

import activities.heartbeat
import activities.polling.steps

_threads: set[int] = set()  # that were held up and whose step is not over
_attempts: set[bytes] = set()  # task tokens


def go_on(trips: Path) -> Path:
    """This file lets what is held up go on."""
    return trips.with_suffix(".go_on")


def over(trips: Path) -> Path:
    """This file says that a step that was held up came to its end, whichever."""
    return trips.with_suffix(".over")


def hold(trips: Path) -> None:
    """In the step's own thread."""
    _threads.add(threading.get_ident())
    _attempts.add(activity.info().task_token)
    while not go_on(trips).exists():
        time.sleep(0.02)


def prepare(trips: Path) -> None:
    """Wrap the product's functions. For the life of this process."""
    init, run = activities.heartbeat._Beating.init, activities.polling.steps.StepRunner.run

    def begin(beating: Any, outbound: Any) -> None:
        init(beating, outbound)
        beating.heartbeat = unless_held(outbound.heartbeat)

    def ran(*given: Any, **named: Any) -> Any:
        try:
            return run(*given, **named)
        finally:
            if threading.get_ident() in _threads:
                _threads.discard(threading.get_ident())
                over(trips).touch()

    activities.heartbeat._Beating.init = begin  # type: ignore[method-assign, assignment]
    activities.polling.steps.StepRunner.run = ran  # type: ignore[method-assign]


def unless_held(beat: Callable[[], None]) -> Callable[[], None]:
    def heartbeat() -> None:
        if activity.info().task_token not in _attempts:
            beat()

    return heartbeat
