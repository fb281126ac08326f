"""After a restore of the database: it is made good, and compared with what Temporal still knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from temporalio.client import Client
from temporalio.service import RPCError

from activities.fleet.feed_memory import recalled, remember
from activities.fleet.lost_sellers import RUNNING
from activities.fleet.overrides import overrides_of
from operations.context import CommandContext
from store import Store
from store.events.restores import FeedStanding
from workflows.attributes import STATE
from workflows.client import TemporalUnavailableError
from workflows.connection import is_missing
from workflows.messages import SetSources, workflow_id
from workflows.schedules import schedule
from workflows.seller_polling import SellerPolling
from workflows.visibility import AttributesMissingError, check

if TYPE_CHECKING:
    from temporalio.client import WorkflowExecution

# `remove` terminates a workflow; one that found its seller unknown to the database completes.
ENDED = "WorkflowType = 'SellerPolling' AND ExecutionStatus IN ('Completed', 'Terminated', 'Canceled', 'Failed')"
PREFIX = workflow_id("")


@dataclass(frozen=True, slots=True)
class Recollection:
    """What Temporal knows of sellers."""

    running: dict[str, str | None]  # by seller: the state that their workflow shows, if it shows one
    ended: dict[str, tuple[datetime, bool]]  # by seller: when their last workflow ended, and whether by itself, as nobody knew the seller


@dataclass(slots=True)
class RestoreFindings:
    """Sellers by what is to be done, or was done."""

    enroll: list[str] = field(default_factory=list)  # polled until the restore, and not enrolled here
    remove: list[str] = field(default_factory=list)  # enrolled here, and ended in Temporal since then
    pause: list[str] = field(default_factory=list)  # paused, and the database did not know
    resume: list[str] = field(default_factory=list)  # not paused, and the database had them paused


async def put_right(context: CommandContext) -> tuple[FeedStanding, RestoreFindings | None, str]:
    """The database in any case, in one transaction; what Temporal knows, where it answers, and else why not."""
    store, queue = context.store, context.settings.task_queue
    client, memory, left = None, None, ""
    try:
        client = await context.temporal()
        memory = await recalled(client, queue)
    except (TemporalUnavailableError, RPCError) as error:
        client, left = None, error.message if isinstance(error, RPCError) else str(error)
    standing = store.restores.standing()
    noticed = standing.announced and memory is not None and memory.is_of(standing)
    if not noticed:  # else a worker did it when it noticed, and nothing was lost since
        standing = store.restores.renew(memory.position if memory else 0)
    if client is None:
        return standing, None, left
    findings = None
    try:
        findings = await look_at_sellers(client, store, queue)
        await check(client)
        await schedule(client, queue)
        await remember(client, queue, standing)
    except (AttributesMissingError, RPCError) as error:
        return standing, findings, error.message if isinstance(error, RPCError) else str(error)
    return standing, findings, ""


async def recollection(client: Client, task_queue: str) -> Recollection:
    """Raises RPCError."""
    ours = f" AND TaskQueue = '{task_queue}'"
    running = {_seller(run): run.typed_search_attributes.get(STATE) async for run in client.list_workflows(RUNNING + ours, page_size=1000)}
    ended: dict[str, tuple[datetime, bool]] = {}
    async for run in client.list_workflows(ENDED + ours, page_size=1000):
        if run.close_time is not None and (_seller(run) not in ended or ended[_seller(run)][0] < run.close_time):
            ended[_seller(run)] = run.close_time, run.status is not None and run.status.name == "COMPLETED"
    return Recollection(running, ended)


def _seller(run: WorkflowExecution) -> str:
    return run.id.removeprefix(PREFIX)


def compare(known: Recollection, spans: dict[str, tuple[datetime, datetime | None]], paused: set[str]) -> RestoreFindings:
    """Pure. `spans`: as `Sellers.spans`; `paused`: whom the database has paused, of those whose workflow runs."""
    enrolled = {seller for seller, (_, removed_at) in spans.items() if removed_at is None}
    unknown = {seller for seller, (_, alone) in known.ended.items() if alone and seller not in spans}
    shown = {seller: state for seller, state in known.running.items() if seller in enrolled and state is not None}
    return RestoreFindings(
        enroll=sorted((known.running.keys() - enrolled) | unknown),
        remove=sorted(seller for seller in enrolled & known.ended.keys() if known.ended[seller][0] > spans[seller][0]),
        pause=sorted(seller for seller, state in shown.items() if state == "paused" and seller not in paused),
        resume=sorted(seller for seller, state in shown.items() if state != "paused" and seller in paused),
    )


async def look_at_sellers(client: Client, store: Store, task_queue: str) -> RestoreFindings:
    """Compare, and have every workflow that runs store what people set for its seller. Raises RPCError, StoreError."""
    known, spans = await recollection(client, task_queue), store.sellers.spans()
    mine = [seller for seller in sorted(known.running) if seller in spans and spans[seller][1] is None]
    paused = {seller for seller in mine if overrides_of(store, seller).paused is not None}
    for seller in mine:
        try:
            # Of no source: nothing is read otherwise, and what people set is stored again.
            await client.get_workflow_handle(workflow_id(seller)).signal(SellerPolling.set_sources, SetSources())
        except RPCError as error:  # it ended meanwhile: the watchdog's part
            if not is_missing(error):
                raise
    return compare(known, spans, paused)
