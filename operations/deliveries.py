"""What was sent and what is to be sent again, as command line, page and API ask it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from operations.audit import audited
from operations.context import CommandContext
from operations.errors import UnknownChangeError
from store.delivery.deliveries import AttemptFilter, AttemptPage
from store.schema.tables import LARGEST_ID

CHANGE_ID = re.compile(r"[a-z0-9-]{1,41}")


def log(context: CommandContext, chosen: AttemptFilter, limit: int = 100, before: int = LARGEST_ID) -> AttemptPage:
    """Attempts, the newest first, as `deliveries --json` prints them. Raises UnknownEndpointError."""
    if chosen.endpoint is not None:
        context.store.endpoints.one(chosen.endpoint)
    return context.store.deliveries.page(chosen, limit, before)


async def replay(
    context: CommandContext,
    author: str,
    *,
    endpoint: str | None = None,
    ids: Sequence[str] | None = None,
    first: int | None = None,
    last: int | None = None,
    seller: str | None = None,
) -> int:
    """Have delivered changes sent again, under the same ids, to every endpoint that wants them, or to one. Returns how many messages.

    Args:
        ids: of changes; first, last: positions, both included; seller: all of one. At least one of them; several: what fits all.
    Raises:
        UnknownChangeError: one of the ids is none.
        UnknownEndpointError: there is no such endpoint.
    """
    if endpoint is not None:
        await context.ask(context.store.endpoints.one, endpoint)
    if ids and (unknown := await context.ask(context.store.deliveries.unknown, ids)):
        raise UnknownChangeError(f"{unknown_change(unknown[0])}; nothing is sent")
    what = {"ids": len(ids) if ids else None, "first": first, "last": last}
    what = {name: value for name, value in what.items() if value is not None}
    async with audited(context, author, "replay", seller, subject=endpoint, after=what):
        return await context.ask(context.store.deliveries.replay, endpoint=endpoint, ids=ids, first=first, last=last, seller=seller)


def unknown_change(given: str) -> str:
    """In words. A token that was pasted there is not shown."""
    return f"no change has {f'the id {given}' if CHANGE_ID.fullmatch(given) else 'such an id'}"
