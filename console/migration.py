"""Commands of the move from polling to webhooks: compare both, and say how a seller is watched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from activities.fleet.comparing import SellerComparison, as_json
from console.arguments import SellerId, SellerOption, between, moment
from console.layout import wrapped
from console.output import Output, out, print_json, say, show, width, with_json
from domain.comparison import Delays, Mode
from domain.pacing import words
from operations.context import CommandContext
from operations.errors import WrongInputError
from operations.modes import set_mode
from operations.reconciling import comparisons

commands = typer.Typer()
NEXT = {
    Mode.POLLING: "notifications are not compared; polling does it all",
    Mode.SHADOW: "polled as ever, and compared with notifications for a week; see starter.py reconcile --seller {seller}",
    Mode.WEBHOOKS: "notifications are relied on; polling is the safety net",
}


When = Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="UTC, such as 2026-06-01 or 2026-06-01T12:00:00Z.")]


@commands.command()
@with_json
def reconcile(
    seller: SellerOption = None,
    since: When = None,
    until: When = None,
    last: Annotated[
        timedelta | None,
        typer.Option(
            parser=between("1m", "400d"), metavar="DURATION", help="Such as 1d; 7d if not given. See SELLERBEAT_KEEP_NOTIFICATIONS."
        ),
    ] = None,
) -> None:
    """Compare polling with notifications: seen by both, by one, how far ahead, what is missing, and who is ready for webhooks."""
    try:
        found = comparisons(CommandContext("database_url"), None if seller is None else [seller], since, until, last)
    except WrongInputError as error:
        raise typer.BadParameter(f"--{error.field}: {error.words}") from None
    show_comparisons(found, alone=seller is not None)


COLUMNS = {
    "seller_id": "seller",
    "mode": "mode",
    "both": "both",
    "folded": "folded",
    "late": "late",
    "only_polling": "polling only",
    "only_notifications": "notified only",
    "pending": "pending",
    "unannounced": "unannounced",
    "ready": "ready",
}


def _row(it: SellerComparison) -> dict[str, Any]:
    row = as_json(it)
    return {**row, "ready": "yes" if row["ready"] else "not yet"}


def show_comparisons(found: Sequence[SellerComparison], alone: bool) -> None:
    """A row a seller, and below them the verdict of each and what is missing. `alone`: one seller, of whom all is told."""
    if Output.json:
        for one in found:
            print_json(as_json(one))
        return
    numbers = [field for field in COLUMNS if field not in ("seller_id", "mode", "ready")]
    show(
        [_row(one) for one in found],
        COLUMNS,
        empty="no seller is in shadow or webhooks: begin with starter.py mode SELLER shadow",
        numbers=numbers,
    )
    for one in found:
        out(["", *(line for words in _words(one, alone) for line in wrapped(words.strip(), width(), *_indents(words)))])


def _indents(words: str) -> tuple[str, str]:
    return ("  ", "    ") if words.startswith(" ") else ("", "  ")


def _words(it: SellerComparison, alone: bool) -> Iterator[str]:
    yield f"{it.seller_id}: {'ready' if it.verdict.ready else 'not yet ready'}: {it.verdict.why}"
    ahead = _ahead("notifications", it.comparison.notifications_ahead), _ahead("polling", it.comparison.polling_ahead)
    yield from filter(None, ahead)
    for side, missing in (("notification", it.comparison.only_polling), ("poll", it.comparison.only_notifications)):
        for one in missing if alone else missing[:3]:
            yield f"  no {side} told {one.type} of {one.entity_id} (version {one.version}, {one.occurred_at:%Y-%m-%d %H:%M:%S} UTC)"
        if len(missing) > 3 and not alone:
            yield f"  and {len(missing) - 3:,} more: starter.py reconcile --seller {it.seller_id}"


def _ahead(who: str, by: Delays) -> str | None:
    if not by.count:
        return None
    median, p95, most = (words(round(seconds)) for seconds in (by.median_s, by.p95_s, by.max_s))
    return f"  {who} ahead in {by.count:,}: by {median} (median), {p95} (95 %), {most} (most)"


@commands.command()
@with_json
def mode(
    seller_id: SellerId,
    to: Annotated[Mode, typer.Argument(metavar="polling|shadow|webhooks", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="To webhooks although the seller is not ready.")] = False,
) -> None:
    """Say how a seller is watched: by polling, by polling compared with notifications, or by notifications with polling as safety net."""
    context = CommandContext("database_url")
    found = asyncio.run(set_mode(context, context.author, seller_id, to, force))
    at_once = ", at once" if found.at_once else ""
    verb = "is now" if found.changed else "is already"
    say(f"{seller_id} {verb} in mode {to.value}{at_once}: {NEXT[to].format(seller=seller_id)}", **found.fields())
