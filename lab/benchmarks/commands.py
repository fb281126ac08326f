"""How long the commands take that people wait for, from the start of Python to its end, beside Python alone and its heaviest libraries."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lab.benchmarks.columns import connect, enroll, sellerbeat
from lab.benchmarks.servers import HOUSE, BenchmarkServers, simulated_ebay
from lab.benchmarks.table import ResultTable, held, spread

SELLER = "s-1"
PROGRAMS: dict[str, list[str]] = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import typer, sqlalchemy, temporalio'": ["-c", "import typer, sqlalchemy, temporalio"],
    "python -c 'import ...', all that status uses": ["-c", "import typer, sqlalchemy, psycopg2, pydantic_settings, temporalio.client"],
    "starter.py list": [str(HOUSE / "starter.py"), "list"],
    "starter.py status SELLER": [str(HOUSE / "starter.py"), "status", SELLER],
}
FLOOR = "python -c 'import typer, sqlalchemy, temporalio'"
ALL_LIBRARIES = "python -c 'import ...', all that status uses"
PROMISED_S = 0.5


@dataclass(frozen=True)
class Sizes:
    rounds: int = 10


QUICK = Sizes(4)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    """A seller who is polled by a running worker, which `status` asks."""
    return asyncio.run(measured(servers, sizes))


async def measured(servers: BenchmarkServers, sizes: Sizes) -> list[ResultTable]:
    head = ["program", "seconds", "CPU seconds, least", "beside the libraries", "beside all that it uses", "promised under 0.5 s"]
    found = ResultTable("a command, cold", head)
    client = await connect(servers)
    with simulated_ebay(SELLER) as ebay:
        enroll(servers, ebay, [SELLER])
        with sellerbeat(servers, client, ebay, [SELLER], orders_every="1h") as column:
            await column.start()
            await column.settled()
            environment = servers.environment(ebay, column.queue)
            run(PROGRAMS["starter.py status SELLER"], environment)  # what is compiled once is compiled now
            times = [{name: run(program, environment) for name, program in PROGRAMS.items()} for _ in range(sizes.rounds)]
            await column.end()
    for name in PROGRAMS:
        seconds, cpu = [one[name][0] for one in times], min(one[name][1] for one in times)
        ratios = [one[name][0] / one[FLOOR][0] for one in times]
        beside_all = [one[name][0] / one[ALL_LIBRARIES][0] for one in times]
        promise = held(median(seconds) < PROMISED_S) if name.startswith("starter") else ""
        found.add(name, spread(seconds, 2), f"{cpu:.2f}", spread(ratios, 2), spread(beside_all, 2), promise)
    found.notes.append("the programs take turns; the ratio is of the clock, within each turn")
    return [found]


def run(program: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU. Raises RuntimeError where it failed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, *program], env=dict(environment), capture_output=True, check=False)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
