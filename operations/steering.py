"""What people tell a seller's workflow: one function behind command line, page and API each, with its row in the audit.

`seller_id` None: everybody who is enrolled, in one act, whose row has the subject `all`. Each raises UnknownSellerError where the seller is
not enrolled, StoreError or TemporalUnavailableError where one of them is away: then nothing was done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from activities.fleet.overrides import OperatorOverrides
from domain import streams
from domain.pacing import InventorySource, Stream
from operations.activity import AN_HOUR_S
from operations.audit import audited
from operations.context import CommandContext
from operations.errors import FailedError
from store import UnknownSellerError
from store.schema.times import iso
from workflows.client import handle, signal_or_start
from workflows.messages import Pause, PollNow, SetCadence, SetSources, SpeedUp
from workflows.seller_polling import SellerPolling

AT_ONCE = 16  # signals in flight: thousands of sellers take seconds
BY_HAND = "by hand"
EVERYBODY = "all"
PATIENCE = timedelta(seconds=10)


class NoWorkerError(FailedError):
    """It needs a worker, and none answers. Act: start worker.py."""


@dataclass(frozen=True, slots=True)
class ReportedActive:
    """Whose activity was taken, and who is not enrolled."""

    active: list[str]
    unknown: list[str]
    removed: list[str]


def in_one_line(reason: str) -> str:
    """A reason as it is shown: without what does not print, and never empty, since that would be no pause."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in reason).split()) or BY_HAND


async def pause_seller(
    context: CommandContext, author: str, seller_id: str | None, reason: str = BY_HAND, until: datetime | None = None
) -> list[str]:
    """Stop polling until `resume_seller`, or until then. Returns whose workflow was told."""
    said = Pause(reason=in_one_line(reason), until=until, by=author)
    after = {"paused": said.reason, "until": iso(until)}
    return await _tell(context, author, "seller.pause", seller_id, SellerPolling.pause, said, before=_paused, after=after)


async def resume_seller(context: CommandContext, author: str, seller_id: str | None) -> list[str]:
    """Poll again, at once, from the cursor. Returns whose workflow was told."""
    return await _tell(
        context, author, "seller.resume", seller_id, SellerPolling.resume, None, before=_paused, after={"paused": None, "until": None}
    )


async def speed_up_seller(context: CommandContext, author: str, seller_id: str, every: timedelta, lasting: timedelta) -> None:
    """Poll more often for a while."""
    said = SpeedUp(every=every, lasting=lasting, by=author)
    after = {"every_s": every.total_seconds(), "for_s": lasting.total_seconds()}
    await _tell(context, author, "seller.speed_up", seller_id, SellerPolling.speed_up, said, after=after)


async def poll_seller_now(context: CommandContext, author: str, seller_id: str, stream: Stream | None = None) -> None:
    """Poll as soon as the call in hand is done. `stream`: None for all that people mean by polling."""
    after = {"stream": stream.value} if stream else None
    await _tell(context, author, "seller.poll_now", seller_id, SellerPolling.poll_now, PollNow(stream=stream), after=after)


async def report_active(context: CommandContext, sellers: Sequence[str]) -> ReportedActive:
    """Sellers use the app now. Of whom this process knows that they did within the hour, it costs no statement and no signal.

    It leaves no row in the audit, and raises no UnknownSellerError.
    """
    absent = await context.recent_activity.tell(sellers, partial(_report_active, context))
    there = [one for one in dict.fromkeys(sellers) if one not in absent]
    return ReportedActive(there, [one for one in absent if not absent[one]], [one for one in absent if absent[one]])


async def _report_active(context: CommandContext, due: list[str]) -> dict[str, bool]:
    """Returns who is not enrolled, and whether they were removed."""
    found = await context.ask(context.store.chosen.overrides, due)
    enrolled = [overrides_from(one, fields) for one, fields in found.items() if fields is not None]
    now = datetime.now(UTC)
    sleeping = []
    for one in enrolled:
        ago_s = (now - one.active_at).total_seconds() if one.active_at else AN_HOUR_S
        if 0 <= ago_s < AN_HOUR_S:  # another process told it
            context.recent_activity.note(one.seller_id, ago_s)
        else:
            sleeping.append(one)
    if sleeping:
        await signal_each(context, await context.temporal(), sleeping, SellerPolling.seller_active, signalled=context.recent_activity.note)
    return {one: one in found for one in due if found.get(one) is None}


