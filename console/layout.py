"""How rows stand on a screen: a table where it fits, cards where it does not. Pure: cells in, lines out.

Widths are in cells of a terminal: a letter of Chinese and most emoji take two, a vowel sign of Arabic none (`rich.cells`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

GAP = "  "
LEAST = 24  # cells that a column of sentences needs to be read; with fewer the rows become cards
INDENT, HANG = "  ", "    "
NONE = "-"  # a cell that says nothing
JOINERS = "\u200c\u200d"  # hold Persian words and families of emoji together
OBEYED = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # turn the direction of all that follows


@dataclass(frozen=True, slots=True)
class TableColumn:
    """`heading`: as people read it. `numbers`: stand at the right. `sentence`: may take several lines; it stands behind all others."""

    field: str
    heading: str
    numbers: bool = False
    sentence: bool = False


def printable(text: str) -> str:
    """One line without what a terminal would obey: eBay's titles and people's reasons may hold anything."""
    return "".join(_shown(letter) for letter in text)


def _shown(letter: str) -> str:
    if letter.isspace():
        return " "
    return letter if (letter.isprintable() or letter in JOINERS) and letter not in OBEYED else "?"


def wrapped(text: str, width: int | None, first: str = "", rest: str = "") -> list[str]:
    """`text` in lines of at most `width` cells, cut between words. A word that is wider stands alone and whole, so that it can be copied;
    but what is written without spaces, such as Chinese, is cut between its letters.

    Args:
        width: None: one line.
        first, rest: what the first line and the others begin with.
    """
    lines, line, room = [], first, None if width is None else max(8, width)
    begun = False
    for word in printable(text).split():
        if room is None or cell_len(line) + begun + cell_len(word) <= room:
            line, begun = f"{line} {word}" if begun else line + word, True
            continue
        if begun:
            lines.append(line)
            line = rest
        *whole, line = _cut(line + word, room, rest) if _is_wide(word) else [line + word]
        lines += whole
        begun = True
    return [*lines, line.rstrip()]


def table(rows: Sequence[Mapping[str, str]], columns: Sequence[TableColumn], width: int | None) -> list[str] | None:
    """A heading and a line a row; sentences, which stand last, take several lines or stand below their row. None: it does not fit."""
    if not rows:
        return []
    sizes = [max(cell_len(one.heading), *(cell_len(row[one.field]) for row in rows)) for one in columns]
    if width is None or _together(sizes) <= width:
        return [
            _line([one.heading for one in columns], sizes, columns),
            *(_line([row[one.field] for one in columns], sizes, columns) for row in rows),
        ]
    short = [one for one in columns if not one.sentence]
    sentences = columns[len(short) :]
    sizes = sizes[: len(short)]
    if not sentences or _together(sizes) > width:
        return None
    left = width - _together(sizes) - len(GAP)
    if len(sentences) == 1 and left >= max(LEAST, *(_longest_word(row[sentences[0].field]) for row in rows)):
        return _beside(rows, columns, [*sizes, left])
    return _below(rows, short, sentences, sizes, width)


def _beside(rows: Sequence[Mapping[str, str]], columns: Sequence[TableColumn], sizes: Sequence[int]) -> list[str]:
    lines, indent = [_line([one.heading for one in columns], sizes, columns)], " " * (_together(sizes[:-1]) + len(GAP))
    for row in rows:
        words, *more = wrapped(row[columns[-1].field], sizes[-1])
        lines.append(_line([*(row[one.field] for one in columns[:-1]), words], sizes, columns))
        lines += [indent + one for one in more]
    return lines


def _below(
    rows: Sequence[Mapping[str, str]], short: Sequence[TableColumn], sentences: Sequence[TableColumn], sizes: Sequence[int], width: int
) -> list[str]:
    lines = [_line([one.heading for one in short], sizes, short)]
    for row in rows:
        lines.append(_line([row[one.field] for one in short], sizes, short))
        for one in sentences:
            if row[one.field] != NONE:
                lines += wrapped(f"{one.heading}: {row[one.field]}", width, INDENT, HANG)
    return lines


def _together(sizes: Sequence[int]) -> int:
    return sum(sizes) + len(GAP) * (len(sizes) - 1)


def cards(rows: Sequence[Mapping[str, str]], columns: Sequence[TableColumn], width: int | None) -> Iterator[list[str]]:
    """Of each row its lines: the first column's value, sentences, and `heading: value` of the others that say something."""
    title, *others = columns
    for row in rows:
        lines = wrapped(row[title.field], width, rest=INDENT)
        said = [one for one in others if row[one.field] != NONE]
        for one in said:
            if one.sentence:
                lines += wrapped(f"{one.heading}: {row[one.field]}", width, INDENT, HANG)
        lines += _packed([f"{one.heading}: {row[one.field]}" for one in said if not one.sentence], width)
        yield lines if len(lines) > 1 else wrapped(f"{row[title.field]}: nothing yet", width, rest=INDENT)


def _packed(pairs: Sequence[str], width: int | None) -> list[str]:
    """As many in a line as there is room for."""
    lines: list[str] = []
    line = ""
    for pair in pairs:
        if line and (width is None or cell_len(f"{INDENT}{line}; {pair}") <= width):
            line = f"{line}; {pair}"
            continue
        lines += wrapped(line, width, INDENT, HANG) if line else []
        line = pair
    return lines + (wrapped(line, width, INDENT, HANG) if line else [])


def _line(cells: Sequence[str], sizes: Sequence[int], columns: Sequence[TableColumn]) -> str:
    padded = []
    for cell, size, one in zip(cells, sizes, columns, strict=True):
        room = " " * (size - cell_len(cell))
        padded.append(room + cell if one.numbers else cell + room)
    return GAP.join(padded).rstrip()


def _longest_word(text: str) -> int:
    return max((2 if _is_wide(word) else cell_len(word) for word in text.split(" ")), default=0)


def _is_wide(word: str) -> bool:
    return any(cell_len(letter) == 2 for letter in word)


def _cut(text: str, width: int, rest: str) -> list[str]:
    lines, line = [], ""
    for letter in text:
        if cell_len(line + letter) > width and line.strip():
            lines.append(line)
            line = rest
        line += letter
    return [*lines, line]
