"""How processes talk to Temporal: one way to connect, and one to tell a seller's workflow something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client, Interceptor, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from activities.wishes import Wishes
from workflows.seller_polling import SellerPolling, summary_of, workflow_id
from workflows.state import PollingState


class TemporalUnavailableError(Exception):
    """Temporal cannot be reached. Act: is it running, and is TEMPORAL_ADDRESS right?"""


async def connect(environment: Mapping[str, str], interceptors: Sequence[Interceptor] = ()) -> Client:
    """A client for the server that `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, ... name (temporalio.envconfig); localhost:7233 by default.

    Raises:
        TemporalUnavailableError: no server there, or it refuses us.
    """
    config = ClientConfig.load_client_connect_config(override_env_vars=dict(environment))
    address = config.setdefault("target_host", "localhost:7233")
    config.setdefault("namespace", "default")
    try:
        return await Client.connect(**config, data_converter=pydantic_data_converter, interceptors=interceptors)
    except (RuntimeError, RPCError) as error:
        reason = error.message if isinstance(error, RPCError) else "no answer"
        raise TemporalUnavailableError(
            f"Temporal does not answer at {address} ({reason}); is it running, and is TEMPORAL_ADDRESS right?"
        ) from None


async def tell(client: Client, task_queue: str, wishes: Wishes, signal: Any, message: BaseModel | None = None) -> None:
    """Signal a seller's workflow, and start it where it does not run: nobody has to know which. `wishes`: what they had set before."""
    await client.start_workflow(
        SellerPolling.run,
        PollingState.resumed(wishes, datetime.now(UTC)),
        id=workflow_id(wishes.seller_id),
        task_queue=task_queue,
        static_summary=summary_of(wishes.seller_id),
        start_signal=getattr(signal, "__temporal_signal_definition").name,
        start_signal_args=[] if message is None else [message],
    )


def handle(client: Client, seller_id: str) -> WorkflowHandle[SellerPolling, None]:
    return client.get_workflow_handle_for(SellerPolling.run, workflow_id(seller_id))


def is_missing(error: RPCError) -> bool:
    """The workflow does not run."""
    return error.status is RPCStatusCode.NOT_FOUND
