"""What a benchmark measured, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from lab.benchmarks.table import ResultTable


def assert_filled(tables: Sequence[ResultTable]) -> None:
    assert tables
    assert all(len(row) == len(table.head) for table in tables for row in table.rows)
    assert all(any(digit in table.text() for digit in "123456789") for table in tables)
