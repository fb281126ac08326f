"""The arguments that many commands share, each checked once."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from console.completing import seller_ids
from domain.delivery.kinds import WrongTypesError, patterns
from domain.pacing import InventorySource, Stream
from domain.seller_id import wrong_seller_id
from domain.seller_state import LONGEST
from operations.moving import EXPECTED, reaching_back
from operations.pasted import NoTokenError, refresh_token
from settings import duration

LARGEST = 10**18
PLAIN = re.compile(r"[\w .,:;*+/@()-]{1,24}")  # tokens, keys and secrets are longer
FILE = re.compile(r"[\w ./\\:~+@()-]{1,300}")
LONG_WORD = re.compile(r"[A-Za-z0-9+]{25}")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def one_or_all(seller_id: str | None, every_seller: bool) -> str | None:
    """The seller that is meant; None: everybody. Raises typer.BadParameter where neither or both were named."""
    if (seller_id is None) is not every_seller:
        raise typer.BadParameter("name one seller, or --all")
    return seller_id


def _seller_id(text: str | None) -> str | None:
    if text is not None and (wrong := wrong_seller_id(text)):
        raise typer.BadParameter(f"{wrong}; starter.py list shows yours")
    return text


def quoted(text: str) -> str:
    """What somebody typed, to be named in an error: short and plain texts only, since tokens and secrets get typed in the wrong place."""
    return text if PLAIN.fullmatch(text) else "what stands there"


def file_named(source: str) -> str:
    """A file, as it was named; not what looks like a token that was given in its place."""
    return source if FILE.fullmatch(source) and not LONG_WORD.search(source) else "(a name that looks like a secret)"


def count(least: int, most: int = LARGEST) -> Callable[[str], int]:
    """A parser for whole numbers within bounds."""
    bounds = f"from {least:,} to {most:,}" if most < LARGEST else f"of {least:,} or more"

    def parse(text: str | int) -> int:
        digits = str(text)
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 19 and least <= int(digits) <= most):
            raise typer.BadParameter(f"{quoted(digits)} is no whole number {bounds}; write it as {max(least, 20)}")
        return int(digits)

    return parse


def type_patterns(text: str | list[str]) -> list[str]:
    """`order.*` or `order.created,inventory.sold`."""
    if isinstance(text, list):
        return text
    try:
        return patterns([text])
    except WrongTypesError as error:
        raise typer.BadParameter(
            str(error) if PLAIN.fullmatch(text) else "that is no type of change; write order.* or inventory.sold"
        ) from None


def past(text: str) -> datetime:
    """`2h`, ago; or a time, as `moment` reads it. Not in the future."""
    now = datetime.now(UTC)
    try:
        found = now - duration(text)
    except (ValueError, OverflowError):
        try:
            found = moment(text)
        except typer.BadParameter:
            raise typer.BadParameter(f"{quoted(text)} is no time; write 2h (ago), 2026-06-01 or 2026-06-01T12:00:00Z") from None
    if found > now:
        raise typer.BadParameter(f"{quoted(text)} is in the future; write 2h (ago), 2026-06-01 or 2026-06-01T12:00:00Z")
    return found


def between(shortest: str, longest: str) -> Callable[[str], timedelta]:
    """A parser for durations within bounds, both as `duration` reads them."""

    def parse(text: str | timedelta) -> timedelta:
        if isinstance(text, timedelta):  # a default
            return text
        try:
            value = duration(text)
        except (ValueError, OverflowError):
            raise typer.BadParameter(f"{quoted(text)} is no duration; write 30s, 5m, 6h or 30d, from {shortest} to {longest}") from None
        if not duration(shortest) <= value <= duration(longest):
            raise typer.BadParameter(f"{quoted(text)} lies outside {shortest} to {longest}; write 30s, 5m, 6h or 30d")
        return value

    return parse


def future_day(text: str) -> datetime:
    """A date such as 2028-01-01: its first moment, UTC."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{quoted(text)} is no date; write it as 2028-01-01") from None
    if day <= datetime.now(UTC):
        raise typer.BadParameter(f"{quoted(text)} is over; write a day to come, such as 2028-01-01")
    return day


