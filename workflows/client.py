"""How processes tell a seller's workflow something; how they connect is in `connection.py`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client, WorkflowHandle

from activities.fleet.overrides import OperatorOverrides
from workflows.connection import TemporalUnavailableError, connect, is_missing
from workflows.messages import workflow_id
from workflows.seller_polling import SellerPolling, summary_of
from workflows.state import PollingState

__all__ = ["TemporalUnavailableError", "connect", "handle", "is_missing", "signal_or_start"]


async def signal_or_start(
    client: Client, task_queue: str, overrides: OperatorOverrides, signal: Any, message: BaseModel | None = None
) -> None:
    """Signal a seller's workflow, and start it where it does not run: nobody has to know which. `overrides`: what people had set before."""
    await client.start_workflow(
        SellerPolling.run,
        PollingState.resumed(overrides, datetime.now(UTC)),
        id=workflow_id(overrides.seller_id),
        task_queue=task_queue,
        static_summary=summary_of(overrides.seller_id),
        start_signal=getattr(signal, "__temporal_signal_definition").name,
        start_signal_args=[] if message is None else [message],
    )


def handle(client: Client, seller_id: str) -> WorkflowHandle[SellerPolling, None]:
    return client.get_workflow_handle_for(SellerPolling.run, workflow_id(seller_id))
