"""`python -m chaos [PART ...] [--seed N] [--rounds N] [--write FILE]`: exit 0 where nothing was lost, told twice or wrong."""

from __future__ import annotations

import argparse
import inspect
import sys
import time
from pathlib import Path
from typing import Any

from temporalio.runtime import Runtime, TelemetryConfig

from chaos import failing_guards, matrix, overlapping, random_kills, server_kills
from chaos.report import Report, say
from console.leaving import leave

PARTS: dict[str, Any] = {
    "matrix": matrix,
    "random": random_kills,
    "postgres": server_kills.Postgres,
    "temporal": server_kills.Temporal,
    "outage": server_kills.Outage,
    "overlapping": overlapping,
    "guards": failing_guards,
}
BEGIN, END = "<!-- {name}: begin -->", "<!-- {name}: end -->"


def main() -> int:
    parser = argparse.ArgumentParser("python -m chaos", description="Faults on purpose, against real processes and servers.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them where none is named")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="of all that is random; printed")
    parser.add_argument("--rounds", type=int, help="of each cell of the matrix, kills of the others")
    parser.add_argument("--points", nargs="*", default=[], help="of the matrix, or guards: only these")
    parser.add_argument("--streams", nargs="*", default=[], help="of the matrix: only these")
    parser.add_argument("--write", type=Path, help="a Markdown file whose tables between markers are replaced")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    # a client that meets a dead server would fill the screen with it
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)), error_if_already_set=False)
    failed = False
    for name in given.parts or PARTS:
        say(f"== {name}, seed {given.seed}")
        report, began = Report(), time.monotonic()
        known = inspect.signature(PARTS[name].run).parameters
        options = {key: value for key in ("rounds", "points", "streams") if key in known and (value := getattr(given, key))}
        try:
            PARTS[name].run(report, given.seed, **options)
        except TimeoutError as error:
            report.expect(False, str(error))
        text = "\n\n".join(table.text() for table in report.tables)
        say(f"{text}\n\n({name}: {time.monotonic() - began:.0f} s)")
        for failure in report.failures:
            say(f"FAILED: {failure}")
        failed |= bool(report.failures)
        if given.write and text:
            write(given.write, name, text)
    return 1 if failed else 0


def write(file: Path, name: str, text: str) -> None:
    begin, end = BEGIN.format(name=name), END.format(name=name)
    before, _, rest = file.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{file} has no markers {begin} ... {end}")
    file.write_text(f"{before}{begin}\n{text}\n{end}{after}")


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.stdout.flush()
    leave(code)