async def set_cadence(context: CommandContext, author: str, seller_id: str, request: SetCadence) -> None:
    """Set base intervals for good.

    Raises:
        NoWorkerError: an update needs one that answers, and one that was sent in vain may still reach a later worker.
        FailedError: the workflow refuses it, or does not run.
    """
    (overrides,) = await steered_sellers(context, seller_id)
    client = await context.temporal()
    before = {f"{stream}_every_s": _seconds(overrides.cadence.get(stream)) for stream in request.given()}
    after = {f"{stream}_every_s": _seconds(every) for stream, every in request.given().items()}
    async with audited(context, author, "seller.cadence", seller_id, before=before, after=after):
        if not await context.has_worker(client):
            raise NoWorkerError("no worker runs, and a new cadence needs one: start worker.py")
        try:
            await handle(client, seller_id).execute_update(SellerPolling.set_cadence, request, rpc_timeout=PATIENCE)
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            raise NoWorkerError(
                f"no worker answers within {PATIENCE.seconds} s: is worker.py running? It may take the new cadence later"
            ) from None
        except WorkflowUpdateFailedError as error:
            raise FailedError(str(error.cause)) from None
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            raise NoWorkerError(f"the workflow of {seller_id} does not run; the worker's watchdog starts it within a minute") from None


async def set_inventory(
    context: CommandContext, author: str, seller_id: str, source: InventorySource | None, offers: bool | None
) -> tuple[InventorySource, bool]:
    """Change where a seller's stock is read, from the next step on; done twice, it is the same. Returns what holds now.

    Raises:
        OffersNeedInventoryError: offers, but the Trading API alone. Nothing is changed.
    """
    (overrides,) = await steered_sellers(context, seller_id)
    client = await context.temporal()
    was, had = await context.ask(context.store.chosen.sources, seller_id)
    after = _sources(was if source is None else source, had if offers is None else offers)
    async with audited(context, author, "seller.inventory", seller_id, before=_sources(was, had), after=after):
        now, read = await context.ask(context.store.sellers.choose, seller_id, source, offers)
        used = streams.used(now, frozenset({"offers"} if read else ()))
        request = SetSources(used=tuple(sorted(used)), unused=tuple(sorted(streams.BY_SOURCE - used)))
        await signal_or_start(client, context.settings.task_queue, overrides, SellerPolling.set_sources, request)
    return now, read


async def _tell(
    context: CommandContext,
    author: str,
    action: str,
    seller_id: str | None,
    signal: Any,
    message: Any,
    *,
    before: Any = None,
    after: Mapping[str, Any] | None = None,
) -> list[str]:
    """Signal one seller's workflow or everybody's, in the audit's sight. `before`: reads the setting as one seller has it."""
    steered = await steered_sellers(context, seller_id)
    client = await context.temporal()
    known = before(steered[0]) if before and seller_id is not None else None
    subject = None if seller_id is not None else EVERYBODY
    async with audited(context, author, action, seller_id, subject=subject, before=known, after=after):
        return await signal_each(context, client, steered, signal, message)


async def signal_each(
    context: CommandContext,
    client: Client,
    steered: Iterable[OperatorOverrides],
    signal: Any,
    message: Any = None,
    signalled: Callable[[str], None] | None = None,
) -> list[str]:
    """Signal these sellers' workflows, some at a time. Returns whose it was.

    Args:
        signalled: called with each seller as soon as it is.
    Raises:
        RPCError: of the first that could not be signalled; the others were. To do it again is fine.
    """
    some = asyncio.Semaphore(AT_ONCE)

    async def one(overrides: OperatorOverrides) -> str:
        async with some:
            await signal_or_start(client, context.settings.task_queue, overrides, signal, message)
        if signalled:
            signalled(overrides.seller_id)
        return overrides.seller_id

    outcomes = await asyncio.gather(*map(one, steered), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [str(outcome) for outcome in outcomes]


async def steered_sellers(context: CommandContext, seller_id: str | None) -> list[OperatorOverrides]:
    """What people set before for one seller, or for all. Raises UnknownSellerError."""
    chosen = context.store.chosen
    if seller_id is None:
        return [overrides_from(*one) for one in (await context.ask(chosen.overrides_of_all)).items()]
    found = await context.ask(chosen.overrides, [seller_id])
    fields = found.get(seller_id)
    if fields is None:
        raise UnknownSellerError(seller_id, removed=seller_id in found)
    return [overrides_from(seller_id, fields)]


def overrides_from(seller_id: str, fields: Mapping[str, Any]) -> OperatorOverrides:
    """As the database has them."""
    return OperatorOverrides.model_validate({**fields, "seller_id": seller_id})


def _paused(overrides: OperatorOverrides) -> dict[str, Any]:
    return {"paused": overrides.paused, "until": iso(overrides.pause.until) if overrides.pause else None}


def _sources(source: InventorySource, offers: bool) -> dict[str, Any]:
    return {"inventory_source": source.value, "offers": offers}


def _seconds(every: timedelta | None) -> float | None:
    return every.total_seconds() if every else None
