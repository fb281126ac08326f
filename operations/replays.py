"""Sending again what was delivered, as command line, page and API ask for it, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from operations.audit import audited
from operations.context import CommandContext
from operations.deliveries import unknown_change
from operations.errors import UnknownChangeError, UnknownReplayError
from store.delivery.replays import BegunReplay, ReplayFilter
from store.schema.tables import LARGEST_ID

AT_ONCE_S = 1.0  # so long who asks queues messages themselves; the rest is queued by workers


async def replay(
    context: CommandContext,
    author: str,
    *,
    endpoint: str | None = None,
    ids: Sequence[str] | None = None,
    first: int | None = None,
    last: int | None = None,
    seller: str | None = None,
    types: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    failed: bool = False,
    dry_run: bool = False,
) -> BegunReplay:
    """Have delivered changes sent again, under the same ids, to every endpoint that wants them, or to one; what fits all that is given.

    Args:
        ids: of changes; first, last: positions, both included; seller: all of one; since, until: recorded then, the second excluded.
        failed: only those whose last attempt was not taken; they are tried now.
        dry_run: only count them.
    Raises:
        UnknownChangeError: one of the ids is none.
        UnknownEndpointError: there is no such endpoint.
    """
    store = context.store
    if endpoint is not None:
        await context.ask(store.endpoints.one, endpoint)
    if ids and (unknown := await context.ask(store.deliveries.unknown, ids)):
        raise UnknownChangeError(f"{unknown_change(unknown[0])}; nothing is sent")
    asked = ReplayFilter(endpoint, seller, tuple(ids or ()), first, last, tuple(types), since, until, failed)
    if dry_run:
        return await context.ask(store.replays.begin, asked, author, dry_run=True)
    async with audited(context, author, "replay", seller, subject=endpoint, after=_in_audit(asked)):
        begun = await context.ask(store.replays.begin, asked, author)
        end = time.monotonic() + AT_ONCE_S
        while begun.id is not None and await context.ask(store.replays.advance, begun.id) and time.monotonic() < end:
            pass
        return begun


def _in_audit(asked: ReplayFilter) -> dict[str, Any]:
    """What was asked for, but for the ids themselves."""
    given = {**asked.chosen(), "ids": len(asked.ids) or None, "first": asked.first, "last": asked.last, "failed": asked.failed or None}
    return {name: value for name, value in given.items() if value is not None}


def listed(context: CommandContext, limit: int = 20, before: int = LARGEST_ID) -> list[dict[str, Any]]:
    """Replays with how far they are, the newest first."""
    return context.store.replays.page(limit, before)


def progress_of(context: CommandContext, replay_id: int) -> dict[str, Any]:
    """Of how many messages how many are sent. Raises UnknownReplayError."""
    found = context.store.replays.page(1, replay_id=replay_id)
    if not found:
        raise UnknownReplayError(f"there is no replay {replay_id}: starter.py replays lists them")
    return found[0]


def in_words(replay: dict[str, Any]) -> str:
    """`order.* of s-17 to ep-1f2e3d4c, failed only`: what was asked for."""
    what = ", ".join(replay["types"] or ()) or "all types"
    times = [f"{name} {replay[field][:19]}Z" for name, field in (("from", "since"), ("before", "until")) if replay[field]]
    parts = [f"{what} of {replay['seller'] or 'all sellers'} to {replay['endpoint'] or 'every endpoint'}", *times]
    parts += [f"{replay['ids']} named"] if replay["ids"] else []
    return ", ".join(parts + (["failed only"] if replay["failed"] else []))
