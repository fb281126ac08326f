"""A CSV of sellers to enrol (`enroll --from`), read before anybody is enrolled. No text here shows a cell: columns get mixed up, and
then a refresh token stands where a name is expected."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import typer

from console.arguments import between, file_named, future_day, read_text, since
from domain.pacing import InventorySource
from domain.seller_id import wrong_seller_id
from operations.enrolment import EnrolmentOptions, EnrolmentRow
from operations.moving import EXPECTED
from operations.pasted import NoTokenError, refresh_token

NEEDED = ("seller_id", "refresh_token")
DELIMITERS = ",;\t"  # spreadsheets of many countries write semicolons
COLUMN = re.compile(r"[A-Za-z _-]{1,30}")  # what may be shown of a heading: a file without one begins with a token
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


class UnreadableError(ValueError):
    """Why a row cannot be used."""


def read_rows(source: str, defaults: EnrolmentOptions) -> list[EnrolmentRow]:
    """The rows of a file, or of standard input (`-`). An empty cell is as `defaults` have it; empty lines are left out.

    Raises:
        typer.BadParameter: the file cannot be read, is no CSV, or its heading names a column that is unknown, twice or missing.
    """
    text = read_text(source, "--from").removeprefix("\ufeff")
    heading = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=heading.count), strict=True)
    try:
        columns = _columns([name.strip() for name in next(reader, [])])
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise typer.BadParameter(f"--from {file_named(source)} is no CSV: {error} (line {reader.line_num})") from None
    rows: list[EnrolmentRow] = []
    first: dict[str, int] = {}
    for number, cells in lines:
        if any(cells):
            row = _row(number, columns, cells, defaults)
            rows.append(_once(row, first))
    return rows


def _columns(names: Sequence[str]) -> list[str]:
    known = (*NEEDED, *READERS)
    columns = f"the columns are {', '.join(known)}"
    if not any(names):
        raise typer.BadParameter(f"--from: the first line must name the columns; {columns}")
    if unknown := [name for name in names if name not in known]:
        shown = [name for name in unknown if COLUMN.fullmatch(name)]
        word = f"no column is called {', '.join(shown)}" if len(shown) == len(unknown) else "the first line does not name the columns"
        raise typer.BadParameter(f"--from: {word}; {columns}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise typer.BadParameter(f"--from: twice in the first line: {', '.join(twice)}")
    if lacking := [name for name in NEEDED if name not in names]:
        raise typer.BadParameter(f"--from: the first line lacks {' and '.join(lacking)}; {columns}")
    if "backfill" in names and "last_poll_at" in names:
        raise typer.BadParameter("--from: backfill and last_poll_at say the same; keep one of the columns")
    return list(names)


def _row(number: int, columns: Sequence[str], cells: Sequence[str], defaults: EnrolmentOptions) -> EnrolmentRow:
    if len(cells) != len(columns):
        return EnrolmentRow(number, wrong=f"{len(cells)} cells where the first line has {len(columns)}")
    cell = dict(zip(columns, cells, strict=True))
    if wrong := wrong_seller_id(cell["seller_id"]):
        return EnrolmentRow(number, wrong=f"seller_id: {wrong}")
    row = EnrolmentRow(number, cell["seller_id"])
    try:
        return replace(row, refresh_token=_token(cell["refresh_token"]), options=_options_of(cell, defaults))
    except UnreadableError as error:
        return replace(row, wrong=str(error))


def _once(row: EnrolmentRow, first: dict[str, int]) -> EnrolmentRow:
    """Two tokens of one seller: which one is right, only the file's owner knows."""
    if row.seller_id is None or row.wrong:
        return row
    number = first.setdefault(row.seller_id, row.number)
    return row if number == row.number else replace(row, wrong=f"row {number} is of the same seller")


def _token(text: str) -> str:
    try:
        return refresh_token(text)
    except NoTokenError as error:
        raise UnreadableError(f"refresh_token is {error}") from None


def _options_of(cell: Mapping[str, str], defaults: EnrolmentOptions) -> EnrolmentOptions:
    given: dict[str, Any] = {}
    for column, (field, read, expected) in READERS.items():
        if text := cell.get(column):
            try:
                given[field] = read(text)
            except (ValueError, typer.BadParameter):
                raise UnreadableError(f"{column} is not {expected}") from None
    options = replace(defaults, **given)
    if wrong := options.wrong():
        raise UnreadableError(wrong)
    return options


def _yes(text: str) -> bool:
    if text.lower() not in (*YES, *NO):
        raise ValueError
    return text.lower() in YES


READERS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "orders_every": ("orders_every", between("0.5s", "1d"), "a duration of 0.5s to 1d, such as 30s"),
    "backfill": ("backfill", between("1s", "729d"), "a duration of 1s to 729d, such as 7d"),
    "last_poll_at": ("backfill", since, EXPECTED),
    "scopes": ("scopes", str, "a list of scopes"),
    "refresh_token_expires": ("ends", future_day, "a day to come, such as 2028-01-01"),
    "inventory_source": ("source", InventorySource, "auto, inventory_api, trading or both"),
    "offers": ("offers", _yes, "yes or no"),
}
"""Each optional column: what it sets, how it is read, and what is expected there."""
