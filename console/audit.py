"""`starter.py audit`: who did what, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from console.arguments import SellerOption, between, count
from console.known import none_found
from console.output import Output, show, with_json
from operations.audit import differing
from operations.context import CommandContext
from store import Store
from store.schema.tables import LARGEST_ID

commands = typer.Typer()
LAST, MANY, PAGE = 50, 1_000_000, 1000
COLUMNS = {"at": "at", "author": "author", "action": "action", "of": "of", "what": "what", "outcome": "outcome"}


@commands.command()
@with_json
def audit(
    seller: SellerOption = None,
    author: Annotated[str | None, typer.Option(metavar="A", help="Such as token:ci, page or os:alice.")] = None,
    action: Annotated[str | None, typer.Option(metavar="ACTION", help="Such as seller.pause, or seller.* for all of a kind.")] = None,
    last: Annotated[
        int | None, typer.Option(parser=count(1, MANY), metavar="N", help=f"So many; {LAST} where neither this nor --since is given.")
    ] = None,
    since: Annotated[timedelta | None, typer.Option(parser=between("1s", "3650d"), metavar="DURATION", help="Such as 7d.")] = None,
) -> None:
    """Who did what, by command line, page and API; the newest first. SELLERBEAT_KEEP_AUDIT says how long it is kept."""
    context = CommandContext("database_url", "secret_keys")
    store = context.store
    limit = last or (MANY if since else LAST)
    rows: Iterable[dict[str, Any]] = acts(store, limit, seller_id=seller, author=author, action=action, since=since)
    if seller is not None:
        rows = list(rows)
        none_found(context, seller, rows)
    if not Output.json:
        rows = ({**row, "of": row["seller_id"] or row["subject"], "what": difference(row["before"], row["after"])} for row in rows)
    show(rows, COLUMNS, empty="nothing was done")


def acts(store: Store, limit: int, **asked: Any) -> Iterator[dict[str, Any]]:
    """Page by page."""
    older = LARGEST_ID
    while limit > 0:
        page = store.audit.read(before=older, **asked, limit=min(limit, PAGE))
        yield from page
        if len(page) < min(limit, PAGE):
            return
        limit -= len(page)
        older = page[-1]["id"]


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """`reason: - -> holiday`, of what differs; of something new or gone its fields."""
    fields = [(name, "-" if old is None else old, "-" if new is None else new) for name, old, new in differing(before, after)]
    if not (before and after):
        return ", ".join(f"{name} {new if after else old}" for name, old, new in fields)
    return ", ".join(f"{name} {old} -> {new}" for name, old, new in fields)
