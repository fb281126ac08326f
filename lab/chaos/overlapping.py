"""All faults at once, each on a timetable of its own that the seed makes: they overlap as they will."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from lab.chaos.report import ChaosReport, say
from lab.chaos.server_kills import HEAD, Scene, scene
from lab.chaos.workers import ChaosWorker

LASTS_S = 90.0
WORKERS = 2


class Storm:
    def __init__(self, now: Scene, seed: int) -> None:
        self.now, self.seed = now, seed
        self.world = now.deployment.world
        self.over = threading.Event()
        self.counted: Counter[str] = Counter()
        self.failures: list[str] = []
        self.lock = threading.Lock()
        self.workers: list[ChaosWorker] = list(now.deployment.crew.workers)

    def kinds(self) -> dict[str, tuple[tuple[float, float], tuple[float, float], Callable[[Random, float], None]]]:
        """By name: seconds between two of them, seconds that one lasts, what it does meanwhile."""
        return {
            "worker killed": ((1.0, 6.0), (0.0, 0.0), self.worker_dies),
            "worker frozen": ((8.0, 20.0), (11.0, 16.0), self.worker_freezes),
            "Postgres killed": ((6.0, 18.0), (0.0, 4.0), lambda _, seconds: self.server_dies("postgres", seconds)),
            "Temporal killed": ((6.0, 18.0), (0.0, 4.0), lambda _, seconds: self.server_dies("temporal", seconds)),
            "eBay failing": ((3.0, 10.0), (1.0, 4.0), lambda _, seconds: self.ebay("fail_every", 2, 0, seconds)),
            "eBay slow": ((3.0, 10.0), (1.0, 4.0), lambda _, seconds: self.ebay("latency_s", 0.7, 0.0, seconds)),
            "token expired": ((0.5, 3.0), (0.0, 0.0), self.token_expires),
        }

    def rage(self, seconds: float) -> None:
        threads = [threading.Thread(target=self._go_on, args=(name, *kind), daemon=True) for name, kind in self.kinds().items()]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.over.set()
        for thread in threads:
            thread.join(60)

    def _go_on(self, name: str, pause: tuple[float, float], lasting: tuple[float, float], act: Callable[[Random, float], None]) -> None:
        random = Random(f"{self.seed}:{name}")
        while not self.over.wait(random.uniform(*pause)):
            try:
                act(random, random.uniform(*lasting))
                self.counted[name] += 1
            except Exception as error:  # it would vanish with its thread
                self.failures.append(f"{name}: {type(error).__name__}: {error}")
                return

    def worker_dies(self, random: Random, _: float) -> None:
        with self.lock:
            victim = self.workers.pop(random.randrange(len(self.workers)))
            victim.kill()
            self.workers.append(self.now.deployment.crew.start())

    def worker_freezes(self, random: Random, seconds: float) -> None:
        """Longer than its heartbeats are waited for: it wakes up beside the retry of its own step."""
        with self.lock:
            frozen = self.now.deployment.crew.start(wait=False)
            self.workers.append(frozen)
        self.over.wait(3.0)
        with suppress(ProcessLookupError):
            frozen.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            frozen.send_signal(signal.SIGCONT)
        time.sleep(2.0)
        with self.lock:
            frozen.kill()
            if frozen in self.workers and len(self.workers) > WORKERS:
                self.workers.remove(frozen)

    def server_dies(self, name: str, seconds: float) -> None:
        self.now.servers.kill(name)
        time.sleep(seconds)
        self.now.servers.start(name)

    def ebay(self, switch: str, on: float, off: float, seconds: float) -> None:
        setattr(self.world.faults, switch, on)
        time.sleep(seconds)
        setattr(self.world.faults, switch, off)

    def token_expires(self, random: Random, _: float) -> None:
        self.world.accounts.expire(random.choice(list(self.world.sellers)))


def run(report: ChaosReport, seed: int, seconds: float = LASTS_S, keep: Path | None = None) -> None:
    with scene(seed, keep, workers=WORKERS) as now:
        storm = Storm(now, seed)
        storm.rage(seconds)
        for worker in storm.workers:
            worker.kill()
        now.deployment.crew.start(wait=True)
        now.deployment.forget_dead_workers()
        now.wait_for_polls(time.monotonic())
    assert now.outcome
    counted = ", ".join(f"{name} {times} x" for name, times in sorted(storm.counted.items()))
    say(f"   {counted}")
    table = report.table("Overlapping faults", HEAD)
    table.add(*now.outcome.row(f"{sum(storm.counted.values())} faults in {seconds:.0f} s", seed))
    table.notes.append(f"{counted}.")
    now.outcome.check(report, "overlapping faults")
    report.expect(not storm.failures, f"the storm itself failed: {storm.failures}")
