"""Each benchmark runs, with the least that it can measure. No figure is asserted: this machine has other things to do.

Those that start workers and commands are in tests/system.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lab.benchmarks import (
    calls,
    erasures,
    month,
    pages,
    planner,
    posts,
    size,
    stock,
    storing,
    wal,
)
from lab.benchmarks.histories import Cost
from lab.benchmarks.servers import BenchmarkServers
from tests.support.tables import assert_filled

LEAST = {
    "calls": (calls, calls.Sizes(skus=30, orders=20)),
    "stock": (stock, stock.Sizes(sellers=1, sales=1)),
    "planner": (planner, planner.Sizes((30, 60), rounds=1)),
    "erasures": (erasures, erasures.Sizes(orders=20, deletions=3, buyers=2, slow=1)),
    "posts": (posts, posts.Sizes(rounds=1, posts=3)),
    "pages": (pages, pages.Sizes(sellers=20, polls=4, times=1)),
    "month": (month, month.Sizes(sellers=5, days=4)),
    "size": (size, size.Sizes(sellers=60, events=3_000, times=1)),
    "wal": (wal, wal.Sizes(scenes=((2, 1, 1),))),
    "store": (storing, storing.Sizes(rounds=1, polls=1, orders=3)),
}


@pytest.mark.parametrize(("part", "sizes"), LEAST.values(), ids=LEAST)
def test_a_benchmark_fills_its_tables(part: ModuleType, sizes: Any, database: str, temporal_address: str, tmp_path: Path) -> None:
    assert_filled(part.measure(BenchmarkServers(database, temporal_address, tmp_path), sizes))


@pytest.mark.parametrize(("timers", "words"), [(0, "all"), (2, "2.00"), (8, "0.50")])
def test_polls_on_a_machine_that_is_always_late_need_no_timer(timers: int, words: str) -> None:
    assert Cost(timers, [11, 11, 12, 11]).polls_a_timer() == words
