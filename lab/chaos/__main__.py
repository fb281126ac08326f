"""`python -m lab.chaos [PART ...] [--seed N] [--keep FOLDER] [--write FILE]`: exit 0 where nothing was lost, told twice or wrong."""

from __future__ import annotations

import argparse
import inspect
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from temporalio.runtime import Runtime, TelemetryConfig

from lab.chaos import door, failing_guards, hostile, lasting, matrix, overlapping, random_kills, server_kills
from lab.chaos.report import ChaosReport, say
from runtime.shutdown import leave

PARTS: dict[str, Any] = {  # the longest first: two run at a time
    "matrix": matrix,
    "lasting": lasting,
    "guards": failing_guards,
    "postgres": server_kills.Postgres,
    "outage": server_kills.BothServers,
    "hostile": hostile,
    "random": random_kills,
    "overlapping": overlapping,
    "temporal": server_kills.Temporal,
    "door": door,
}
BEGIN, END = "<!-- {name}: begin -->", "<!-- {name}: end -->"


def main() -> int:
    parser = argparse.ArgumentParser("python -m lab.chaos", description="Faults on purpose, against real processes and servers.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them where none is named")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="of all that is random; printed")
    parser.add_argument("--rounds", type=int, help="of each cell of the matrix, kills of the others")
    parser.add_argument("--points", nargs="*", default=[], help="of the matrix, or guards: only these")
    parser.add_argument("--streams", nargs="*", default=[], help="of the matrix: only these")
    parser.add_argument("--only", nargs="*", default=[], help="of lasting: only these scenes (outage, keys, poison, old, many)")
    parser.add_argument("--sellers", type=int, help="of lasting: how many live through an hour without eBay")
    parser.add_argument("--minutes", type=float, help="that the hostile eBay rages; without: one, and until all has happened")
    parser.add_argument("--tree", type=Path, help="of door: a checkout whose web.py is attacked, in place of this one")
    parser.add_argument("--jobs", type=int, default=2, help="parts at a time: they wait for dead workers more than they work")
    parser.add_argument("--keep", type=Path, help="a folder for what each part showed, told, stored and found, to look into: FOLDER/PART")
    parser.add_argument("--write", type=Path, help="a Markdown file whose tables between markers are replaced")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    names = given.parts or list(PARTS)
    if given.keep and (there := [name for name in names if (given.keep / name).exists()]):
        parser.error(f"{given.keep} holds {', '.join(there)} already")
    if len(names) > 1:
        return side_by_side(names, given)
    # a client that meets a dead server would fill the screen with it
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)), error_if_already_set=False)
    return 1 if part(names[0], given) else 0


def part(name: str, given: argparse.Namespace) -> list[str]:
    """Run one part here and say what came of it. Returns what was not as it must be."""
    say(f"== {name}, seed {given.seed}")
    report, began = ChaosReport(), time.monotonic()
    known = inspect.signature(PARTS[name].run).parameters
    options = {
        key: value
        for key in ("rounds", "points", "streams", "minutes", "only", "sellers", "tree")
        if key in known and (value := getattr(given, key))
    }
    keep = given.keep and (given.keep / name).absolute()
    try:
        PARTS[name].run(report, given.seed, keep=keep, **options)
    except TimeoutError as error:
        report.expect(False, str(error))
    except Exception as error:
        report.expect(False, f"{type(error).__name__}: {error}")
        raise
    finally:
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / "failures.jsonl").write_text("".join(json.dumps({"failure": words}) + "\n" for words in report.failures))
    text = "\n\n".join(table.text() for table in report.tables)
    say(f"{text}\n\n({name}: {time.monotonic() - began:.0f} s)")
    for failure in report.failures:
        say(f"FAILED: {failure}")
    if given.write and text:
        write(given.write, name, text)
    return report.failures


def side_by_side(names: Sequence[str], given: argparse.Namespace) -> int:
    """Each part in a process of its own; what it says comes whole when it is over."""

    def one(name: str) -> int:
        options = ["--seed", str(given.seed)]
        options += ["--rounds", str(given.rounds)] if given.rounds else []
        options += ["--minutes", str(given.minutes)] if given.minutes else []
        options += ["--sellers", str(given.sellers)] if given.sellers else []
        options += ["--only", *given.only] if given.only else []
        options += ["--points", *given.points] if given.points else []
        options += ["--streams", *given.streams] if given.streams else []
        options += ["--keep", str(given.keep)] if given.keep else []
        options += ["--write", str(given.write)] if given.write else []
        done = subprocess.run([sys.executable, "-m", "lab.chaos", name, *options], stdout=subprocess.PIPE, text=True, check=False)
        say(done.stdout)
        return done.returncode

    began = time.monotonic()
    with ThreadPoolExecutor(max(given.jobs, 1)) as pool:
        failed = [name for name, code in zip(names, pool.map(one, names), strict=True) if code]
    say(f"{len(names)} parts in {time.monotonic() - began:.0f} s; {'failed: ' + ', '.join(failed) if failed else 'all as it must be'}")
    return 1 if failed else 0


def write(file: Path, name: str, text: str) -> None:
    begin, end = BEGIN.format(name=name), END.format(name=name)
    with file.open("r+") as opened:
        flock(opened, LOCK_EX)  # another part may write its table too
        before, _, rest = opened.read().partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"{file} has no markers {begin} ... {end}")
        opened.seek(0)
        opened.write(f"{before}{begin}\n{text}\n{end}{after}")
        opened.truncate()


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.stdout.flush()
    leave(code)
