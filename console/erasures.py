"""`starter.py erasures`: who was forgotten, as proof without a name; and doing it again after a restore."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from activities.fleet.erasing import end_seller
from console.arguments import file_named
from console.output import Output, say, show, with_json
from operations.audit import recorded
from operations.context import CommandContext
from store import Store

commands = typer.Typer()
COLUMNS = {"id": "deletion", "state": "state", "asked_at": "asked", "done_at": "done", "rows": "rows, by table"}
BATCH = 1000
NOT_PRINTED = "{option} {source} holds lines that `erasures --json` did not print"


@commands.command()
@with_json
def erasures(
    again: Annotated[bool, typer.Option("--again", help="After a restore: erase once more all that came back with the backup.")] = False,
    known: Annotated[
        str | None, typer.Option("--from", metavar="F|-", help="With --again: what erasures --json printed before the restore.")
    ] = None,
    pending: Annotated[bool, typer.Option("--pending", help="Only those that are not done yet.")] = False,
) -> None:
    """List the users who left eBay and were erased, without a name; or erase them again after a restore."""
    if pending and again:
        raise typer.BadParameter("--pending lists, and --again erases: give one of them")
    if known and not again:
        raise typer.BadParameter("--from goes with --again")
    context = CommandContext("database_url", "secret_keys")
    if again:
        _again(context, known)
        return
    rows = context.store.deletions.rows(pending=pending)
    show(
        rows if Output.json else ({**row, "rows": words_of(row["counts"])} for row in rows),
        COLUMNS,
        empty="nobody left",
        sentences=("rows",),
    )


def _again(context: CommandContext, known: str | None) -> None:
    lines = read_known(known, "--from") if known else []
    with recorded(context, "erasures.again"):
        taken = take_known(context.store, lines, known or "", "--from")
        found = erase_again(context)
    words = words_of(found) or "nothing had come back"
    say(f"erased again: {words}; {taken} erasures were not known here", rows=found, taken=taken)


def take_known(store: Store, lines: Sequence[dict[str, Any]], source: str, option: str) -> int:
    """Take what `read_known` read; returns how many the backup did not know. Raises typer.BadParameter."""
    taken = 0
    for start in range(0, len(lines), BATCH):
        try:
            taken += store.deletions.know(lines[start : start + BATCH])
        except (KeyError, TypeError, ValueError):
            raise typer.BadParameter(NOT_PRINTED.format(option=option, source=file_named(source))) from None
    return taken


def erase_again(context: CommandContext) -> dict[str, int]:
    """Erase all that came back with a backup of whom the database knows to have left. Returns rows, by table."""
    store = context.store
    sellers = store.deletions.persons(store.accounts.all())
    if sellers:
        asyncio.run(_end(context, store, sellers))
    found: Counter[str] = Counter(sellers=len(sellers))
    for page in store.erasing.all():
        found += page
    return dict(+found)


async def _end(context: CommandContext, store: Store, sellers: list[str]) -> None:
    client = await context.temporal()
    for seller_id in sellers:
        await end_seller(store, client, seller_id)


def read_known(source: str, option: str) -> list[dict[str, Any]]:
    """What `erasures --json` printed before the restore. Raises typer.BadParameter: no such file, no JSON, or something else."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no lines of JSON"
        raise typer.BadParameter(f"{option} {file_named(source)} cannot be read: {why}; give what `erasures --json` printed") from None
    if not all(isinstance(line, dict) for line in lines):
        raise typer.BadParameter(NOT_PRINTED.format(option=option, source=file_named(source)))
    return lines


def words_of(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {table}" for table, count in sorted(counts.items()))
