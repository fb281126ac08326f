"""Commands that show what is there and change nothing (but `set-aside --retry`). What they need is loaded when they run: these are typed
most, and nobody should wait for what another one needs."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from typing import Annotated

import typer

from console.arguments import Entities, SellerId, SellerOption, SellerState, between, count, past, type_patterns
from console.output import Output, say, show, with_json
from operations.context import AskingContext
from operations.errors import FailedError

commands = typer.Typer()
MANY = 1_000_000
EVERY = timedelta(seconds=2)


@commands.command("list")
@with_json
def list_sellers(
    state: Annotated[SellerState | None, typer.Option(help="Those in this state only.")] = None,
    limit: Annotated[
        int | None, typer.Option(parser=count(1, MANY), metavar="N", help="So many at most; in a terminal 50 where left out, else all.")
    ] = None,
) -> None:
    """Show all sellers, each with its state and why: trouble first."""
    from console.fleet import show_list
    from operations.alerts import grouped
    from operations.diagnosis import diagnose_by_postgres
    from operations.status import sellers_list

    context = AskingContext("database_url")
    rows, wrong = asyncio.run(sellers_list(context, state)), asyncio.run(diagnose_by_postgres(context))
    groups = [] if Output.json or state else grouped(context, wrong)
    show_list(rows, state, limit, on_screen=sys.stdout.isatty(), wrong=wrong, groups=groups)


@commands.command()
@with_json
def status(
    seller_id: SellerId,
    follow: Annotated[bool, typer.Option("--follow", help="Show it anew every second, until Ctrl-C.")] = False,
    day: Annotated[bool, typer.Option("--day", help="Show instead what happened in the last 24 hours, the newest hour first.")] = False,
) -> None:
    """Show one seller: the state, why, and what to do; of each stream the last poll, the next one and why then."""
    if day and follow:
        raise typer.BadParameter("--day and --follow show different things: leave one of them out")
    if day:
        from console.day import show_day

        show_day(AskingContext("database_url"), seller_id)
        return
    from console.standing import follow_status, show_status
    from operations.status import seller_status

    context = AskingContext("database_url")
    if follow:
        follow_status(context, seller_id)
    else:
        show_status(asyncio.run(seller_status(context, seller_id)))


@commands.command()
@with_json
def watch(
    every: Annotated[timedelta, typer.Option(parser=between("1s", "1h"), metavar="DURATION", help="How often it is looked: 2s.")] = EVERY,
) -> None:
    """Watch the fleet: trouble first, alerts, the quota and the newest changes, anew every 2 s; q or Ctrl-C ends it."""
    from console.watching import watch_fleet

    watch_fleet(AskingContext("database_url"), every)


@commands.command()
@with_json
def quota(
    plan: Annotated[int | None, typer.Option(parser=count(1, MANY), metavar="SELLERS", help="How fresh so many would be.")] = None,
) -> None:
    """Show the calls made today, by eBay's resource, against the quota; with --plan how fresh so many sellers like yours would be."""
    from console.reports import show_quota
    from operations.quota import planned, use  # it loads the steps, whose numbers it uses

    context = AskingContext("database_url")
    if plan is None:
        show_quota(use(context))
        return
    columns = {"mean": "mean delay", "p95": "95 % within", "longest": "longest wait", "calls": "calls a day for polls"}
    show(planned(context, plan), {"what": f"orders of {plan:,} sellers", **columns}, empty="nothing to plan")


