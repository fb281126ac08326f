"""Keys of a terminal, one by one and without Enter; where there is none, no key ever comes."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class PressedKeys:
    """`there`: whether somebody can press one."""

    def __init__(self, there: bool) -> None:
        self.there = there

    def pressed(self, wait_s: float) -> str:
        """What was pressed, as soon as something is; "" after so long. A terminal that was closed gives "" at once."""
        try:
            if self.there and select.select([sys.stdin], [], [], wait_s)[0]:
                return os.read(sys.stdin.fileno(), 1024).decode(errors="replace")  # all of it: `sys.stdin` would keep what is left
        except OSError:
            self.there = False
        return ""


@contextmanager
def pressed_keys() -> Iterator[PressedKeys]:
    """The terminal is as it was afterwards."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield PressedKeys(there=False)
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield PressedKeys(there=True)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
