"""A seller's state: what Postgres holds, put right by what the running workflow says of itself.

Temporal is loaded where it is asked: `list`, and `status` of who needs a new consent, are told by Postgres alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from domain.seller_state import PauseFacts, SpeedUpFacts
from operations.context import CommandContext
from store.reading.overridden import pause_fields, speed_up_fields
from store.reading.paging import ListPage
from store.schema.times import iso

if TYPE_CHECKING:
    from temporalio.client import Client

    from workflows.messages import SellerStatus

PATIENCE = timedelta(seconds=2)
FIRST_POLL = "first poll"  # as a workflow says it; Postgres knows since when
NO_WORKER = "no worker answers: is worker.py running?"
SETTLED = ("removed", "needs_reauthorization", "stalled")  # Postgres decides these, and tells at once


async def seller_status(context: CommandContext, seller_id: str, *, ask_workflow: bool = True) -> dict[str, Any]:
    """`starter.py status --json`, as the contract has it.

    Args:
        ask_workflow: False where it is known that no worker answers, so that none is waited for.
    Raises:
        UnknownSellerError: never enrolled.
    """
    answer = await context.ask(context.store.seller, seller_id)
    if answer["state"] in SETTLED:  # of `stalled` too: who does not poll does not answer, or Temporal does not
        return answer
    from workflows.connection import TemporalUnavailableError

    try:
        client = await context.temporal()
    except TemporalUnavailableError as error:
        return {**answer, "reason": str(error)}
    return await live_status(client, answer) if ask_workflow else {**answer, "reason": NO_WORKER}


async def live_status(client: Client, answer: dict[str, Any]) -> dict[str, Any]:
    """What Postgres holds of a seller, put right by the running workflow; as it is where that does not answer."""
    from temporalio.client import WorkflowQueryFailedError, WorkflowQueryRejectedError
    from temporalio.service import RPCError

    from workflows.connection import is_missing
    from workflows.messages import SellerStatus, workflow_id

    try:  # by its name: the workflow itself would load all steps
        handle = client.get_workflow_handle(workflow_id(answer["seller_id"]))
        status: SellerStatus = await handle.query("status", result_type=SellerStatus, rpc_timeout=PATIENCE)
    except RPCError as error:
        missing = "the workflow does not run; the worker's watchdog starts it within a minute"
        return {**answer, "reason": missing if is_missing(error) else NO_WORKER}
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
        return {**answer, "reason": NO_WORKER}
    return merged(answer, status)


def merged(answer: dict[str, Any], status: SellerStatus) -> dict[str, Any]:
    """`answer` of Postgres with what the workflow says: state, reason, and of each stream when and why."""
    streams = dict(answer["streams"])
    for stream, live in status.streams.items():
        if stream.value in streams:
            live_fields = {
                "next_poll_at": iso(live.next_poll_at),
                "why": live.why if live.why != FIRST_POLL else streams[stream.value]["why"] or live.why,
                "failures": live.failures,
            }
            stored_fields = streams[stream.value]
            streams[stream.value] = {
                **stored_fields,
                **live_fields,
                "last_error": (stored_fields["last_error"] or live.last_error) if live.failures else None,
            }
    answer = {**answer, "streams": streams, **_overridden(status)}
    if is_ebays(answer["state"], status.state):  # a workflow learns with its next poll that eBay is down or back; Postgres knows it at once
        return answer
    return {**answer, "state": status.state, "reason": status.reason}


def is_ebays(stored: str, live: str) -> bool:
    """Whether the states of Postgres and of the workflow differ by what eBay does alone."""
    return "ebay_down" in (stored, live) and stored != live and not {stored, live} & {"paused", "needs_reauthorization", "removed"}


def _overridden(status: SellerStatus) -> dict[str, Any]:
    """What people set; a worker of a version before tells of a pause the reason alone, and of a speed-up nothing."""
    pause, speed_up = status.paused, status.speed_up
    if pause is None and status.state == "paused":
        pause = PauseFacts(status.reason)
    if speed_up and speed_up.is_over(datetime.now(UTC)):  # a workflow that sleeps did not notice
        speed_up = None
    return {"paused": pause_fields(pause), "speed_up": speed_up_fields(speed_up)}


def shown_pause(answer: dict[str, Any]) -> PauseFacts | None:
    """Where that is the seller's state. `answer`: as `status --json`, or a row of `list`."""
    return PauseFacts.of(answer["paused"]) if answer["state"] == "paused" and answer["paused"] else None


def reason_in_words(answer: dict[str, Any]) -> str | None:
    """For people, why the state is as it is: of a pause also by whom and until when."""
    if pause := shown_pause(answer):
        return pause.words() if answer["reason"] == pause.reason else f"{pause.words()}; {answer['reason']}"
    return None if answer["state"] == "polling" else answer["reason"]


def speed_up_in_words(answer: dict[str, Any]) -> str | None:
    """None: there is none."""
    facts = SpeedUpFacts.of(answer["speed_up"]) if answer["speed_up"] else None
    return facts.words() if facts else None


async def sellers_list(context: CommandContext, state: str | None) -> list[dict[str, Any]]:
    """All sellers by what Postgres holds, one row each: fast for thousands, and true without a worker."""
    rows = await context.ask(context.store.status.all, state)
    return [_row(row) for row in rows]


async def sellers_page(context: CommandContext, after: str, limit: int, part: str, state: str | None) -> ListPage:
    """The same, some at a time: those behind `after` whose id holds `part`."""
    page = await context.ask(context.store.lists.sellers, after, limit, part, state)
    return ListPage([_row(row) for row in page.rows], page.next)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    streams = [stream for stream in row["streams"].values() if not stream.get("done")]
    last = max((stream["last_poll_at"] for stream in streams if stream["last_poll_at"]), default=None)
    asleep = row["state"] in ("paused", "needs_reauthorization", "removed")  # nothing is due until somebody acts
    following = None if asleep else min((stream["next_poll_at"] for stream in streams if stream["next_poll_at"]), default=None)
    return {**row, "last_poll_at": last, "next_poll_at": following}
