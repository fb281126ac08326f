"""`python -m lab.benchmarks [PART ...] [--quick]`."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from typing import Any

from lab.benchmarks import (
    api,
    calls,
    commands,
    deliveries,
    erasures,
    memory,
    month,
    notifications,
    pages,
    planner,
    polls,
    posts,
    quiet,
    size,
    stock,
    storing,
    wal,
)
from lab.benchmarks.machine import machine
from lab.benchmarks.servers import servers
from runtime.shutdown import leave

PARTS: dict[str, Any] = {
    "quiet": quiet,
    "polls": polls,
    "memory": memory,
    "calls": calls,
    "stock": stock,
    "notifications": notifications,
    "store": storing,
    "wal": wal,
    "planner": planner,
    "posts": posts,
    "commands": commands,
    "pages": pages,
    "api": api,
    "deliveries": deliveries,
    "erasures": erasures,
    "size": size,
    "month": month,
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m lab.benchmarks", description="Speed and size of Sellerbeat, measured on this machine.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them where none is named")
    parser.add_argument("--quick", action="store_true", help="smaller numbers: a first look")
    parser.add_argument("--events", type=int, help="changes in the database of the part `size`")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    print(machine(), flush=True)
    with servers() as stack:
        for name in options.parts or PARTS:
            part, began = PARTS[name], time.monotonic()
            sizes = part.QUICK if options.quick else part.Sizes()
            if options.events and name == "size":
                sizes = replace(sizes, events=options.events)
            tables = part.measure(stack.part(name), sizes)
            print(*("\n" + table.text() for table in tables), sep="\n", flush=True)
            print(f"\n({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        code = 130
    except RuntimeError as error:
        print(error, file=sys.stderr)
        code = 1
    leave(code)
