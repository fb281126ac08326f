"""One way to connect to Temporal. Apart from `client.py`, since a command that only asks should not load all that a worker does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from temporalio.client import Client, Interceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode


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


def is_missing(error: RPCError) -> bool:
    """The workflow does not run."""
    return error.status is RPCStatusCode.NOT_FOUND
