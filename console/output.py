"""Words for a person, fields with `--json`; errors in one line on stderr."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from operations.times import age, due

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


def show(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], empty: str) -> None:
    """A table for a person: `columns` maps a row's field to its heading."""
    if Output.json:
        for row in rows:
            print_json(row)
        return
    table = table_of(rows, columns)
    if table.row_count:
        Console().print(table)
    else:
        typer.echo(empty)


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
    console, any_printed = Console(), False
    for row in rows:
        head = [f"{before}{_cell(field, row[field])}" for field, before in heads.items() if row.get(field) is not None]
        console.print(Text(("\n" if any_printed else "") + ", ".join(head), style="bold"))
        for field, before in texts.items():
            console.print(Padding(Text(f"{before}{row[field]}"), (0, 0, 0, 2), expand=False))
        any_printed = True
    if not any_printed:
        typer.echo(empty)


def table_of(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(field, row.get(field))) for field in columns))  # as it is: a reason may hold what looks like markup
    return table


def fail(text: str, code: int) -> int:
    """One line on stderr, whatever the text has; returns the exit code."""
    sys.stderr.write(f"starter: {' '.join(text.split())}\n")
    return code


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return str(value)


def _cell(field: str, value: Any) -> str:
    if value is None or value == "":
        return "-"
    if not field.endswith("_at"):
        return str(value)
    moment, now = datetime.fromisoformat(value), datetime.now(UTC)
    return due(moment, now) if field == "next_poll_at" else age(moment, now)
