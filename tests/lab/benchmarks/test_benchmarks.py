"""Each benchmark runs, with the least that it can measure. No figure is asserted: this machine has other things to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lab.benchmarks import (
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
from lab.benchmarks.histories import Cost
from lab.benchmarks.servers import BenchmarkServers
from tests.support.histories import sweep

LEAST = {
    "quiet": (quiet, quiet.Sizes(sellers=1, polls=2, cadences=(("0.5s", "0.5s", "0.5s"),))),
    "polls": (polls, polls.Sizes(sellers=2, rounds=1, seconds=0.2)),
    "memory": (memory, memory.Sizes(sellers=2, orders=60, listings=60)),
    "calls": (calls, calls.Sizes(skus=30, orders=300)),
    "stock": (stock, stock.Sizes(sellers=1, sales=1)),
    "planner": (planner, planner.Sizes((30, 60), rounds=1)),
    "erasures": (erasures, erasures.Sizes(orders=20, deletions=3, buyers=2, slow=1)),
    "posts": (posts, posts.Sizes(rounds=1, posts=3)),
    "commands": (commands, commands.Sizes(rounds=1)),
    "pages": (pages, pages.Sizes(sellers=20, polls=4, times=1)),
    "deliveries": (deliveries, deliveries.Sizes(sellers=2, changes=2, rounds=1, alone=1)),
    "notifications": (notifications, notifications.Sizes(times=2)),
    "month": (month, month.Sizes(sellers=5, days=4)),
    "size": (size, size.Sizes(sellers=60, events=3_000, times=1)),
    "wal": (wal, wal.Sizes(scenes=((2, 1, 1),))),
    "store": (storing, storing.Sizes(rounds=1, polls=1, orders=3)),
}


@pytest.fixture
def swept(temporal_address: str) -> Iterator[str]:
    """What is left running ends after each: a worker's watchdog begins again what a benchmark has ended."""
    yield temporal_address
    sweep(temporal_address)


@pytest.mark.parametrize(("part", "sizes"), LEAST.values(), ids=LEAST)
def test_a_benchmark_fills_its_tables(part: ModuleType, sizes: Any, database: str, swept: str, tmp_path: Path) -> None:
    tables = part.measure(BenchmarkServers(database, swept, tmp_path), sizes)

    assert tables
    assert all(len(row) == len(table.head) for table in tables for row in table.rows)
    assert all(any(digit in table.text() for digit in "123456789") for table in tables)


@pytest.mark.parametrize(("timers", "words"), [(0, "all"), (2, "2.00"), (8, "0.50")])
def test_polls_on_a_machine_that_is_always_late_need_no_timer(timers: int, words: str) -> None:
    assert Cost(timers, [11, 11, 12, 11]).polls_a_timer() == words