def moment(text: str) -> datetime:
    """`2026-06-01`, `2026-06-01T12:00:00Z`; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the first days of the year 1, and the last of 9999, lie outside in other zones
        raise typer.BadParameter(f"{quoted(text)} is no time; write it as 2026-06-01 or 2026-06-01T12:00:00Z") from None


def since(text: str) -> timedelta:
    """How far back to read for a seller whom another poller read until then."""
    try:
        return reaching_back(text, datetime.now(UTC))
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{quoted(text)} is not {EXPECTED}") from None


def end_of_pause(text: str) -> datetime:
    """`2h`, from now on; or a time, as `moment` reads it. In the future, within a year."""
    now = datetime.now(UTC)
    try:
        lasting = duration(text)
    except ValueError:
        try:
            lasting = moment(text) - now
        except typer.BadParameter:
            raise typer.BadParameter(f"{quoted(text)} is no time to come; write 2h (from now) or 2026-06-01T12:00:00Z") from None
    if not timedelta() < lasting <= LONGEST:
        what = "is over" if lasting <= timedelta() else "is more than a year away"
        raise typer.BadParameter(
            f"{quoted(text)} {what}; write 2h (from now) or a time within a year, such as {now + timedelta(days=1):%Y-%m-%dT08:00:00Z}"
        )
    return now + lasting


class PolledStream(StrEnum):
    ORDERS = Stream.ORDERS.value
    FULFILLMENT = Stream.FULFILLMENT.value
    INVENTORY = Stream.INVENTORY.value


class SellerState(StrEnum):
    POLLING = "polling"
    PAUSED = "paused"
    NEEDS_REAUTHORIZATION = "needs_reauthorization"
    WAITING_FOR_QUOTA = "waiting_for_quota"
    EBAY_DOWN = "ebay_down"
    STALLED = "stalled"
    FAILING = "failing"
    REMOVED = "removed"


class Entities(StrEnum):
    ORDERS = "orders"
    FULFILLMENTS = "fulfillments"
    INVENTORY = "inventory"
    OFFERS = "offers"


SellerId = Annotated[
    str,
    typer.Argument(
        metavar="SELLER", help="The app's own id of the seller.", callback=_seller_id, autocompletion=seller_ids, show_default=False
    ),
]
SellerOrMany = Annotated[
    str | None,
    typer.Argument(
        metavar="SELLER",
        help="The app's own id of the seller; or --from.",
        callback=_seller_id,
        autocompletion=seller_ids,
        show_default=False,
    ),
]
SellerOrAll = Annotated[
    str | None,
    typer.Argument(
        metavar="SELLER",
        help="The app's own id of the seller; or --all.",
        callback=_seller_id,
        autocompletion=seller_ids,
        show_default=False,
    ),
]
SellerOrEverybody = Annotated[
    str | None,
    typer.Argument(
        metavar="SELLER", help="One seller only; else everybody.", callback=_seller_id, autocompletion=seller_ids, show_default=False
    ),
]
SellerOption = Annotated[
    str | None, typer.Option("--seller", metavar="SELLER", help="One seller only.", callback=_seller_id, autocompletion=seller_ids)
]
All = Annotated[bool, typer.Option("--all", help="Every enrolled seller.")]
TokenFile = Annotated[
    str | None, typer.Option("--refresh-token-file", metavar="F|-", help="File with eBay's refresh token; - reads standard input.")
]
Rows = Annotated[
    str | None,
    typer.Option("--from", metavar="FILE.csv|-", help="Many at once: a CSV with seller_id and refresh_token, and options as columns."),
]
TokenEnds = Annotated[
    datetime | None,
    typer.Option("--refresh-token-expires", parser=future_day, metavar="DATE", help="Such as 2028-01-01; else 18 months from now."),
]
Cadence = Annotated[timedelta | None, typer.Option(parser=between("0.5s", "1d"), metavar="DURATION", help="Such as 30s, 5m or 1h.")]
Source = Annotated[
    InventorySource, typer.Option(help="Where the stock is read: by the Inventory API, the Trading API, or both; auto sees what there is.")
]
WithOffers = Annotated[
    bool, typer.Option("--offers", help="Also read prices and quantities by marketplace, once a day: this costs a call for each SKU.")
]
NewSource = Annotated[InventorySource | None, typer.Option("--source", help="Where the stock is read; left as it is where not given.")]
NewOffers = Annotated[bool | None, typer.Option("--offers/--no-offers", help="Whether prices and quantities by marketplace are read too.")]
ReturnTo = Annotated[
    str | None, typer.Option(metavar="URL", help="Where the seller's browser goes afterwards: on an origin of SELLERBEAT_RETURN_ORIGINS.")
]
AppName = Annotated[str | None, typer.Option("--app", metavar="NAME", help="The app's name, for the seller to read; else the host of URL.")]
Scopes = Annotated[
    str | None, typer.Option(help="Scopes of the seller's consent, separated by spaces or commas; eBay's default where empty.")
]


def read_text(source: str, option: str) -> str:
    """What a file holds, or standard input (`-`). Raises typer.BadParameter where it cannot be read."""
    try:
        if source == "-":
            return sys.stdin.read()
        content = Path(source).read_bytes()
        return content.decode("utf-16" if content.startswith(UTF_16) and content[2:] else "utf-8")  # PowerShell's > writes the former
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise typer.BadParameter(f"{option} {file_named(source)} cannot be read: {why}; name a file, or - for standard input") from None


def read_token(source: str | None) -> str:
    """The refresh token in a file or on standard input.

    Raises:
        typer.BadParameter: no source, nothing there, or no refresh token (the text is never shown).
    """
    if source is None:
        raise typer.BadParameter("give the seller's refresh token with --refresh-token-file F (- reads standard input)")
    try:
        return refresh_token(read_text(source, "--refresh-token-file"))
    except NoTokenError as error:
        raise typer.BadParameter(f"--refresh-token-file {file_named(source)} holds no refresh token: it is {error}") from None
