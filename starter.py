"""Process: the operator's command line. Every command also takes `--json`; exit 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Annotated

import typer
from cryptography.fernet import Fernet
from temporalio.service import RPCError

from console.arguments import (
    All,
    Cadence,
    Entities,
    PolledStream,
    Scopes,
    SellerId,
    SellerOption,
    SellerOrAll,
    SellerState,
    Source,
    TokenEnds,
    TokenFile,
    WithOffers,
    between,
    read_token,
)
from console.doctor import examine
from console.enrolment import connect_seller, enroll_seller, erase_seller, remove_seller
from console.events import event_line
from console.leaving import leave
from console.office import Office
from console.output import FailedError, Output, fail, print_json, say, show, with_json
from console.quota import planned, use
from console.snapshot import show_snapshot
from console.status import seller_status, sellers_list
from ebay.errors import EbayError
from pacing import InventorySource, Stream
from settings import SettingsError
from store import StoreError
from store.migrate import upgrade
from workflows.client import TemporalUnavailableError
from workflows.messages import Pause, PollNow, SetCadence, SpeedUp
from workflows.seller_polling import SellerPolling

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=__doc__)
Reason = Annotated[str, typer.Option(help="Shown in the Web UI and by status.")]


@app.command()
@with_json
def migrate() -> None:
    """Create or update the tables. Safe to repeat, and while workers run."""
    revision = upgrade(Office("database_url").url)
    say(f"the tables are at revision {revision}", revision=revision)


@app.command()
@with_json
def doctor() -> None:
    """Check settings, Postgres, tables, Temporal, worker and eBay, each with its remedy."""
    checks = asyncio.run(examine())
    show(checks, {"mark": "", "what": "what", "found": "found"}, empty="nothing to check")
    if not all(check["ok"] for check in checks):
        raise FailedError("not all is well; see the lines marked with x")


@app.command()
@with_json
def new_key() -> None:
    """Print a fresh key for SELLERBEAT_SECRET_KEYS."""
    key = Fernet.generate_key().decode()
    say(key, key=key)


@app.command()
@with_json
def rotate_keys() -> None:
    """Encrypt all stored tokens with the first of SELLERBEAT_SECRET_KEYS. Safe to repeat, and while workers run."""
    rotation = Office("database_url", "secret_keys").store.tokens.rotate()
    if rotation.unreadable:
        lost = ", ".join(rotation.unreadable)
        raise FailedError(f"{rotation.sellers} encrypted anew; no key in SELLERBEAT_SECRET_KEYS opens the tokens of {lost}")
    say(f"tokens of {rotation.sellers} sellers are encrypted anew; no other key than the first is needed now", rotated=rotation.sellers)


@app.command()
@with_json
def enroll(
    seller_id: SellerId,
    refresh_token_file: TokenFile = None,
    orders_every: Cadence = None,
    backfill: Annotated[
        timedelta | None, typer.Option(parser=between("1s", "729d"), metavar="DURATION", help="How far back to read orders: 7d.")
    ] = None,
    scopes: Scopes = None,
    refresh_token_expires: TokenEnds = None,
    inventory_source: Source = InventorySource.AUTO,
    offers: WithOffers = False,
) -> None:
    """Store a seller's refresh token and begin to poll. Enrolling twice replaces the token and keeps all else."""
    if offers and inventory_source is InventorySource.TRADING:
        raise typer.BadParameter("--offers needs the Inventory API: with --inventory-source trading there are none to read")
    token = read_token(refresh_token_file)
    asked = (orders_every, backfill, scopes, refresh_token_expires, inventory_source, offers)
    answer = asyncio.run(enroll_seller(Office.whole(), seller_id, token, *asked))
    say(answer.words(), **answer.fields())


@app.command()
@with_json
def connect(
    seller_id: SellerId, refresh_token_file: TokenFile = None, scopes: Scopes = None, refresh_token_expires: TokenEnds = None
) -> None:
    """Give an enrolled seller a new refresh token; polling goes on from the cursor."""
    answer = asyncio.run(connect_seller(Office.whole(), seller_id, read_token(refresh_token_file), scopes, refresh_token_expires))
    say(answer.words(), **answer.fields())


