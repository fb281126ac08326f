"""Servers that die the hard way and come back, while operators go on signalling: how soon polling is back, and what was lost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from lab.chaos.deployment import Deployment, deployment
from lab.chaos.findings import Found
from lab.chaos.operators import Operators
from lab.chaos.report import ChaosReport, say
from lab.chaos.servers import KillableServers
from simulator import Life, World
from store import StoreError

SELLERS, SIGNALLED = 6, 2
RESUMED_WITHIN_S = 15.0
PATIENCE_S = 90.0
HEAD = (
    "what",
    "seed",
    "times",
    "resumed after, most",
    "median",
    "signals",
    "signals lost",
    "lost",
    "twice",
    "wrong",
    "cursors back",
    "missed",
)


@dataclass
class KillOutcome:
    found: Found
    accepted: int
    lost_signals: list[str]
    resumed: list[float] = field(default_factory=list)  # seconds from the return until every seller was polled

    def row(self, what: str, seed: int) -> Sequence[str]:
        found, resumed = self.found, sorted(self.resumed)
        most, median = (f"{resumed[-1]:.1f} s", f"{resumed[len(resumed) // 2]:.1f} s") if resumed else ("", "")
        counts = (self.accepted, len(self.lost_signals), found.lost, found.twice, found.wrong, found.back, found.missed)
        return (what, str(seed), str(len(resumed)), most, median, *map(str, counts))

    def check(self, report: ChaosReport, what: str) -> None:
        report.expect(self.found.ok, f"{what}: {self.found} {self.found.examples}")
        report.expect(not self.lost_signals, f"{what}: signals lost: {self.lost_signals[:5]}")
        slow = [f"{seconds:.1f}" for seconds in self.resumed if seconds > RESUMED_WITHIN_S]
        report.expect(not slow, f"{what}: polling resumed later than {RESUMED_WITHIN_S:.0f} s: {slow}")


class Scene:
    def __init__(self, deployment: Deployment, servers: KillableServers, polled: list[str], operators: Operators) -> None:
        self.deployment, self.servers, self.polled, self.operators = deployment, servers, polled, operators
        self.resumed: list[float] = []
        self.outcome: KillOutcome | None = None

    def wait_for_polls(self, began: float) -> None:
        """Until every seller had a good poll of orders after now; `began`: time.monotonic() of the return."""
        now: Any = None
        while True:
            with suppress(StoreError, SQLAlchemyError):
                now = now or self.deployment.house.rows("SELECT clock_timestamp()")[0][0]
                statement = """
                    SELECT count(*) FROM sellerbeat.streams WHERE stream = 'orders' AND seller_id = ANY (:sellers)
                    AND coalesce(last_good_at, '-infinity') < :now
                """
                if not self.deployment.house.rows(statement, sellers=self.polled, now=now)[0][0]:
                    break
            if time.monotonic() - began > PATIENCE_S:
                raise TimeoutError(f"polling did not resume within {PATIENCE_S:.0f} s: {self.who_waits(now)}")
            time.sleep(0.05)
        self.resumed.append(time.monotonic() - began)

    def who_waits(self, since: Any) -> str:
        """For the reader of a failure: which sellers, why, and what the workers said last."""
        statement = """
            SELECT seller_id, stream, failures, last_error, last_good_at, next_poll_at FROM sellerbeat.streams
            WHERE seller_id = ANY (:sellers) AND stream = 'orders' AND coalesce(last_good_at, '-infinity') < :since
        """
        rows = self.deployment.house.rows(statement, sellers=self.polled, since=since) if since else "Postgres does not answer"
        states = [(row[0], self.deployment.house.status(row[0]).reason[:200]) for row in rows[:2]] if since else []
        said = [(one.process.exitcode, one.log.read_text(errors="replace")[-1500:]) for one in self.deployment.crew.workers[-2:]]
        return f"{rows}\n{states}\n{said}"


@contextmanager
def scene(seed: int, keep: Path | None = None, workers: int = 1) -> Iterator[Scene]:
    """At its end `outcome` says what came of it."""
    world = World(seed=seed)
    for number in range(SELLERS):
        world.add_seller(f"seller-{number}", 12.0, 250 if number == 0 else 10)
        world.preload_skus(f"seller-{number}")
    with deployment(world, keep, orders_every="1s", fulfillment_every="2s", inventory_every="4s") as (here, servers):
        here.enroll(list(world.sellers))
        for _ in range(workers):
            here.crew.start(wait=True)
        with Life(world, 1500.0):
            operators = Operators(here, here.sellers[-SIGNALLED:])
            now = Scene(here, servers, here.sellers[:-SIGNALLED], operators)
            now.wait_for_polls(time.monotonic())
            now.resumed.clear()
            yield now
            operators.stop()
        say(f"   the world stands still; all is polled after {here.poll_all():.1f} s")
        now.outcome = KillOutcome(here.verdict(), operators.accepted, operators.lost(), now.resumed)


def _kills(report: ChaosReport, seed: int, server: str, times: int, gone_s: tuple[float, float], keep: Path | None) -> None:
    random = Random(seed)
    with scene(seed, keep) as now:
        for _ in range(times):
            time.sleep(random.uniform(0.1, 1.0))
            now.servers.kill(server)
            time.sleep(random.uniform(*gone_s))
            now.servers.start(server)
            now.wait_for_polls(time.monotonic())
    assert now.outcome
    what = {"postgres": "Postgres, kill -9", "temporal": "Temporal, kill -9"}[server]
    report.table(what, HEAD).add(*now.outcome.row(what, seed))
    say(f"   resumed after: {' '.join(f'{seconds:.1f}' for seconds in now.outcome.resumed)} s; {now.operators.tries} tries of signals")
    now.outcome.check(report, what)


class Postgres:
    @staticmethod
    def run(report: ChaosReport, seed: int, rounds: int = 30, keep: Path | None = None) -> None:
        _kills(report, seed, "postgres", rounds, (0.0, 2.5), keep)


class Temporal:
    @staticmethod
    def run(report: ChaosReport, seed: int, rounds: int = 20, keep: Path | None = None) -> None:
        _kills(report, seed, "temporal", rounds, (0.0, 2.5), keep)


class BothServers:
    """Both gone for two minutes."""

    @staticmethod
    def run(report: ChaosReport, seed: int, seconds: float = 120.0, keep: Path | None = None) -> None:
        with scene(seed, keep) as now:
            now.servers.kill("postgres")
            now.servers.kill("temporal")
            time.sleep(seconds)
            now.servers.start("postgres")
            now.servers.start("temporal")
            now.wait_for_polls(time.monotonic())
        assert now.outcome
        what = f"both gone for {seconds:.0f} s"
        report.table("Postgres and Temporal gone together", HEAD).add(*now.outcome.row(what, seed))
        now.outcome.check(report, what)
