"""What Temporal says of itself and of what runs in it. Apart, since commands that ask Postgres alone should not load its client."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from domain.health_facts import TemporalFacts
from operations.context import CommandContext
from workflows.connection import TemporalUnavailableError
from workflows.schedules import lacking_schedules

NO_ANSWER = "Temporal does not answer; see that it runs, and that TEMPORAL_ADDRESS is right"


async def facts_of_temporal(context: CommandContext, patience_s: float) -> TemporalFacts:
    """Within `patience_s`; it is waited for as long again where it answers, but slowly."""
    try:
        async with asyncio.timeout(patience_s):
            client = await context.temporal()
            began = time.monotonic()
            await client.service_client.check_health(timeout=timedelta(seconds=patience_s))
            took_s = time.monotonic() - began
    except TemporalUnavailableError as error:
        return TemporalFacts(error=str(error))
    except (RPCError, TimeoutError):
        return TemporalFacts(error=NO_ANSWER)
    try:
        async with asyncio.timeout(patience_s):
            return await _asked(context, client, took_s)
    except (RPCError, TimeoutError):
        return TemporalFacts(answer_s=took_s)


async def _asked(context: CommandContext, client: Client, took_s: float) -> TemporalFacts:
    queue = context.settings.task_queue
    query = f"WorkflowType = 'SellerPolling' AND ExecutionStatus = 'Running' AND TaskQueue = '{queue}'"
    pollers, (missing, paused), running = await asyncio.gather(
        context.has_worker(client), lacking_schedules(client, queue), client.count_workflows(query)
    )
    return TemporalFacts(None, took_s, pollers, running.count, tuple(missing), tuple(paused))
