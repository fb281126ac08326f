"""Ctrl-C and its kin, in the demo and the tour."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """Ctrl-C, SIGTERM, and the terminal's end. While they are awaited, the first one only asks for an orderly end; any other stops us at
    once, by KeyboardInterrupt, and with us everything that was started."""

    SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP

    def __init__(self) -> None:
        self.came = self.waiting = False

    def __enter__(self) -> Interrupts:
        self.before = {number: signal.signal(number, self.on_signal) for number in self.SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        self.waiting = True
        try:
            yield
        finally:
            self.waiting = False

    def on_signal(self, *_: object) -> None:
        if not self.waiting or self.came:
            raise KeyboardInterrupt
        self.came = True
