"""Commands about eBay's notifications: set up what eBay is to tell us, show it, repair it."""

from __future__ import annotations

import asyncio

import typer

from console.arguments import SellerOrEverybody
from console.help import GroupedCommands
from console.output import Output, print_json, show, with_json
from operations.address_check import CHECK_NEEDED, checked_addresses
from operations.audit import recorded
from operations.context import CommandContext
from operations.errors import FailedError
from operations.subscriptions import NEEDED, SetupRow, arranged, enrolled_sellers, quiet

commands = typer.Typer()
group = typer.Typer(cls=GroupedCommands, help="What eBay tells by itself: set it up, show it, repair it.")
commands.add_typer(group, name="notifications")
COLUMNS = {"what": "what", "mark": "is", "seller_id": "seller", "name": "of what", "found": "found"}
CALLED = {"asked": "asked", "mark": "is", "address": "address", "found": "found"}
COUNTED = {"topic": "topic", "state": "state", "notifications": "notifications", "copies": "with copies", "last_at": "last"}


@group.command()
@with_json
def setup(seller_id: SellerOrEverybody = None) -> None:
    """Have eBay tell us: alert e-mail, destinations, and each seller's subscriptions (or one seller's). Safe to repeat."""
    context = CommandContext(*NEEDED)
    enrolled_sellers(context, seller_id)
    with recorded(context, "notifications.setup", seller_id):
        report(arranged(context, seller_id, mend=True, row_done=print_row))


@group.command()
@with_json
def repair(seller_id: SellerOrEverybody = None) -> None:
    """Enable destinations that eBay marked down, make or put right subscriptions; tell only of what is or was wrong."""
    context = CommandContext(*NEEDED)
    enrolled_sellers(context, seller_id)
    with recorded(context, "notifications.repair", seller_id):
        rows = arranged(context, seller_id, mend=True, row_done=lambda row: print_row(row) if not quiet(row) else None)
        report([row for row in rows if not quiet(row)], empty="nothing to repair")


@group.command("show")
@with_json
def show_all(seller_id: SellerOrEverybody = None) -> None:
    """Show what eBay is set up to tell, and what came, by topic. Changes nothing."""
    context = CommandContext(*NEEDED)
    rows = arranged(context, seller_id, mend=False, row_done=print_row)
    if not Output.json:
        show(
            [row.fields() for row in rows],
            COLUMNS,
            empty="nothing is set up; begin with: starter.py notifications setup",
            sentences=("found",),
        )
    counts = context.store.notifications.counts(seller_id)
    show(
        [{**row, "last_at": row["last_at"].isoformat()} for row in counts],
        COUNTED,
        empty="no notification has come yet; starter.py notifications setup asks eBay for them",
        numbers=("notifications", "copies"),
    )


@group.command()
@with_json
def check(seller_id: SellerOrEverybody = None) -> None:
    """Call the public address as eBay would (or a seller's own), and say what eBay would find wrong. Changes nothing."""
    rows = asyncio.run(checked_addresses(CommandContext(*CHECK_NEEDED), seller_id))
    show([row.fields() for row in rows], CALLED, empty="no address", sentences=("found",))
    if wrong := [row for row in rows if row.fault]:
        raise FailedError(f"eBay would not be answered at {wrong[0].address}: {wrong[0].fault}")


def print_row(row: SetupRow) -> None:
    """As it happens, where programs read; a table at the end for people."""
    if Output.json:
        print_json(row.fields())


def report(rows: list[SetupRow], empty: str = "nothing to set up") -> None:
    if not Output.json:
        show([row.fields() for row in rows], COLUMNS, empty=empty, sentences=("found",))
    if wrong := [row for row in rows if row.wrong]:
        raise FailedError(f"{len(wrong)} of {len(rows)} are not right; begin with: {wrong[0].what} {wrong[0].name}: {wrong[0].found}")
