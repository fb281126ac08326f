"""Commands that tell what is to happen with a seller: enrol, connect, remove, pause, hurry."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated

import typer

from console.arguments import (
    All,
    AppName,
    Cadence,
    NewOffers,
    NewSource,
    PolledStream,
    ReturnTo,
    Rows,
    Scopes,
    SellerId,
    SellerOrAll,
    SellerOrMany,
    Source,
    TokenEnds,
    TokenFile,
    WithOffers,
    between,
    end_of_pause,
    one_or_all,
    read_token,
    since,
)
from console.output import Output, fail, print_json, say, with_json
from console.progress import progress
from console.rows import read_rows
from domain.pacing import InventorySource, Stream
from domain.seller_state import PauseFacts
from operations import steering
from operations.accounts import AccountRefusedError
from operations.consent import LASTING, link_seller, options_of
from operations.consent import NEEDED as LINK_NEEDS
from operations.context import CommandContext
from operations.enrolment import (
    EnrolmentOptions,
    EnrolmentResult,
    EnrolmentRow,
    connect_seller,
    enroll_rows,
    enroll_seller,
    scopes_of,
)
from operations.errors import FailedError
from operations.removal import erase_seller, remove_seller
from operations.returning import ReturnRefusedError
from operations.steering import (
    BY_HAND,
    in_one_line,
    pause_seller,
    poll_seller_now,
    report_active,
    resume_seller,
    speed_up_seller,
)
from store import UnknownSellerError
from workflows.messages import SetCadence

commands = typer.Typer()
Reason = Annotated[str, typer.Option(help="Shown in the Web UI and by status.")]
Until = Annotated[
    datetime | None,
    typer.Option(
        parser=end_of_pause, metavar="TIME", help="When it ends by itself: 2h from now, or 2026-06-01T12:00:00Z; else when you resume."
    ),
]


@commands.command()
@with_json
def enroll(
    seller_id: SellerOrMany = None,
    refresh_token_file: TokenFile = None,
    rows: Rows = None,
    orders_every: Cadence = None,
    backfill: Annotated[
        timedelta | None, typer.Option(parser=between("1s", "729d"), metavar="DURATION", help="How far back to read orders: 7d.")
    ] = None,
    scopes: Scopes = None,
    refresh_token_expires: TokenEnds = None,
    inventory_source: Source = InventorySource.AUTO,
    offers: WithOffers = False,
    last_poll_at: Annotated[
        timedelta | None,
        typer.Option(parser=since, metavar="TIME", help="In place of --backfill: until when another poller read them. A day more is read."),
    ] = None,
) -> None:
    """Store a seller's refresh token and begin to poll; or that of many. Enrolling twice replaces the token and keeps all else."""
    if backfill and last_poll_at:
        raise typer.BadParameter("--backfill and --last-poll-at say the same; give one of them")
    far = backfill or last_poll_at
    options = EnrolmentOptions(orders_every, far, scopes, refresh_token_expires, inventory_source, offers)
    if wrong := options.wrong():
        raise typer.BadParameter(wrong)
    if rows is not None:
        if seller_id or refresh_token_file:
            raise typer.BadParameter("--from names the sellers and their tokens: leave SELLER and --refresh-token-file out")
        enroll_many(read_rows(rows, options))
        return
    if seller_id is None:
        raise typer.BadParameter("name a SELLER, or a CSV of many with --from")
    context = CommandContext.whole()
    answer = asyncio.run(enroll_seller(context, context.author, seller_id, read_token(refresh_token_file), options))
    say(answer.words(), **answer.fields())


def enroll_many(rows: list[EnrolmentRow]) -> None:
    """One line a row as it is done. Raises FailedError where any failed; the file may be given again."""
    context = CommandContext.whole()
    with progress("enrolling", len(rows)) as one_more:

        def row_done(row: EnrolmentRow, outcome: EnrolmentResult | FailedError) -> None:
            if isinstance(outcome, EnrolmentResult):
                say(outcome.words(), row=row.number, **outcome.fields())
            elif Output.json:
                word = {"code": outcome.word} if isinstance(outcome, AccountRefusedError) else {}
                print_json({"row": row.number, "seller_id": row.seller_id, "result": "failed", "error": str(outcome), **word})
            else:
                fail(f"row {row.number}{f' ({row.seller_id})' if row.seller_id else ''}: {outcome}", 1)
            one_more()

        failed = asyncio.run(enroll_rows(context, context.author, rows, row_done))
    if failed:
        raise FailedError(f"{failed} of {len(rows)} rows failed; correct them and give the file again: who is enrolled stays so")


@commands.command()
@with_json
def connect(
    seller_id: SellerId,
    refresh_token_file: TokenFile = None,
    scopes: Scopes = None,
    refresh_token_expires: TokenEnds = None,
    valid_for: Annotated[
        timedelta | None, typer.Option(parser=between("1m", "30d"), metavar="DURATION", help="How long the address is good: 12h. Else 3d.")
    ] = None,
    orders_every: Cadence = None,
    backfill: Annotated[
        timedelta | None, typer.Option(parser=between("1s", "729d"), metavar="DURATION", help="If it enrols: how far back to read: 7d.")
    ] = None,
    inventory_source: Source = InventorySource.AUTO,
    offers: WithOffers = False,
    return_to: ReturnTo = None,
    app: AppName = None,
) -> None:
    """Print the address where the seller gives their consent, which enrols or revives them; or give an enrolled one a new refresh token."""
    options = options_of(orders_every, backfill, inventory_source, offers)
    if refresh_token_file is None:
        if refresh_token_expires:
            raise typer.BadParameter(
                "--refresh-token-expires goes with --refresh-token-file: of a consent by the address eBay tells the end"
            )
        context, given = CommandContext(*LINK_NEEDS), {"scopes": scopes_of(scopes), "return_to": return_to, "app": app}
        try:
            link = asyncio.run(link_seller(context, context.author, seller_id, valid_for or LASTING, options=options, **given))
        except ReturnRefusedError as error:
            raise typer.BadParameter(str(error)) from None
        say(f"{link.url}\n\nFor {seller_id} alone: good once, until {link.expires_at:%Y-%m-%d %H:%M} UTC.", **link.fields())
        return
    if valid_for or options or return_to is not None or app is not None:
        raise typer.BadParameter(
            "what an enrolment sets, --valid-for, --return-to and --app go with the address, not with --refresh-token-file"
        )
    context, token = CommandContext.whole(), read_token(refresh_token_file)
    answer = asyncio.run(connect_seller(context, context.author, seller_id, token, scopes, refresh_token_expires))
    say(answer.words(), **answer.fields())


