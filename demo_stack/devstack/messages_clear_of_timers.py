"""Signals and updates that reach a workflow at a moment when none of its timers comes due, as the time-skipping server needs it.

That server fires a timer while a workflow task runs, and then refuses the task's answer if it cancels this timer. Such a task is
neither timed out nor given out again, time is locked for it, and everything stands still (github.com/temporalio/sdk-java/issues/3088).
A message that wakes a workflow just before its timer makes this likely on a busy machine. The real server buffers the firing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import (
    Interceptor,
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowUpdateInput,
    WorkflowHistory,
    WorkflowUpdateHandle,
)
from temporalio.testing import WorkflowEnvironment

CLEAR = timedelta(seconds=20)  # time runs on, second by second, while a task is worked on: what a busy machine may need for one
AFTER = timedelta(seconds=1)


class MessagesClearOfTimers(Interceptor):
    """Lets a timer that is due within 20 seconds fire first; the clock jumps for it."""

    environment: WorkflowEnvironment | None = None  # made after its interceptors

    def intercept_client(self, following: OutboundInterceptor) -> OutboundInterceptor:
        return _Waiting(following, self)

    async def wait(self, workflow_id: str) -> None:
        """Lets the workflow's nearest timer fire if it is due within 20 seconds. Once: another one may be due as soon again."""
        if self.environment is None:
            return
        history = await self.environment.client.get_workflow_handle(workflow_id).fetch_history()
        left = [due - await self.environment.get_current_time() for due in timers(history)]
        if left and min(left) < CLEAR:
            await self.environment.sleep(max(timedelta(0), min(left)) + AFTER)


class _Waiting(OutboundInterceptor):
    def __init__(self, following: OutboundInterceptor, clear: MessagesClearOfTimers) -> None:
        super().__init__(following)
        self._clear = clear

    async def signal_workflow(self, message: SignalWorkflowInput) -> None:
        await self._clear.wait(message.id)
        await super().signal_workflow(message)

    async def start_workflow_update(self, message: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:
        await self._clear.wait(message.id)
        return await super().start_workflow_update(message)


def timers(history: WorkflowHistory) -> list[datetime]:
    """When the timers that run at the end of a history come due, UTC."""
    running: dict[str, datetime] = {}
    for event in history.events:
        if event.HasField("timer_started_event_attributes"):
            started = event.timer_started_event_attributes
            due = event.event_time.ToDatetime(UTC) + started.start_to_fire_timeout.ToTimedelta()
            running[started.timer_id] = due
        elif event.HasField("timer_fired_event_attributes"):
            running.pop(event.timer_fired_event_attributes.timer_id, None)
        elif event.HasField("timer_canceled_event_attributes"):
            running.pop(event.timer_canceled_event_attributes.timer_id, None)
    return list(running.values())
