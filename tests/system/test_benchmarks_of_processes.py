"""Benchmarks that start workers and commands, with the least that they can measure: half a minute of CPU. The others are in tests/lab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lab.benchmarks import commands, deliveries, memory, notifications, polls, quiet
from lab.benchmarks.servers import BenchmarkServers
from tests.support.histories import sweep
from tests.support.tables import assert_filled

LEAST = {
    "quiet": (quiet, quiet.Sizes(sellers=1, polls=2, cadences=(("0.5s", "0.5s", "0.5s"),))),
    "polls": (polls, polls.Sizes(sellers=2, rounds=1, seconds=0.2)),
    "memory": (memory, memory.Sizes(sellers=2, orders=60, listings=60)),
    "commands": (commands, commands.Sizes(rounds=1)),
    "deliveries": (deliveries, deliveries.Sizes(sellers=2, changes=2, rounds=1, alone=1)),
    "notifications": (notifications, notifications.Sizes(times=2)),
}


@pytest.fixture
def swept(temporal_address: str) -> Iterator[str]:
    """What is left running ends after each: a worker's watchdog begins again what a benchmark has ended."""
    yield temporal_address
    sweep(temporal_address)


@pytest.mark.parametrize(("part", "sizes"), LEAST.values(), ids=LEAST)
def test_a_benchmark_of_processes_fills_its_tables(part: ModuleType, sizes: Any, database: str, swept: str, tmp_path: Path) -> None:
    assert_filled(part.measure(BenchmarkServers(database, swept, tmp_path), sizes))
