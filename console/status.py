"""A seller's state: what Postgres holds, put right by what the running workflow says of itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.service import RPCError

from console.office import Office
from store.times import iso
from workflows.client import TemporalUnavailableError, handle, is_missing
from workflows.messages import Status
from workflows.seller_polling import SellerPolling

PATIENCE = timedelta(seconds=2)
SETTLED = ("removed", "needs_reauthorization")  # Postgres decides these, and tells at once


async def seller_status(office: Office, seller_id: str) -> dict[str, Any]:
    """`starter.py status --json`, as the contract has it.

    Raises:
        UnknownSellerError: never enrolled.
    """
    answer = office.store.seller(seller_id)
    if answer["state"] in SETTLED:
        return answer
    try:
        client = await office.temporal()
    except TemporalUnavailableError as error:
        return {**answer, "reason": str(error)}
    return await _live(client, answer)


async def _live(client: Client, answer: dict[str, Any]) -> dict[str, Any]:
    try:
        status = await handle(client, answer["seller_id"]).query(SellerPolling.status, rpc_timeout=PATIENCE)
    except RPCError as error:
        missing = "the workflow does not run; the worker's watchdog starts it within a minute"
        return {**answer, "reason": missing if is_missing(error) else "no worker answers: is worker.py running?"}
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
        return {**answer, "reason": "no worker answers: is worker.py running?"}
    return _merged(answer, status)


def _merged(answer: dict[str, Any], status: Status) -> dict[str, Any]:
    streams = dict(answer["streams"])
    for stream, live in status.streams.items():
        if stream.value in streams:
            told = {"next_poll_at": iso(live.next_poll_at), "why": live.why, "failures": live.failures}
            kept = streams[stream.value]
            streams[stream.value] = {**kept, **told, "last_error": (kept["last_error"] or live.last_error) if live.failures else None}
    return {**answer, "state": status.state, "reason": status.reason, "streams": streams}


async def sellers_list(office: Office, state: str | None) -> list[dict[str, Any]]:
    """All sellers by what Postgres holds, one row each: fast for thousands, and true without a worker."""
    rows = office.store.status.all(state)
    return [_row(row) for row in rows]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    streams = [stream for stream in row["streams"].values() if not stream.get("done")]
    last = max((stream["last_poll_at"] for stream in streams if stream["last_poll_at"]), default=None)
    following = min((stream["next_poll_at"] for stream in streams if stream["next_poll_at"]), default=None)
    return {**row, "last_poll_at": last, "next_poll_at": following}
