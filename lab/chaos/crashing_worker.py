"""`worker.py` in a process that kills itself at a named point: `python -m lab.chaos.crashing_worker POINT STREAM [SELLER] [NTH]`.

With `--without GUARD` one of the product's protections is taken out. What the process does otherwise is `worker.py`'s own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import ebay.clock
import worker
import workflows.seller_polling
from demo_stack.demo.fast_waits import fast_waits
from domain.waits import EBAYS
from lab.chaos import guards, holding
from lab.chaos.points import ANY, POINTS, Cell, Trap, around, set_traps
from runtime.shutdown import leave
from tests.support.forked import become

Ending = Literal["kill", "freeze"]
RUN_EVENTS = 120  # a workflow continues as new after so many, so that it often does


def run(
    cells: Iterable[tuple[Cell, int]],
    *,
    ending: Ending = "kill",
    armed: Any = None,
    trips: Path | None = None,
    without: Iterable[str] = (),
    widen_s: float = 0,
    lag_s: float = 0,
    patience_s: float = 0,
    ahead_s: float = 0,
) -> int:
    """The worker, until it dies.

    Args:
        cells: where to die, and at which pass of that point.
        ending: `freeze` holds up the step there until the file `go_on` is made, see `holding.py`.
        armed: something whose `value` tells whether the traps are set; None: they are from the start.
        trips: a file that gets a line when a trap springs.
        without: guards to take out.
        widen_s: see `guards.widen`.
        lag_s, patience_s: see `demo_stack/demo/fast_waits.py`; 0: as they are.
        ahead_s: eBay's clock less ours, known as to a worker that has run for an hour; 0: nothing is known.
    """

    def spring(cell: Cell) -> None:
        if trips:
            with trips.open("a") as file:
                file.write(json.dumps([*cell, os.getpid(), time.time()]) + "\n")
        if ending == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        assert trips
        holding.hold(trips)

    # the same in every worker of a run: a history must be replayed with the number that it was made with
    workflows.seller_polling.LONG_ENOUGH = RUN_EVENTS
    for guard in without:
        guards.take_out(guard)
    if widen_s:
        guards.widen(widen_s)
    if ahead_s:
        around(ebay.clock.EbayClock, "__init__", after=lambda _, clock: clock.agree(timedelta(seconds=ahead_s)))
    set_traps(Trap(cells, spring, lambda: armed is None or bool(armed.value)))
    if ending == "freeze" and trips:
        holding.prepare(trips)
    patience = timedelta(seconds=patience_s) if patience_s else EBAYS.report_patience
    return worker.main(fast_waits(timedelta(seconds=lag_s), patience) if lag_s else EBAYS)


def child(environment: dict[str, str], folder: str, log: str, cells: list[tuple[Cell, int]], options: dict[str, object]) -> None:
    """For a process that was forked with all modules loaded (`lab/chaos/workers.py`): what `worker.py` costs at start is mostly imports."""
    become(log, log, folder, environment)
    leave(run(cells, **options))  # type: ignore[arg-type]


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m lab.chaos.crashing_worker", description=__doc__)
    parser.add_argument("point", choices=[*POINTS])
    parser.add_argument("stream")
    parser.add_argument("seller", nargs="?", default=ANY)
    parser.add_argument("nth", nargs="?", type=int, default=1)
    parser.add_argument("--without", action="append", default=[], choices=[*guards.GUARDS])
    given = parser.parse_args()
    if given.stream not in POINTS[given.point][0]:
        parser.error(f"{given.point} has the streams {', '.join(POINTS[given.point][0])}")
    leave(run([(Cell(given.point, given.stream, given.seller), given.nth)], without=given.without))
