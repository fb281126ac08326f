"""Commands of sending again: `replay`, and how far replays are."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any

import typer

from console.arguments import SellerOption, count
from console.deliveries import EndpointOption, Since, TypeOption, Until, id_of, in_order, new_context, types
from console.known import seller_is_known
from console.output import Output, say, show, with_json
from console.progress import bar
from operations import replays as operations
from operations.context import CommandContext

commands = typer.Typer()
MANY = 1000
COLUMNS = {"id": "id", "asked_at": "asked", "state": "state", "sent": "sent", "messages": "of", "author": "by", "what": "what"}
EMPTY = "nothing was sent again; begin with: starter.py replay --help"
NOTHING = "name changes by ID, by --from and --to, by --seller, --type, --since or --until, or by --failed"


@commands.command()
@with_json
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Ids of changes.", show_default=False)] = None,
    endpoint: EndpointOption = None,
    first: Annotated[int | None, typer.Option("--from", parser=count(1), metavar="POSITION", help="The first to be sent again.")] = None,
    last: Annotated[int | None, typer.Option("--to", parser=count(1), metavar="POSITION", help="The last one.")] = None,
    seller: SellerOption = None,
    type_: TypeOption = None,
    since: Since = None,
    until: Until = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was not taken at its last attempt: it is tried now.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many messages that makes.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Show the progress until all is sent; Ctrl-C leaves it to itself.")] = False,
) -> None:
    """Send changes again, under the same ids: those named, or all that fit positions, seller, types, times and --failed."""
    if not (ids or type_ or failed) and all(one is None for one in (first, last, seller, since, until)):
        raise typer.BadParameter(NOTHING)
    if first is not None and last is not None and last < first:
        raise typer.BadParameter("--to lies before --from")
    in_order(since, until)
    context = new_context()
    if seller is not None:
        seller_is_known(context, seller)
    positions: dict[str, Any] = {"first": first, "last": last}
    limits: dict[str, Any] = {"seller": seller, "types": types(type_), "since": since, "until": until, "failed": failed}
    chosen = id_of(context, endpoint)
    begun = asyncio.run(operations.replay(context, context.author, endpoint=chosen, ids=ids, **positions, **limits, dry_run=dry_run))
    if dry_run:
        say(f"{begun.messages:,} messages would be sent again; nothing is sent", messages=begun.messages)
        return
    fields = {"messages": begun.messages, "id": begun.id}
    if wait and begun.id is not None:
        with suppress(KeyboardInterrupt):
            fields = follow(context, begun.id)
            say(f"{fields['sent']:,} of {fields['messages']:,} messages were sent again", **fields)
            return
    how_far = "" if begun.id is None else f"; how far it is: starter.py replays {begun.id}"
    say(f"{begun.messages:,} messages are sent again; what is not delivered yet comes anyway{how_far}", **fields)


def follow(context: CommandContext, replay_id: int, pause: Callable[[], None] = lambda: time.sleep(1)) -> dict[str, Any]:
    """Until all of it is sent; a bar on stderr where that is a terminal. Returns its last state."""
    while True:
        found = operations.progress_of(context, replay_id)
        if sys.stderr.isatty():
            over = found["state"] == "done"
            sys.stderr.write(f"\r{drawn(found)}\x1b[K{chr(10) if over else ''}")
            sys.stderr.flush()
        if found["state"] == "done":
            return found
        pause()


def drawn(found: Mapping[str, Any]) -> str:
    """`######------  50 %  5 of 10`."""
    return f"{bar(found['sent'] / (found['messages'] or 1))}  {found['sent']:,} of {found['messages']:,}"


@commands.command()
@with_json
def replays(
    replay_id: Annotated[
        int | None, typer.Argument(parser=count(1), metavar="[ID]", help="One replay; else the newest.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(parser=count(1, MANY), metavar="N", help="So many, the newest.")] = 20,
) -> None:
    """Show how far replays are: how many of how many messages are sent, the newest first."""
    context = new_context()
    rows = operations.listed(context, limit) if replay_id is None else [operations.progress_of(context, replay_id)]
    if not Output.json:
        rows = [row | {"what": operations.in_words(row)} for row in rows]
    show(
        rows,
        COLUMNS,
        empty=EMPTY,
        sentences=("what",),
        numbers=("sent", "messages"),
    )
