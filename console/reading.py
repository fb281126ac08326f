"""Commands that show what is there and change nothing (but `set-aside --retry`)."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext, suppress
from typing import Annotated

import typer

from console.arguments import (
    Entities,
    SellerId,
    SellerOption,
    SellerState,
)
from console.events import event_line
from console.output import Output, print_json, say, show, show_texts, with_json
from console.snapshot import show_snapshot
from console.standing import follow_status, show_status
from operations.alerts import listed
from operations.aside import retry_set_aside
from operations.context import CommandContext
from operations.errors import FailedError
from operations.status import reason_in_words, seller_status, sellers_list, speed_up_in_words

commands = typer.Typer()


@commands.command("list")
@with_json
def list_sellers(state: Annotated[SellerState | None, typer.Option(help="Those in this state only.")] = None) -> None:
    """All sellers, each with its state and why."""
    rows = asyncio.run(sellers_list(CommandContext("database_url"), state))
    if not Output.json:
        rows = [{**row, "reason": "; ".join(filter(None, (reason_in_words(row), speed_up_in_words(row))))} for row in rows]
    columns = {
        "seller_id": "seller",
        "state": "state",
        "last_poll_at": "last poll",
        "next_poll_at": "next poll",
        "changes_24h": "changes 24 h",
        **({"mode": "mode"} if any(row["mode"] != "polling" for row in rows) else {}),
        "reason": "why",
    }
    show(rows, columns, empty="no sellers" if state is None else f"no sellers in state {state}")


@commands.command()
@with_json
def status(
    seller_id: SellerId,
    follow: Annotated[bool, typer.Option("--follow", help="Show it anew every second, until Ctrl-C.")] = False,
) -> None:
    """One seller: state and what to do, for each stream the last and the next poll and why then, and how far a backfill or a sweep is."""
    context = CommandContext("database_url")
    if follow:
        follow_status(context, seller_id)
    else:
        show_status(asyncio.run(seller_status(context, seller_id)))


@commands.command()
@with_json
def quota(
    plan: Annotated[int | None, typer.Option(metavar="SELLERS", min=1, max=1_000_000, help="How fresh so many would be.")] = None,
) -> None:
    """Calls made today, by eBay's resource, against the quota; with --plan the freshness that so many sellers like yours would get."""
    from operations.quota import planned, use  # it loads the steps, whose numbers it uses

    context = CommandContext("database_url")
    if plan is None:
        columns = {"used": "used today", "limit": "limit", "remaining": "left by eBay's count", "reset_at": "reset", "level": "level"}
        show(use(context), {"resource": "resource", **columns}, empty="no calls today")
        return
    columns = {"mean": "mean delay", "p95": "95 % within", "longest": "longest wait", "calls": "calls a day for polls"}
    show(planned(context, plan), {"what": f"orders of {plan:,} sellers", **columns}, empty="no sellers")


@commands.command()
@with_json
def alerts(closed: Annotated[bool, typer.Option("--closed", help="Also those that passed.")] = False, seller: SellerOption = None) -> None:
    """What needs a look and what to do, the newest first."""
    rows = listed(CommandContext("database_url"), closed, seller)
    heads = {"kind": "", "seller_id": "seller ", "opened_at": "opened ", "closed_at": "closed "}
    show_texts(rows, heads, {"text": "", "to_do": "What to do: ", "runbook": "More: "}, empty="no alerts" if closed else "no open alerts")


@commands.command()
@with_json
def set_aside(
    seller: SellerOption = None, retry: Annotated[int | None, typer.Option(metavar="ID", help="Try this one again.")] = None
) -> None:
    """What eBay cannot show, and documents of its that could not be stored, each with the reason."""
    context = CommandContext("database_url")
    if retry is not None:
        result = asyncio.run(retry_set_aside(context, context.author, retry))
        if result is None:
            raise FailedError(f"no document is set aside under {retry}")
        later = "stays set aside: refused again, or, where it is no document, asked for at the next poll"
        say(f"{retry} {'is stored' if result else later}", id=retry, stored=result)
        return
    rows = context.store.set_aside(seller)
    show(
        rows,
        {"id": "id", "seller_id": "seller", "kind": "kind", "entity_id": "entity", "reason": "reason", "attempts": "seen"},
        empty="nothing is set aside",
    )


@commands.command()
@with_json
def changes(
    seller: SellerOption = None,
    after: Annotated[int, typer.Option(min=0, help="Only what comes after this position.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as changes come, until Ctrl-C.")] = False,
) -> None:
    """The change events, oldest first."""
    feed = CommandContext("database_url").store.feed
    with suppress(KeyboardInterrupt) if follow else nullcontext():  # Ctrl-C is how following ends, not how it fails
        while True:
            page = feed.chosen(after, 500, None if seller is None else [seller], [])
            for event in page.events:
                if Output.json:
                    print_json(event)
                else:
                    typer.echo(event_line(event))
            after = page.next
            if page.complete and not follow:
                return
            if page.complete:
                time.sleep(0.5)


@commands.command()
@with_json
def snapshot(seller_id: SellerId, entities: Annotated[Entities, typer.Argument(metavar="orders|fulfillments|inventory|offers")]) -> None:
    """What is stored of a seller, one object a line; of the inventory also what should be left, and where two stocks of one SKU differ."""
    show_snapshot(CommandContext("database_url").store, seller_id, entities)


@commands.command()
@with_json
def events(
    type_: Annotated[str | None, typer.Argument(metavar="[TYPE]", help="One type, such as order.created.", show_default=False)] = None,
    schema: Annotated[bool, typer.Option("--schema", help="The JSON Schema of its events, with the whole event.")] = False,
) -> None:
    """What types of events there are; of one type a sample, or with --schema its JSON Schema."""
    from console.catalogue import show_catalogue  # it makes the models of all events

    show_catalogue(type_, schema)
