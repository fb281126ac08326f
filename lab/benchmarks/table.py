"""What a benchmark prints: rows of text, and beside a promise whether it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass
class ResultTable:
    title: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def text(self) -> str:
        """Columns as wide as they need to be; the first to the left, the others to the right."""
        widths = [max(len(row[column]) for row in [self.head, *self.rows]) for column in range(len(self.head))]
        lines = [_line(row, widths) for row in [self.head, ["-" * width for width in widths], *self.rows]]
        return "\n".join([f"== {self.title}", *lines, *(f"   {note}" for note in self.notes)])


def held(fine: bool) -> str:
    return "kept" if fine else "MISSED"


def spread(values: Sequence[float], digits: int = 1) -> str:
    """`52.1 (49.0..53.8)`: the median of the rounds, the least and the most of them."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
