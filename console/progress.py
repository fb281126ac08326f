"""Progress bars of long work, on stderr and in a terminal only: what a command answers stays as it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WIDTH = 24


@contextmanager
def progress(what: str, steps: int) -> Iterator[Callable[[], None]]:
    """Call what it gives after each step."""
    from rich.console import Console  # here: `status` needs the bar below alone, and should not wait for this
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(WIDTH), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    off = not (console.is_terminal and steps)
    # What is printed meanwhile goes above the bar; but not what another program reads.
    with Progress(*columns, console=console, transient=True, disable=off, redirect_stdout=sys.stdout.isatty()) as shown:
        task = shown.add_task(what, total=steps)
        yield lambda: shown.advance(task)


def bar(share: float) -> str:
    """`######------  50 %`, as a cell of a table."""
    full = min(max(int(share * WIDTH), 0), WIDTH)
    return f"{'#' * full}{'-' * (WIDTH - full)} {int(share * 100):>3} %"
