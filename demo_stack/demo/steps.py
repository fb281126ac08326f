"""Steps that somebody waits for: each is named before it begins, with how long it usually takes, and ticked off with its seconds.

Standard library only: the set-up uses it before there is anything else.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

LOOK_S = 0.1
LINE_EVERY_S = 15.0  # without a terminal, of a step that says how far it is
NAMES = 44  # characters of the longest name


class WaitStep:
    """One of them. `ready`: asked again and again, until it is true; None: whoever began the step says when it is done."""

    def __init__(self, name: str, usual: str, ready: Callable[[], bool] | None, now: float) -> None:
        self.name, self.usual, self.ready, self.began = name, usual, ready, now
        self.note = ""
        self.next_line = now + LINE_EVERY_S


class Steps:
    """In a terminal the steps under way stay below those that are done, with their seconds; without one each is a line at its beginning
    and one at its end. Several may be under way at once; whatever else is to be printed meanwhile goes through `say`."""

    def __init__(self, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.out, self.clock = out or sys.stdout, clock
        self.live = self.out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        marks = ("✓", "…", "✗") if "utf" in (self.out.encoding or "").lower() else ("+", ".", "x")
        self.done_mark, self.open_mark, self.failed_mark = marks
        self.under_way: list[WaitStep] = []
        self.drawn = 0  # lines of the terminal that are of steps under way
        self.lock = threading.RLock()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="steps", daemon=True)

    def __enter__(self) -> Steps:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.over.set()
        self.thread.join()
        with self.lock:
            for step in list(self.under_way):
                self._end(step, self.done_mark if kind is None else self.failed_mark, "" if kind is None else "not finished")

    def begin(self, name: str, usual: str, ready: Callable[[], bool] | None = None) -> WaitStep:
        """`usual`: how long it takes, such as "2 s"."""
        with self.lock:
            step = WaitStep(name, usual, ready, self.clock())
            self.under_way.append(step)
            self._print([] if self.live else [f"  {self.open_mark} {name}: usually {usual}"])
        return step

    def done(self, step: WaitStep) -> None:
        """It may be said twice."""
        with self.lock:
            if step in self.under_way:
                self._end(step, self.done_mark)

    @contextmanager
    def step(self, name: str, usual: str) -> Iterator[WaitStep]:
        """Done where the block ends well."""
        step = self.begin(name, usual)
        yield step
        self.done(step)

    def note(self, step: WaitStep, text: str) -> None:
        """How far it is."""
        with self.lock:
            step.note = text
            if not self.live and self.clock() >= step.next_line:
                step.next_line = self.clock() + LINE_EVERY_S
                self._print([f"    {step.name}: {self.clock() - step.began:.0f} s, {text}"])

    def say(self, line: str) -> None:
        with self.lock:
            self._print([line])

    def _watch(self) -> None:
        while not self.over.wait(LOOK_S):
            for step in [one for one in self.under_way if one.ready]:
                if step.ready and step.ready():
                    self.done(step)
            with self.lock:
                if self.live:
                    self._print([])

    def _end(self, step: WaitStep, mark: str, words: str = "") -> None:
        self.under_way.remove(step)
        seconds = f"{self.clock() - step.began:.1f} s"
        self._print([f"  {mark} {step.name:<{NAMES}} {seconds:>7}" + (f", {words}" if words else "")])

    def _print(self, lines: list[str]) -> None:
        """Lines that stay, above those of the steps under way."""
        text = f"\033[{self.drawn}F\033[J" if self.drawn else ""
        text += "".join(f"{line}\n" for line in lines)
        self.drawn = 0
        if self.live:
            width = os.get_terminal_size(self.out.fileno()).columns or 80
            text += "".join(f"{self._open_line(step)[: width - 1]}\n" for step in self.under_way)
            self.drawn = len(self.under_way)
        self.out.write(text)
        self.out.flush()

    def _open_line(self, step: WaitStep) -> str:
        seconds = f"{self.clock() - step.began:.0f} s"
        return f"  {self.open_mark} {step.name:<{NAMES}} {seconds:>7}, usually {step.usual}" + (f" ({step.note})" if step.note else "")
