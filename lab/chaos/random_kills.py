"""`kill -9` at random moments, 200 of them, with two workers at work, so that one is always there to take over."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

from lab.chaos.deployment import deployment
from lab.chaos.report import ChaosReport, say
from lab.chaos.workers import ChaosWorker
from simulator import Life, World

SELLERS = 10
LIVES_S = (0.05, 2.4)  # of a worker: some die while they start
FORGET_EVERY_S = 2.0


def run(report: ChaosReport, seed: int, rounds: int = 200, keep: Path | None = None) -> None:
    random = Random(seed)
    world = World(seed=seed)
    for number in range(SELLERS):
        world.add_seller(f"seller-{number}", 12.0, 450 if number == 0 else 20)
        world.preload_skus(f"seller-{number}")
    with deployment(world, keep, orders_every="1s", fulfillment_every="2s", inventory_every="4s") as (here, _):
        here.enroll(list(world.sellers))
        started = 0
        with Life(world, 1500.0):
            began = forgotten = time.monotonic()
            at_work: list[tuple[ChaosWorker, float]] = []
            deaths = 0
            while deaths < rounds:
                now = time.monotonic()
                for worker, until in list(at_work):
                    if now >= until:
                        started += worker.at_work()
                        worker.kill()
                        deaths += 1
                        at_work.remove((worker, until))
                while len(at_work) < 2:
                    at_work.append((here.crew.start(), now + random.uniform(*LIVES_S)))
                if now - forgotten > FORGET_EVERY_S:
                    here.forget_dead_workers()
                    forgotten = now
                time.sleep(0.01)
            for worker, _ in at_work:
                worker.kill()
            took = time.monotonic() - began
            early = len([event for event in here.house.events() if event["sequence"]])
        here.crew.start(wait=True)
        here.forget_dead_workers()
        say(f"   the world stands still; all is polled after {here.poll_all():.1f} s")
        found = here.verdict()
    table = report.table(
        "Random kills", ("what", "seed", "kills", "lost", "twice", "wrong", "cursors back", "missed by a reader", "changes")
    )
    counts = (found.lost, found.twice, found.wrong, found.back, found.missed, found.changes)
    table.add("kill -9 of a worker", str(seed), str(deaths), *map(str, counts))
    table.notes.append(
        f"{deaths} deaths in {took:.0f} s, {started} of them at work and the others while they started; {early} events were told meanwhile."
    )
    report.expect(found.ok, f"{found} {found.examples}")
