"""How a process that used Temporal's SDK ends."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """Flush and end at once with this exit code.

    Not `sys.exit`: while the interpreter shuts down, the SDK's own threads sometimes crash it (temporalio/sdk-python#300), and then the
    exit code would lie. Nothing is left to be done by then: servers, workers and files are closed by their own blocks.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the reader of a pipe may be gone
            stream.flush()
    os._exit(code)


@contextmanager
def bounded(limit: timedelta, late: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Call what it gives when the end begins: if this block is not left `limit` later, `late` is told and the process ends with 0.

    By a thread of its own, since what hangs may be the event loop, or the wait for other threads.
    """

    def end() -> None:
        try:
            late()
        finally:
            leave(0)

    timer = threading.Timer(limit.total_seconds(), end)
    timer.daemon = True
    try:
        yield timer.start
    finally:
        timer.cancel()
