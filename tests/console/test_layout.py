"""Tables where they fit and cards where they do not: no line is wider than the screen, no word is cut, nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console import cells
from console.cells import ScreenClock, cell
from console.layout import NONE, TableColumn, cards, printable, table, wrapped

WORDS = st.text("abcdefghi-.:0123456789\u00e4\u0645\u0631\u062d\u0628\u0627", min_size=1, max_size=14)
SENTENCES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
CELLS = st.one_of(st.just(NONE), WORDS, SENTENCES)
WHY = TableColumn("why", "why", sentence=True)
COLUMNS = (
    TableColumn("seller", "seller"),
    TableColumn("state", "state"),
    TableColumn("calls", "calls", numbers=True),
    WHY,
)
ROWS = st.lists(st.fixed_dictionaries({one.field: CELLS for one in COLUMNS}), min_size=1, max_size=6)
WIDTHS = st.integers(30, 160)
NOW = datetime(2026, 11, 30, 12, 3, 10, tzinfo=UTC)


@given(rows=ROWS, width=WIDTHS)
def test_no_line_is_wider_than_the_screen_and_no_word_is_cut_or_lost(rows: list[dict[str, str]], width: int) -> None:
    fitting = table(rows, COLUMNS, width)
    lines = fitting if fitting is not None else [line for card in cards(rows, COLUMNS, width) for line in card]
    shown = [word.strip(";:") for line in lines for word in line.split()]

    assert max(map(cell_len, lines)) <= width
    for row in rows:
        for value in row.values():
            assert {word.strip(";:") for word in value.split()} <= {*shown, NONE, ""}


@given(rows=ROWS)
def test_whoever_reads_a_pipe_has_a_line_a_row_however_long_it_is(rows: list[dict[str, str]]) -> None:
    lines = table(rows, COLUMNS, None)

    assert lines is not None
    assert len(lines) == 1 + len(rows)


@given(rows=ROWS, width=WIDTHS)
def test_columns_begin_under_their_heading(rows: list[dict[str, str]], width: int) -> None:
    lines = table(rows, COLUMNS[:2], width)

    if lines is not None:
        begins = lines[0].index("state")
        assert all(line[:begins].endswith("  ") and line[begins] != " " for line in lines)


@given(text=st.text(max_size=60), width=st.integers(20, 60))
def test_any_text_is_in_lines_that_a_terminal_only_prints(text: str, width: int) -> None:
    lines = wrapped(text, width)

    assert all(letter.isprintable() or letter in "\u200c\u200d" for line in lines for letter in line)
    assert all(cell_len(line) <= width or " " not in line for line in lines)


def test_what_is_written_without_spaces_is_cut_between_its_letters_and_an_id_is_not() -> None:
    assert wrapped("\u4e66" * 12, 10) == ["\u4e66" * 5, "\u4e66" * 5, "\u4e66" * 2]
    assert wrapped(f"seller {'x' * 100} fails", 60, rest="  ") == ["seller", f"  {'x' * 100}", "  fails"]


def test_wide_letters_count_twice() -> None:
    rows = [{"seller": "\U0001f4da\u4e66", "state": "polling"}, {"seller": "anna", "state": "paused"}]

    assert table(rows, COLUMNS[:2], 80) == ["seller  state", "\U0001f4da\u4e66    polling", "anna    paused"]


@pytest.mark.parametrize(("text", "shown"), [("a\x1b[31mb", "a?[31mb"), ("a\r\nb\tc", "a  b c"), ("\u202egnp", "?gnp"), ("a\x00", "a?")])
def test_what_a_terminal_would_obey_is_not_printed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_sentence_stands_below_its_row_where_there_is_no_room_beside_it() -> None:
    rows = [{"seller": "anna", "state": "needs_reauthorization", "calls": "1,234", "why": "eBay refuses the token of this seller"}]

    assert table(rows, COLUMNS, 50) == [
        "seller  state                  calls",
        "anna    needs_reauthorization  1,234",
        "  why: eBay refuses the token of this seller",
    ]
    assert table(rows, COLUMNS, 30) is None
    assert list(cards(rows, COLUMNS, 30)) == [
        ["anna", "  why: eBay refuses the token", "    of this seller", "  state: needs_reauthorization", "  calls: 1,234"]
    ]


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(minutes=2), "12:01:10, 2 min ago"),
        (timedelta(hours=20), "2026-11-29 16:03, 20 h ago"),
        (timedelta(days=400), "2025-10-26 12:03, 400 days ago"),
        (timedelta(days=-1200), "2030-03-14 12:03, in 1,200 days"),
    ],
)
def test_a_time_has_its_age_beside_it(ago: timedelta, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScreenClock, "stands_at", NOW)

    assert cell("last_poll_at", (NOW - ago).isoformat()) == shown


def test_a_poll_that_should_have_come_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScreenClock, "stands_at", NOW)

    assert cell("next_poll_at", "2026-11-30T11:56:10+00:00") == "11:56:10, overdue by 7 min"
    assert cell("next_poll_at", "2026-11-20T12:03:10+00:00") == "2026-11-20 12:03, overdue by 10 days"


@pytest.mark.parametrize(("field", "value", "shown"), [("limit", 1_234_567, "1,234,567"), ("position", 120_417, "120417"), ("id", 1, "1")])
def test_numbers_have_separators_but_for_those_that_are_names(field: str, value: int, shown: str) -> None:
    assert cell(field, value) == shown
    assert cells.now().tzinfo is UTC
