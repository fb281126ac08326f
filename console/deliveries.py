"""Commands of what was sent: the log, and one message. Sending again is in `replays`."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

import typer

from console.arguments import SellerOption, count, past, type_patterns
from console.known import none_found
from console.messages import show_message
from console.output import Output, out, with_json
from console.reports import show_deliveries
from operations import deliveries as operations
from operations.context import CommandContext
from operations.messages import message
from store.delivery.deliveries import AttemptFilter
from store.schema.tables import LARGEST_ID

commands = typer.Typer()
MANY, PAGE = 10_000, 1000
EndpointOption = Annotated[str | None, typer.Option("--endpoint", metavar="ID", help="One endpoint only, by its name or id.")]
TypeOption = Annotated[
    list[str] | None,
    typer.Option("--type", parser=type_patterns, metavar="TYPE", help="Such as order.* or inventory.sold; may be repeated."),
]
Since = Annotated[
    datetime | None, typer.Option("--since", parser=past, metavar="TIME", help="From then on: 2h (ago), or 2026-06-01T12:00:00Z (UTC).")
]
Until = Annotated[datetime | None, typer.Option("--until", parser=past, metavar="TIME", help="What came before then, written likewise.")]


def new_context() -> CommandContext:
    return CommandContext("database_url", "secret_keys")


@commands.command()
@with_json
def deliveries(
    endpoint: EndpointOption = None,
    seller: SellerOption = None,
    type_: TypeOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was not taken.")] = False,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(parser=count(1, MANY), metavar="N", help="So many, the newest.")] = 100,
    before: Annotated[int | None, typer.Option(parser=count(1), metavar="N", help="Go on with older ones.")] = None,
) -> None:
    """The log of what was sent, with the answers; the newest first. SELLERBEAT_KEEP_DELIVERIES says how long it is kept."""
    in_order(since, until)
    context = new_context()
    chosen = id_of(context, endpoint)
    rows, older = found(context, AttemptFilter(chosen, seller, types(type_), failed, since, until), limit, before or LARGEST_ID)
    none_found(context, seller, rows)
    show_deliveries(rows, any((endpoint, seller, type_, failed, since, until)))
    if older is not None and not Output.json:
        out(["", f"There are older ones: add --before {older}."])


@commands.command()
@with_json
def delivery(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="The message's id, which is its change's.", show_default=False)],
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the buyer too; that you looked stands in the audit.")] = False,
) -> None:
    """Show one message: who it is for, every attempt with its answer, and its body, in which the buyer is hidden."""
    context = new_context()
    show_message(asyncio.run(message(context, context.author, message_id, reveal=reveal)))


def id_of(context: CommandContext, endpoint: str | None) -> str | None:
    """Of an endpoint by its name or id. Raises UnknownEndpointError."""
    return None if endpoint is None else context.store.endpoints.one(endpoint).id


def found(context: CommandContext, chosen: AttemptFilter, limit: int, before: int) -> tuple[list[dict[str, Any]], int | None]:
    """Attempts, page by page, and what to go on before; None: there are no older ones."""
    rows: list[dict[str, Any]] = []
    older: int | None = before
    while older is not None and len(rows) < limit:
        page = operations.log(context, chosen, min(limit - len(rows), PAGE), older)
        rows += page.attempts
        older = page.next
    return rows, older


def types(given: list[str] | None) -> tuple[str, ...]:
    """`--type` may be repeated, and each may name several."""
    return tuple(pattern for patterns in given or () for pattern in patterns)


def in_order(since: datetime | None, until: datetime | None) -> None:
    """Raises typer.BadParameter: nothing lies between them."""
    if since is not None and until is not None and until <= since:
        raise typer.BadParameter("--until lies before --since; write --since 4h --until 2h for the time between")