@commands.command()
@with_json
def remove(
    seller_id: SellerId, erase: Annotated[bool, typer.Option("--erase", help="Also delete all that was stored of the seller.")] = False
) -> None:
    """Stop polling a seller for good and forget the token. What was recorded stays, unless erased."""
    context = CommandContext("database_url", "secret_keys")
    what = "erased" if erase else "removed"
    if left := asyncio.run((erase_seller if erase else remove_seller)(context, context.author, seller_id)):
        raise FailedError(f"{seller_id} is {what}, but {left}")
    say(f"{seller_id} is {what}", seller_id=seller_id, state="removed", erased=erase)


@commands.command()
@with_json
def pause(seller_id: SellerOrAll = None, every_seller: All = False, reason: Reason = BY_HAND, until: Until = None) -> None:
    """Stop polling a seller until `resume`. With --until it ends by itself. The cursor stays, so nothing is lost."""
    who, reason, context = one_or_all(seller_id, every_seller), in_one_line(reason), CommandContext("database_url")
    words = PauseFacts(reason, until, context.author).words()
    for one in asyncio.run(pause_seller(context, context.author, who, reason, until)):
        say(f"{one} is {words}", seller_id=one, state="paused", reason=reason, **({"until": until} if until else {}))


@commands.command()
@with_json
def resume(seller_id: SellerOrAll = None, every_seller: All = False) -> None:
    """Poll a paused seller again, at once, from the cursor."""
    who, context = one_or_all(seller_id, every_seller), CommandContext("database_url")
    for one in asyncio.run(resume_seller(context, context.author, who)):
        say(f"{one} polls again", seller_id=one, state="polling")


@commands.command()
@with_json
def speed_up(
    seller_id: SellerId,
    every: Annotated[timedelta, typer.Option(parser=between("0.5s", "1d"), metavar="DURATION", help="Such as 30s.")],
    lasting: Annotated[
        timedelta, typer.Option("--for", parser=between("1s", "7d"), metavar="DURATION", help="Such as 10m; then all is as before.")
    ],
) -> None:
    """Poll a seller more often for a while."""
    context = CommandContext("database_url")
    asyncio.run(speed_up_seller(context, context.author, seller_id, every, lasting))
    say(
        f"{seller_id} is polled every {every} for {lasting}",
        seller_id=seller_id,
        every_s=every.total_seconds(),
        for_s=lasting.total_seconds(),
    )


@commands.command()
@with_json
def poll_now(seller_id: SellerId, stream: Annotated[PolledStream | None, typer.Option(help="One stream only.")] = None) -> None:
    """Poll a seller as soon as the call in hand is done."""
    context = CommandContext("database_url")
    asyncio.run(poll_seller_now(context, context.author, seller_id, Stream(stream.value) if stream else None))
    say(f"{seller_id} is polled now", seller_id=seller_id, stream=stream.value if stream else None)


@commands.command()
@with_json
def active(seller_id: SellerId) -> None:
    """Tell that the seller is using the app: a dormant one is polled at once."""
    reported = asyncio.run(report_active(CommandContext("database_url"), [seller_id]))
    if not reported.active:
        raise UnknownSellerError(seller_id, removed=bool(reported.removed))
    say(f"{seller_id} is active", seller_id=seller_id)


@commands.command()
@with_json
def set_cadence(seller_id: SellerId, orders: Cadence = None, fulfillment: Cadence = None, inventory: Cadence = None) -> None:
    """Set a seller's base intervals for good; quiet hours still slow them down. --inventory is that of the listings too."""
    request = SetCadence(orders=orders, fulfillment=fulfillment, inventory=inventory)
    if not request.given():
        raise typer.BadParameter("name at least one of --orders, --fulfillment, --inventory")
    context = CommandContext("database_url")
    asyncio.run(steering.set_cadence(context, context.author, seller_id, request))
    words = ", ".join(f"{stream} every {every}" for stream, every in request.given().items())
    say(
        f"{seller_id}: {words}",
        seller_id=seller_id,
        **{f"{stream}_every_s": every.total_seconds() for stream, every in request.given().items()},
    )


@commands.command()
@with_json
def set_inventory(seller_id: SellerId, source: NewSource = None, offers: NewOffers = None) -> None:
    """Change where a seller's stock is read, and whether offers are; from the next step on. What was recorded stays."""
    if source is None and offers is None:
        raise typer.BadParameter("name at least one of --source, --offers, --no-offers")
    if offers and source is InventorySource.TRADING:
        raise typer.BadParameter("--offers needs the Inventory API: with --source trading there are none to read")
    context = CommandContext("database_url")
    now, read = asyncio.run(steering.set_inventory(context, context.author, seller_id, source, offers))
    words = f"{seller_id}: the inventory source is {now}, offers are {'read' if read else 'not read'}"
    say(words, seller_id=seller_id, inventory_source=now.value, offers=read)
