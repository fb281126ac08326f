"""Crowds and attackers at the door of `web.py`: what they are answered, and how long everybody else waits meanwhile.

`--tree` attacks another checkout's `web.py`, for a comparison. Health, feed and notifications are asked one after another, each anew.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from lab.benchmarks.notifications import ADDRESS, body
from lab.benchmarks.servers import HOUSE, BenchmarkServers, servers, simulated_ebay
from lab.chaos.crowd import KINDS
from lab.chaos.report import ChaosReport, say
from simulator.clock import Clock
from simulator.state.notices import Notices
from store import Store

TOKEN = "the admin token of the door's trial"
SECONDS, PATIENCE_S, START_S = 12.0, 10.0, 120.0
MOST_MB, MOST_TIMES = 200, 3.0
HEAD = ("crowd", "they are answered", "healthz, p95 ms", "feed", "notification", "beside quiet", "lost", "memory, MB", "log, kB")


@dataclass
class Web:
    process: psutil.Process
    port: int
    log: Path

    def memory_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1e6


@dataclass
class Asked:
    """Milliseconds of each answer, and how many did not come within ten seconds, or were none."""

    took: dict[str, list[float]]
    lost: int = 0

    def p95(self, name: str) -> float:
        times = sorted(self.took[name])
        return times[len(times) * 19 // 20] if times else float("inf")


def run(report: ChaosReport, seed: int, keep: Path | None = None, tree: Path | None = None) -> None:
    """`seed`, `keep`: for nothing; the crowds are the same each time."""
    table = report.table(f"crowds at the door of {'another tree' if tree else 'web.py'}", HEAD)
    with servers() as stack, web_of(stack.part("door"), tree or HOUSE) as (web, probes):
        quiet = ask(probes, SECONDS / 2)
        table.add("nobody", "", *(f"{quiet.p95(name):.0f}" for name in probes), "1.0", str(quiet.lost), f"{web.memory_mb():.0f}", "0")
        for name, kind in KINDS.items():
            say(f"   {kind.words}")
            before, crowd = web.log.stat().st_size, begin(name, web.port)
            time.sleep(2)
            asked, memory = ask(probes, SECONDS - 4), web.memory_mb()
            said = json.loads(crowd.communicate(timeout=90)[0])
            times = max(asked.p95(probe) / quiet.p95(probe) for probe in probes)
            log_kb = (web.log.stat().st_size - before) / 1000
            answers = ", ".join(f"{count:,} {answer}" for answer, count in said["answers"].items())
            cells = [*(f"{asked.p95(probe):.0f}" for probe in probes), f"{times:.1f}", str(asked.lost), f"{memory:.0f}", f"{log_kb:,.0f}"]
            table.add(kind.words, answers, *cells)
            report.expect(asked.lost == 0, f"{kind.words}: {asked.lost} of those who are welcome had no answer")
            report.expect(memory < MOST_MB, f"{kind.words}: {memory:.0f} MB")
    table.notes.append(
        f"p95 of one request after another for {SECONDS - 4:.0f} s, each on a new connection; promised: {MOST_TIMES:.0f} times quiet"
    )


def begin(kind: str, port: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "lab.chaos.crowd", kind, str(port), str(SECONDS)]
    return subprocess.Popen(words, cwd=HOUSE, stdout=subprocess.PIPE, text=True)


def ask(probes: dict[str, Callable[[], int]], seconds: float) -> Asked:
    asked, ends = Asked({name: [] for name in probes}), time.monotonic() + seconds
    while time.monotonic() < ends:
        for name, probe in probes.items():
            began = time.perf_counter()
            try:
                good = probe() < 300
            except httpx.HTTPError:
                good = False
            asked.took[name].append((time.perf_counter() - began) * 1000)
            asked.lost += not good
    return asked


@contextmanager
def web_of(here: BenchmarkServers, tree: Path) -> Iterator[tuple[Web, dict[str, Callable[[], int]]]]:
    """web.py of that tree, with `seller` enrolled, and what is asked of it."""
    log = here.folder / "web.log"
    with simulated_ebay() as ebay, closing(Store.connect(here.database_url, [here.secret_key])) as store:
        store.sellers.enroll("seller", "no token", scopes=[], now_ebay=datetime.now(UTC))
        environment = here.environment(ebay, "door", web_bind="127.0.0.1:0", admin_token=TOKEN)
        environment |= {"TEMPORAL_ADDRESS": "127.0.0.1:1", "PYTHONPATH": str(tree)}
        with (
            log.open("wb") as out,
            subprocess.Popen([sys.executable, "web.py"], cwd=tree, env=environment, stdout=out, stderr=out) as process,
        ):
            try:
                port = listens(process, log)
                yield Web(psutil.Process(process.pid), port, log), probes_of(f"http://127.0.0.1:{port}")
            finally:
                process.terminate()


def listens(process: subprocess.Popen[bytes], log: Path) -> int:
    """Its port. Raises RuntimeError: it ended, or says nothing."""
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"web listens.*?http://[\w.]+:(\d+)", log.read_text(errors="replace")):
            return int(found[1])
        time.sleep(0.1)
    raise RuntimeError(f"web.py does not listen:\n{log.read_text(errors='replace')}")


def probes_of(address: str) -> dict[str, Callable[[], int]]:
    notices = Notices(1, Clock())  # as the simulated eBay of that seed signs

    def notify() -> int:
        content = body()
        headers = {"X-EBAY-SIGNATURE": notices.signature(content)}
        return httpx.post(f"{address}{ADDRESS}", content=content, headers=headers, timeout=PATIENCE_S).status_code

    def feed() -> int:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.get(f"{address}/v1/changes", params={"after": 0, "limit": 1}, headers=headers, timeout=PATIENCE_S).status_code

    os.environ.setdefault("NO_PROXY", "127.0.0.1")
    return {"healthz": lambda: httpx.get(f"{address}/healthz", timeout=PATIENCE_S).status_code, "feed": feed, "notification": notify}
