"""Shows pictures: on the whole screen of a terminal, or line by line where there is none (CI, a pipe)."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from rich.console import Console
from rich.live import Live

from demo_stack.demo.keys import PressedKeys, pressed_keys
from demo_stack.demo.picture import Frame, Picture, many
from demo_stack.demo.screen import draw, draw_help

LINE_EVERY_S = 5.0


class View(Protocol):
    def show(self, picture: Picture) -> None: ...

    def wait(self, wait_s: float) -> None:
        """Look for keys meanwhile; a key may end it early."""


class ScreenView:
    """The key `?` shows what to try, and the same or any other the sellers again."""

    def __init__(self, console: Console, frame: Frame, live: Live, keys: PressedKeys) -> None:
        self.console, self.live, self.keys = console, live, keys
        self.frame = replace(frame, keys=keys.there)
        self.helps = False
        self.picture: Picture | None = None

    def show(self, picture: Picture) -> None:
        self.picture = picture
        width, height = self.console.size  # asked anew: windows change
        drawn = draw_help(self.frame, width, height) if self.helps else draw(picture, self.frame, width, height)
        self.live.update(drawn, refresh=True)

    def wait(self, wait_s: float) -> None:
        if not self.keys.there:
            time.sleep(wait_s)
        elif pressed := self.keys.pressed(wait_s):
            self.helps = not self.helps and "?" in pressed
            if self.picture:
                self.show(self.picture)


class LineView:
    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.began = time.monotonic()
        self.next_s = 0.0

    def show(self, picture: Picture) -> None:
        passed = time.monotonic() - self.began
        if passed >= self.next_s:
            self.next_s = passed + LINE_EVERY_S
            sys.stdout.write(f"{passed:4.0f} s  {line(picture)}\n")
            sys.stdout.flush()

    def wait(self, wait_s: float) -> None:
        time.sleep(wait_s)


def line(picture: Picture) -> str:
    states = Counter(picture.states.values()).most_common()
    said = f"{picture.changes:,} changes, {picture.calls:,} calls; sellers: {many([(count, word) for word, count in states]) or 'none'}"
    if picture.stocks:
        said += f"; {picture.stock_in_words()}"
    if picture.delivered:
        said += f"; {picture.delivered}"
    if picture.restarts:
        said += f"; worker started again {picture.restarts}x"
    return said + (f"; {picture.problem}" if picture.problem else "")


@contextmanager
def open_view(frame: Frame) -> Iterator[View]:
    console = Console()
    if not console.is_terminal or console.is_dumb_terminal:
        yield LineView(frame)
        return
    with pressed_keys() as keys, Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        yield ScreenView(console, frame, live, keys)