@app.command()
@with_json
def remove(
    seller_id: SellerId, erase: Annotated[bool, typer.Option("--erase", help="Also delete all that was stored of the seller.")] = False
) -> None:
    """Stop polling a seller for good and forget the token. What was recorded stays, unless erased."""
    office = Office("database_url", "secret_keys")
    asyncio.run((erase_seller if erase else remove_seller)(office, seller_id))
    say(f"{seller_id} is {'erased' if erase else 'removed'}", seller_id=seller_id, state="removed", erased=erase)


@app.command()
@with_json
def pause(seller_id: SellerOrAll = None, every_seller: All = False, reason: Reason = "by hand") -> None:
    """Stop polling a seller until `resume`. The cursor stays, so nothing is lost."""
    for told in Office("database_url").tell(seller_id, every_seller, SellerPolling.pause, Pause(reason=reason)):
        say(f"{told} is paused: {reason}", seller_id=told, state="paused", reason=reason)


@app.command()
@with_json
def resume(seller_id: SellerOrAll = None, every_seller: All = False) -> None:
    """Poll a paused seller again, at once, from the cursor."""
    for told in Office("database_url").tell(seller_id, every_seller, SellerPolling.resume):
        say(f"{told} polls again", seller_id=told, state="polling")


@app.command()
@with_json
def speed_up(
    seller_id: SellerId,
    every: Annotated[timedelta, typer.Option(parser=between("0.5s", "1d"), metavar="DURATION", help="Such as 30s.")],
    lasting: Annotated[
        timedelta, typer.Option("--for", parser=between("1s", "7d"), metavar="DURATION", help="Such as 10m; then all is as before.")
    ],
) -> None:
    """Poll a seller more often for a while."""
    Office("database_url").tell(seller_id, False, SellerPolling.speed_up, SpeedUp(every=every, lasting=lasting))
    say(
        f"{seller_id} is polled every {every} for {lasting}",
        seller_id=seller_id,
        every_s=every.total_seconds(),
        for_s=lasting.total_seconds(),
    )


@app.command()
@with_json
def poll_now(seller_id: SellerId, stream: Annotated[PolledStream | None, typer.Option(help="One stream only.")] = None) -> None:
    """Poll a seller as soon as the call in hand is done."""
    Office("database_url").tell(seller_id, False, SellerPolling.poll_now, PollNow(stream=Stream(stream.value) if stream else None))
    say(f"{seller_id} is polled now", seller_id=seller_id, stream=stream.value if stream else None)


@app.command()
@with_json
def active(seller_id: SellerId) -> None:
    """Tell that the seller is using the app: a dormant one is polled at once."""
    Office("database_url").tell(seller_id, False, SellerPolling.seller_active)
    say(f"{seller_id} is active", seller_id=seller_id)


@app.command()
@with_json
def set_cadence(seller_id: SellerId, orders: Cadence = None, fulfillment: Cadence = None, inventory: Cadence = None) -> None:
    """Set a seller's base intervals for good; quiet hours still slow them down. --inventory is that of the listings too."""
    request = SetCadence(orders=orders, fulfillment=fulfillment, inventory=inventory)
    if not request.given():
        raise typer.BadParameter("name at least one of --orders, --fulfillment, --inventory")
    asyncio.run(Office("database_url").set_cadence(seller_id, request))
    words = ", ".join(f"{stream} every {every}" for stream, every in request.given().items())
    say(
        f"{seller_id}: {words}",
        seller_id=seller_id,
        **{f"{stream}_every_s": every.total_seconds() for stream, every in request.given().items()},
    )


@app.command("list")
@with_json
def list_sellers(state: Annotated[SellerState | None, typer.Option(help="Those in this state only.")] = None) -> None:
    """All sellers, each with its state and why."""
    rows = asyncio.run(sellers_list(Office("database_url"), state))
    columns = {
        "seller_id": "seller",
        "state": "state",
        "last_poll_at": "last poll",
        "next_poll_at": "next poll",
        "changes_24h": "changes 24 h",
        "reason": "why",
    }
    show(rows, columns, empty="no sellers" if state is None else f"no sellers in state {state}")


