"""eBay tells that a user left: a round of erasures begins at once. Who it is stays in the notification's row until then."""

from __future__ import annotations

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from workflows.erasing import Erasing


async def forget(client: Client, task_queue: str, notification_id: str) -> None:
    """One round for many: where one runs already, the schedule's next one finds who comes too late for it."""
    await client.start_workflow(
        Erasing.run,
        id=f"sellerbeat-erasing-now:{task_queue}",
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
