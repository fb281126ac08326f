"""Workers as processes of their own, started within 50 ms: forked from a server that has everything imported (multiprocessing's)."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from lab.chaos import holding
from lab.chaos.points import Cell
from tests.support.forked import context

LAG_S = 3.0  # so far behind eBay's clock listings are read; the simulated eBay is as much quicker than eBay
STARTED = "worker runs on task queue"
numbers = count(1)


class Crew:
    """Starts workers of one deployment. Each one's log is a file in `folder`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, dict(environment)
        self.trips = folder / "trips.jsonl"
        self.trips.touch()
        self.workers: list[ChaosWorker] = []
        self.lag_s, self.patience_s = LAG_S, 0.0  # see `demo_stack/demo/fast_waits.py`
        self.ahead_s = 0.0  # of eBay's clock, as its workers know

    def start(self, cells: Sequence[tuple[Cell, int]] = (), *, wait: bool = False, armed: bool = True, **options: Any) -> ChaosWorker:
        """`options`: of `crashing_worker.run`. `wait`: it is at work when this returns. Without `armed`: only after `arm()`."""
        for file in (holding.go_on(self.trips), holding.over(self.trips)):
            file.unlink(missing_ok=True)
        worker = ChaosWorker(self, list(cells), armed, options)
        self.workers.append(worker)
        if wait:
            worker.wait_until_at_work()
        return worker

    def sprung(self) -> list[tuple[Cell, int, float]]:
        """Traps that sprang: the cell, the process, when."""
        lines = [json.loads(line) for line in self.trips.read_text().splitlines()]
        return [(Cell(*line[:3]), line[3], line[4]) for line in lines]

    def go_on(self) -> None:
        """Steps that were held up go on."""
        holding.go_on(self.trips).touch()

    def held_is_over(self) -> bool:
        """A step that was held up went on and came to its end."""
        return holding.over(self.trips).exists()

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()


class ChaosWorker:
    def __init__(self, crew: Crew, cells: list[tuple[Cell, int]], armed: bool, options: dict[str, Any]) -> None:
        self.log = crew.folder / f"chaos-worker-{next(numbers)}.log"
        self.log.touch()
        self.armed = context.Value("b", armed, lock=False)
        options = {"trips": crew.trips, "armed": self.armed, "lag_s": crew.lag_s, "patience_s": crew.patience_s, **options}
        options.setdefault("ahead_s", crew.ahead_s)
        arguments = (crew.environment, str(crew.folder), str(self.log), cells, options)
        from lab.chaos.crashing_worker import child  # here, since it loads the product, which this process may need not

        self.process = context.Process(target=child, args=arguments, daemon=True)
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process.pid
        return self.process.pid

    def at_work(self) -> bool:
        return STARTED in self.log.read_text(errors="replace")

    def wait_until_at_work(self, within: float = 120.0) -> None:
        deadline = time.monotonic() + within
        while not self.at_work():
            if self.process.exitcode is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"a worker did not start: exit code {self.process.exitcode}\n{said}")
            time.sleep(0.02)

    def arm(self) -> None:
        self.armed.value = True

    def died(self, within: float = 0.0) -> bool:
        self.process.join(within)
        return self.process.exitcode is not None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`; a stopped one dies too."""
        if self.process.exitcode is None:
            self.process.kill()
        self.process.join(10)

    def stop(self) -> int | None:
        """As `systemctl stop` does: its exit code."""
        if self.process.exitcode is None:
            self.send_signal(signal.SIGTERM)
        self.process.join(30)
        return self.process.exitcode