@app.command()
@with_json
def status(seller_id: SellerId) -> None:
    """One seller: state, and for each stream the last and the next poll, and why then."""
    answer = asyncio.run(seller_status(Office("database_url"), seller_id))
    if Output.json:
        print_json(answer)
        return
    typer.echo(f"{seller_id}: {answer['state']} ({answer['reason']})")
    ends = f"; the consent ends on {answer['token_ends_at'][:10]}" if answer["token_ends_at"] else ""
    typer.echo(f"{answer['changes_24h']} changes and {answer['api_calls_24h']} calls in 24 h{ends}\n")
    columns = {
        "stream": "stream",
        "last_poll_at": "last poll",
        "next_poll_at": "next poll",
        "why": "why then",
        "failures": "failures",
        "last_error": "last error",
    }
    show(({"stream": name, **stream} for name, stream in answer["streams"].items()), columns, empty="no streams")


@app.command()
@with_json
def quota(
    plan: Annotated[int | None, typer.Option(metavar="SELLERS", min=1, max=1_000_000, help="How fresh so many would be.")] = None,
) -> None:
    """Calls made today, by eBay's resource, against the quota; with --plan the freshness that so many sellers like yours would get."""
    office = Office("database_url")
    if plan is None:
        columns = {"used": "used today", "limit": "limit", "remaining": "left by eBay's count", "reset_at": "reset", "level": "level"}
        show(use(office), {"resource": "resource", **columns}, empty="no calls today")
        return
    columns = {"mean": "mean delay", "p95": "95 % within", "longest": "longest wait", "calls": "calls a day for polls"}
    show(planned(office, plan), {"what": f"orders of {plan:,} sellers", **columns}, empty="no sellers")


@app.command()
@with_json
def alerts(closed: Annotated[bool, typer.Option("--closed", help="Also those that passed.")] = False) -> None:
    """What needs a look, the newest first."""
    rows = Office("database_url").store.alerts(closed=closed)
    show(
        rows, {"opened_at": "since", "seller_id": "seller", "kind": "alert", "text": "what it is", "closed_at": "closed"}, empty="no alerts"
    )


@app.command()
@with_json
def set_aside(
    seller: SellerOption = None, retry: Annotated[int | None, typer.Option(metavar="ID", help="Try this document again.")] = None
) -> None:
    """Documents of eBay's that could not be stored, each with the reason."""
    store = Office("database_url").store
    if retry is not None:
        kept = store.retry_set_aside(retry)
        if kept is None:
            raise FailedError(f"no document is set aside under {retry}")
        later = "stays set aside: refused again, or, where it is a parcel, read with its order at the next poll"
        say(f"document {retry} {'is stored' if kept else later}", id=retry, stored=kept)
        return
    rows = store.set_aside(seller)
    show(
        rows,
        {"id": "id", "seller_id": "seller", "kind": "kind", "entity_id": "entity", "reason": "reason", "attempts": "seen"},
        empty="nothing is set aside",
    )


@app.command()
@with_json
def changes(
    seller: SellerOption = None,
    after: Annotated[int, typer.Option(min=0, help="Only what comes after this position.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as changes come, until Ctrl-C.")] = False,
) -> None:
    """The change events, oldest first."""
    feed = Office("database_url").store.feed
    with suppress(KeyboardInterrupt) if follow else nullcontext():  # Ctrl-C is how following ends, not how it fails
        while True:
            page = feed.read(after=after, limit=500, seller=seller)
            for event in page:
                if Output.json:
                    print_json(event)
                else:
                    typer.echo(event_line(event))
                after = event["position"]
            if not page and not follow:
                return
            if not page:
                time.sleep(0.5)


@app.command()
@with_json
def snapshot(seller_id: SellerId, entities: Annotated[Entities, typer.Argument(metavar="orders|fulfillments|inventory|offers")]) -> None:
    """What is stored of a seller, one object a line; of the inventory also where two stocks of one SKU differ."""
    show_snapshot(Office("database_url").store, seller_id, entities)


def main() -> int:
    usage_error: type[typer.BadParameter] = typer.BadParameter.__base__  # type: ignore[assignment]  # typer exports it by this one only
    try:
        return int(app(standalone_mode=False) or 0)
    except SettingsError as error:
        return fail(str(error), 2)
    except usage_error as error:
        words = error.format_message()
        return fail("name a command; --help lists them" if words == "Missing command." else words, 2)
    except (FailedError, StoreError, EbayError, TemporalUnavailableError) as error:
        return fail(str(error), 1)
    except RPCError as error:
        return fail(f"Temporal refused: {error.message}", 1)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except (BrokenPipeError, SystemExit):  # the reader of a pipe has seen enough; typer and rich make a SystemExit of it
        return 0


if __name__ == "__main__":
    leave(main())
