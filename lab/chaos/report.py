"""What the chaos prints: tables of text, and what was not as it must be."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


@dataclass
class ChaosTable:
    title: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def text(self) -> str:
        """As Markdown, its columns as wide as they need to be: the same on a terminal and in `docs/`."""
        widths = [max(len(row[column]) for row in [self.head, *self.rows]) for column in range(len(self.head))]
        rule = [("-" * width) if column < 2 else ("-" * (width - 1) + ":") for column, width in enumerate(widths)]
        lines = [_line(row, widths) for row in [self.head, rule, *self.rows]]
        return "\n".join([f"### {self.title}", "", *lines, "", *self.notes]).rstrip()


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths, strict=True))]
    return f"| {' | '.join(cells)} |"


@dataclass
class ChaosReport:
    """Of one part."""

    tables: list[ChaosTable] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def table(self, title: str, head: Sequence[str]) -> ChaosTable:
        self.tables.append(ChaosTable(title, head))
        return self.tables[-1]

    def expect(self, true: bool, words: str) -> None:
        if not true:
            self.failures.append(words)
