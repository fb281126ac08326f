"""Temporal, as its Web UI shows it: histories of workflows; and an empty server for the next module."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError


async def client_of(address: str) -> Client:
    return await Client.connect(address, data_converter=pydantic_data_converter)


async def histories(client: Client, since: datetime) -> list[WorkflowHistory]:
    """Of all workflows that started since then: tests before this one had workflows of the same names."""
    found = client.list_workflows(f"StartTime >= '{since.isoformat()}'")
    return [await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history() async for run in found]


async def chain(client: Client, workflow_id: str) -> list[WorkflowHistory]:
    """Of one workflow's newest run and of those that it continues, the newest first."""
    run_id = (await client.get_workflow_handle(workflow_id).describe()).run_id
    runs = []
    while run_id:
        runs.append(await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history())
        run_id = runs[-1].events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return runs


def raw(history: WorkflowHistory) -> bytes:
    """All that stands in it; payloads as they are (in a history's JSON they are base64, and nothing would be found)."""
    return b"\n".join(event.SerializeToString() for event in history.events)


def sweep(address: str) -> None:
    """End what a module left running, so that the next may use the same ids."""

    async def end() -> None:
        client = await client_of(address)
        async for schedule in await client.list_schedules():
            await client.get_schedule_handle(schedule.id).delete()
        async for left in client.list_workflows("ExecutionStatus = 'Running'"):
            with suppress(RPCError):  # it ended meanwhile
                await client.get_workflow_handle(left.id, run_id=left.run_id).terminate("the module is over")

    asyncio.run(end())


def forget_dead_worker(address: str) -> None:
    """Temporal offers workflow tasks to the worker that has the workflow cached for 10 s before it asks another; here it asks at once."""

    async def forget() -> None:
        client = await client_of(address)
        async for run in client.list_workflows("ExecutionStatus = 'Running'"):
            execution = WorkflowExecution(workflow_id=run.id, run_id=run.run_id)
            request = ResetStickyTaskQueueRequest(namespace=client.namespace, execution=execution)
            with suppress(RPCError):  # continued as new in this moment
                await client.workflow_service.reset_sticky_task_queue(request)

    asyncio.run(forget())
