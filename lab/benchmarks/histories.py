"""What a poll costs Temporal, read from the workflow's own history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from math import nan
from statistics import median

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

SCHEDULED = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
COMPLETED = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
TIMER = EventType.EVENT_TYPE_TIMER_STARTED
SIGNAL = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


@dataclass(frozen=True)
class Cost:
    """Of the polls of some workflows until the first signal, each from one activity to the next."""

    timers: int
    events: list[int]  # of each poll

    @property
    def polls(self) -> int:
        return len(self.events)

    def polls_a_timer(self) -> str:
        """Two digits. `all` without timers: on a late machine each poll is overdue when the one before it ends."""
        return f"{self.polls / self.timers:.2f}" if self.timers else "all"

    def usual_events(self) -> float:
        return median(self.events) if self.events else nan


def cost(histories: Sequence[WorkflowHistory]) -> Cost:
    timers, events = 0, []
    for history in histories:
        types = [event.event_type for event in history.events]
        undisturbed = list(takewhile(lambda kind: kind != SIGNAL, types))
        starts = [index for index, kind in enumerate(undisturbed) if kind == SCHEDULED]
        for first, last in pairwise(starts):
            timers += undisturbed[first:last].count(TIMER)
            events.append(last - first)
    return Cost(timers, events)


def steps(histories: Sequence[WorkflowHistory]) -> int:
    """Polls that went well: activities but for what saves people's overrides."""
    found = 0
    for history in histories:
        names = {
            event.event_id: event.activity_task_scheduled_event_attributes.activity_type.name
            for event in history.events
            if event.event_type == SCHEDULED
        }
        done = [event.activity_task_completed_event_attributes for event in history.events if event.event_type == COMPLETED]
        found += sum(1 for one in done if names[one.scheduled_event_id] != "keep_wishes")
    return found
