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
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


class Output:
    """How this process speaks; chosen by the command that runs."""

    json = False


class FailedError(Exception):
    """The command could not do it: one line on stderr, exit 1."""


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
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(field)) for field in columns))
    if table.row_count:
        Console().print(table)
    else:
        typer.echo(empty)


def fail(text: str, code: int) -> int:
    """One line on stderr, whatever the text has; returns the exit code."""
    sys.stderr.write(f"starter: {' '.join(text.split())}\n")
    return code


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return str(value)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
