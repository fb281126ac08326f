"""Polling compared with notifications, as command line and API ask it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from activities.fleet.comparing import SellerComparison, as_json, compared
from operations.context import CommandContext
from operations.errors import WrongInputError

LAST = timedelta(days=7)


def comparisons(
    context: CommandContext, sellers: Sequence[str] | None, since: datetime | None, until: datetime | None, last: timedelta | None
) -> list[SellerComparison]:
    """Over [since, until), or until now; of these sellers, or with None of all in shadow or webhooks, in the order of their ids.

    Raises:
        WrongInputError: the period makes no sense.
        UnknownSellerError: one was never enrolled.
    """
    start, end = period(since, until, last, context.store.modes.clock())
    return [compared(context.store, one, start, end) for one in (watched(context) if sellers is None else sellers)]


def watched(context: CommandContext) -> list[str]:
    """Sellers in shadow or webhooks, in the order of their ids."""
    return sorted(context.store.modes.watched())


def period(since: datetime | None, until: datetime | None, last: timedelta | None, now: datetime) -> tuple[datetime, datetime]:
    """What is meant by what was given. Raises WrongInputError: it contradicts itself, or names nothing."""
    if last and (since or until):
        raise WrongInputError("last", "it stands alone, or since and until in its place")
    if until and not since:
        raise WrongInputError("since", "it is needed where until is given")
    end = until or now
    start = since or end - (last or LAST)
    if start >= end:
        raise WrongInputError(*(("until", "the period ends before it begins") if until else ("since", "it lies in the future")))
    return start, end


def compared_rows(
    context: CommandContext, sellers: Sequence[str] | None, since: datetime | None, until: datetime | None
) -> list[dict[str, Any]]:
    """The same, a row a seller, as `reconcile --json` prints it."""
    return [as_json(one) for one in comparisons(context, sellers, since, until, None)]
