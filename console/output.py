"""Words for a person, fields with `--json`; errors in one line on stderr."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any

import typer

from console.cells import cell, is_time
from console.layout import INDENT, NONE, TableColumn, cards, table, wrapped
from domain.scopes import without_tokens

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


class Output:
    """How this process speaks; chosen by the command that runs."""

    json = False


def with_json(function: Callable[..., None]) -> Callable[..., None]:
    """The same command with an option `--json`."""

    @wraps(function)
    def command(*args: Any, as_json: bool = False, **kwargs: Any) -> None:
        Output.json = as_json
        function(*args, **kwargs)

    signature = inspect.signature(function, eval_str=True)
    option = inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json)
    command.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in signature.parameters.values()} | {"as_json": Json}
    return command


def say(text: str, **fields: Any) -> None:
    """The command's answer: `text` for a person, `fields` as one JSON object."""
    if Output.json:
        print_json(fields)
    else:
        typer.echo(text)


def print_json(fields: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def show(
    rows: Iterable[Mapping[str, Any]],
    columns: Mapping[str, str],
    empty: str,
    *,
    sentences: Collection[str] = (),
    numbers: Collection[str] = (),
) -> None:
    """For a person a table, or cards where it is too wide for the screen.

    Args:
        columns: a row's fields, each with its heading.
        empty: what is said instead where there are no rows: also what to do first.
        sentences: fields that may take several lines; they stand last.
        numbers: fields that stand at the right.
    """
    if Output.json:
        for row in rows:
            print_json(row)
        return
    lines = lines_of(rows, columns, sentences=sentences, numbers=numbers)
    out(lines or wrapped(empty, width()))


def lines_of(
    rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], *, sentences: Collection[str] = (), numbers: Collection[str] = ()
) -> list[str]:
    """As `show` prints them. The first heading of a time says once that times are in UTC."""
    room = width()
    shown = [{field: cell(field, row.get(field)) for field in columns} for row in rows]
    if not shown:
        return []
    timed = next((field for field in columns if is_time(field) and any(row[field] != NONE for row in shown)), None)
    named = {field: f"{heading} (UTC)" if field == timed else heading for field, heading in columns.items()}
    order = [*(field for field in columns if field not in sentences), *(field for field in columns if field in sentences)]
    stands = [TableColumn(field, named[field], field in numbers, field in sentences) for field in order]
    if (fitting := table(shown, stands, room)) is not None:
        return [bold(fitting[0]), *fitting[1:]]
    if timed:
        stands = [replace(one, heading=columns[one.field]) for one in stands]
    lines = [["Times are in UTC."]] if timed else []
    lines += [[bold(title), *rest] for title, *rest in cards(shown, stands, room)]
    return "\n\n".join("\n".join(one) for one in lines).split("\n")


def show_texts(rows: Iterable[Mapping[str, Any]], heads: Mapping[str, str], texts: Mapping[str, str], empty: str) -> None:
    """For rows whose words need the width of the screen: a line of facts, and the sentences indented below it.

    Args:
        heads: fields of the line, each with what stands before its value; what a row lacks is left out.
        texts: fields of the sentences, likewise.
    """
    if Output.json:
        for row in rows:
            print_json(row)
        return
    lines = texts_of(rows, heads, texts)
    out(lines or wrapped(empty, width()))


def texts_of(rows: Iterable[Mapping[str, Any]], heads: Mapping[str, str], texts: Mapping[str, str]) -> list[str]:
    """As `show_texts` prints them; the first time says once that it is in UTC."""
    room, zone = width(), " UTC"
    lines: list[str] = []
    for row in rows:
        head = []
        for field, before in heads.items():
            if row.get(field) is not None:
                words = cell(field, row[field])
                if is_time(field):
                    words, zone = words.replace(",", f"{zone},", 1), ""
                head.append(f"{before}{words}")
        lines += [""] if lines else []
        lines += [bold(line) for line in wrapped(", ".join(head), room, rest=INDENT)]
        for field, before in texts.items():
            if row[field]:
                lines += wrapped(f"{before}{row[field]}", min(room or TEXT, TEXT), INDENT, INDENT)
    return lines


TEXT = 80  # cells: the eye loses the line of a longer one


def width() -> int | None:
    """Cells of the screen; None where nobody looks: whoever reads a pipe has whole lines. COLUMNS overrules."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def bold(line: str) -> str:
    """For a terminal that shows it."""
    plain = not line or not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return line if plain else f"\x1b[1m{line}\x1b[22m"


def out(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def fail(text: str, code: int) -> int:
    """One line on stderr, whatever the text has, and no token of the API in it; returns the exit code."""
    sys.stderr.write(f"starter: {without_tokens(' '.join(text.split()))}\n")
    return code


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return str(value)
