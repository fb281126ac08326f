"""What runs by the clock in Temporal: watchdog, planner and erasing. Made by every worker, and made anew where they are lost."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)
from temporalio.service import RPCError

from activities.fleet.feed_memory import watchdog_id
from workflows.connection import is_missing
from workflows.erasing import Erasing
from workflows.planner import Planner
from workflows.watchdog import Watchdog

PATIENCE = timedelta(seconds=2)  # of a look that others wait for
logger = logging.getLogger("sellerbeat.schedules")


@dataclass(frozen=True, slots=True)
class Timetable:
    """One schedule: what it runs, and how often."""

    id: str  # with the task queue: one that belonged to another queue would be left as it is, and its runs would find no worker
    run: Any
    every: timedelta
    at_once: bool = False  # also when it is made for the first time


def planner_id(task_queue: str) -> str:
    return f"sellerbeat-planner:{task_queue}"


def timetables(task_queue: str) -> tuple[Timetable, ...]:
    """One of each a task queue, however many workers start."""
    return (
        Timetable(watchdog_id(task_queue), Watchdog.run, timedelta(minutes=1)),
        Timetable(planner_id(task_queue), Planner.run, timedelta(minutes=5), at_once=True),
        Timetable(f"sellerbeat-erasing:{task_queue}", Erasing.run, timedelta(minutes=1)),
    )


async def schedule(client: Client, task_queue: str) -> None:
    """Make those that are not there. Raises RPCError."""
    for one in timetables(task_queue):
        await make(client, task_queue, one, at_once=one.at_once)


async def make(client: Client, task_queue: str, one: Timetable, *, at_once: bool) -> bool:
    """Make one, and with `at_once` run it now. Returns whether it was not there; one that is stays as it is."""
    action = ScheduleActionStartWorkflow(one.run, id=one.id, task_queue=task_queue)
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1))
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(one.every)])
    try:
        await client.create_schedule(one.id, Schedule(action=action, spec=spec, policy=policy), trigger_immediately=at_once)
    except ScheduleAlreadyRunningError:
        logger.debug("the schedule is there", extra={"schedule": one.id})
        return False
    return True


async def missing_schedules(client: Client, task_queue: str) -> list[Timetable]:
    """Those that Temporal does not have. Raises RPCError."""
    return [one for one in timetables(task_queue) if not await _is_there(client, one.id)]


async def lacking_schedules(client: Client, task_queue: str) -> tuple[list[str], list[str]]:
    """Ids of those that Temporal does not have, and of those that somebody paused. Raises RPCError."""
    missing, paused = [], []
    for one in timetables(task_queue):
        try:
            found = await client.get_schedule_handle(one.id).describe(rpc_timeout=PATIENCE)
        except RPCError as error:
            if not is_missing(error):
                raise
            missing.append(one.id)
        else:
            if found.schedule.state.paused:
                paused.append(one.id)
    return missing, paused


async def _is_there(client: Client, id_: str) -> bool:
    try:
        await client.get_schedule_handle(id_).describe()
    except RPCError as error:
        if is_missing(error):
            return False
        raise
    return True
