"""`python -m lab.fleets [FLEET ...] [--seeds N] [--quick] [--write FILE]`: policies side by side.

Exit 1 where eBay would refuse a call of Sellerbeat's own policy.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lab.fleets.fleet import FLEETS, Shape, fleet
from lab.fleets.policies import OURS, POLICIES, SPARE
from lab.fleets.score import Score
from lab.fleets.table import Results, tables, write

SLOWEST_FIRST = (SPARE, OURS)
QUICK = ("50 sellers, 5,000 calls",)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m lab.fleets", description="Ways of pacing, on days of synthetic fleets.")
    parser.add_argument("fleets", nargs="*", metavar="FLEET", help=f"the start of a name: {'; '.join(FLEETS)}")
    parser.add_argument("--seeds", type=int, default=3, help="fleets of each kind")
    parser.add_argument("--quick", action="store_true", help="the smallest fleet, once")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", type=Path, help="a Markdown file whose tables between markers are replaced")
    given = parser.parse_args(arguments)
    starts = given.fleets or (QUICK if given.quick else FLEETS)
    shapes = [shape for name, shape in FLEETS.items() if name.startswith(tuple(starts))]
    if not shapes or given.seeds < 1:
        parser.error("no such fleet")
    began = time.monotonic()
    results = run(shapes, 1 if given.quick else given.seeds, given.processes)
    text = tables(results)
    sys.stdout.write(f"{text}\n\n({time.monotonic() - began:.0f} s)\n")
    if given.write:
        write(given.write, text)
    return int(any(score.refused for name in (OURS, SPARE) for scores in results.values() for score in scores[name]))


def run(shapes: list[Shape], seeds: int, processes: int) -> Results:
    """Scores by fleet and policy, one for each seed."""
    jobs = [(shape, name, seed) for shape in shapes for seed in range(seeds) for name in POLICIES]
    jobs.sort(key=lambda job: (job[1] not in SLOWEST_FIRST, -job[0].quota * job[0].days, job[2]))
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            scores = list(pool.map(_score, jobs))
    else:
        scores = [_score(job) for job in jobs]
    results: Results = {shape.name: {name: [] for name in POLICIES} for shape in shapes}
    for (shape, name, _), score in zip(jobs, scores, strict=True):
        results[shape.name][name].append(score)
    return results


def _score(job: tuple[Shape, str, int]) -> Score:
    shape, name, seed = job
    return POLICIES[name](fleet(shape, seed))


if __name__ == "__main__":
    sys.exit(main())