@commands.command()
@with_json
def alerts(
    closed: Annotated[bool, typer.Option("--closed", help="Also those that passed, each by itself.")] = False,
    seller: SellerOption = None,
    every: Annotated[bool, typer.Option("--all", help="Each by itself, however many.")] = False,
    by_cause: Annotated[bool, typer.Option("--by-cause", help="With --json: one object a cause, not an alert.")] = False,
) -> None:
    """Show what needs a look and what to do, one cause at a time; of a seller, or with --all, each alert by itself, the newest first."""
    from console.known import none_found
    from console.reports import show_alerts, show_groups
    from operations.alerts import every_alert, grouped, listed
    from operations.diagnosis import diagnose_by_postgres

    context = AskingContext("database_url")
    if by_cause or not (closed or seller or every or Output.json):
        if closed or seller or every:
            raise typer.BadParameter("--by-cause goes without --closed, --seller and --all: causes are of all open alerts")
        wrong = asyncio.run(diagnose_by_postgres(context))
        show_groups(grouped(context, wrong), wrong)
        return
    rows = list(every_alert(context, closed, seller)) if every else listed(context, closed, seller)
    none_found(context, seller, rows)
    show_alerts(rows, closed)


@commands.command()
@with_json
def set_aside(
    seller: SellerOption = None,
    retry: Annotated[int | None, typer.Option(parser=count(1), metavar="ID", help="Try this one again.")] = None,
) -> None:
    """Show what eBay could not show us, and documents that could not be stored, each with the reason; or try one again."""
    from console.known import none_found
    from operations.aside import retry_set_aside

    context = AskingContext("database_url")
    if retry is not None:
        result = asyncio.run(retry_set_aside(context, context.author, retry))
        if result is None:
            raise FailedError(f"no document is set aside under {retry}")
        later = "stays set aside: refused again, or, where it is no document, asked for at the next poll"
        say(f"{retry} {'is stored' if result else later}", id=retry, stored=result)
        return
    rows = context.store.set_aside(seller)
    none_found(context, seller, rows)
    columns = {"id": "id", "seller_id": "seller", "kind": "kind", "entity_id": "entity", "attempts": "times seen", "reason": "why"}
    show(rows, columns, empty="nothing is set aside", sentences=("reason",), numbers=("attempts",))


@commands.command()
@with_json
def changes(
    seller: SellerOption = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", parser=type_patterns, metavar="TYPE", help="Such as order.* or inventory.sold; may be repeated."),
    ] = None,
    last: Annotated[int | None, typer.Option(parser=count(1, MANY), metavar="N", help="The newest so many, oldest first.")] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=past, metavar="TIME", help="From then on: 2h ago, or 2026-06-01T12:00:00Z (UTC).")
    ] = None,
    after: Annotated[int | None, typer.Option(parser=count(0), metavar="POSITION", help="Only what comes after this position.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as changes come, until Ctrl-C.")] = False,
) -> None:
    """Show change events, oldest first: the last 20; with --json or --follow all that are kept, from the beginning."""
    from console.changes import AskedChanges, show_changes

    types = [pattern for patterns in type_ or () for pattern in patterns]
    show_changes(AskingContext("database_url"), AskedChanges(seller, types, after, last, since), follow)


@commands.command("find")
@with_json
def find_entity(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="An order number, item id or SKU, or how it begins.", show_default=False)],
) -> None:
    """Show whose an order number, line item, item id or SKU is: seller, kind and when it changed last."""
    from console.finding import show_found

    show_found(AskingContext("database_url"), text)


@commands.command()
@with_json
def snapshot(seller_id: SellerId, entities: Annotated[Entities, typer.Argument(metavar="orders|fulfillments|inventory|offers")]) -> None:
    """Show what is stored of a seller, one object a line; of the inventory also what should be left, and which stocks of a SKU differ."""
    from console.snapshot import show_snapshot

    show_snapshot(AskingContext("database_url").store, seller_id, entities)


@commands.command()
@with_json
def events(
    type_: Annotated[str | None, typer.Argument(metavar="[TYPE]", help="One type, such as order.created.", show_default=False)] = None,
    schema: Annotated[bool, typer.Option("--schema", help="The JSON Schema of its events, with the whole event.")] = False,
) -> None:
    """Show what types of events there are; of one type a sample, or with --schema its JSON Schema."""
    from console.catalogue import show_catalogue  # it makes the models of all events

    show_catalogue(type_, schema)
