"""What the watchdog looks at: sellers who are enrolled but not polled, and a second deployment on the same database."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable
from contextlib import suppress
from datetime import timedelta

from temporalio import activity
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.fleet.comparing import evaluate_due
from activities.fleet.dead_tokens import DeadTokens
from activities.fleet.feed_memory import compare_feed
from activities.fleet.overrides import OperatorOverrides, overrides_of
from domain.lateness import INTERVALS
from domain.pacing import Stream
from store import Store
from store.events.many_alerts import SellersAlert
from store.reading.lateness import LatePoll
from store.schema.kinds import AlertKind, named

RUNNING = "WorkflowType = 'SellerPolling' AND ExecutionStatus = 'Running'"
AT_ONCE = 1000  # some 5,000 events of a run, and 200 kB of its result: no seller waits for more than one run in a usual fleet
PLANNER_LATE = timedelta(minutes=15)
PLANNER_LATE_TEXT = (
    "the planner has not run for 15 minutes, so the last level holds: look at the schedule sellerbeat-planner:... in Temporal, "
    "whether it is paused, and at its last run"
)
TWO_DEPLOYMENTS_TEXT = (
    "two deployments work on this database: every seller is polled twice, and each attempt fences off the other's. "
    "Nothing is recorded twice, but calls are wasted: stop one of them, or give it a database of its own"
)


class LostSellers:
    def __init__(self, store: Store, client: Client, dead: DeadTokens | None = None) -> None:
        self.store, self.client, self.dead = store, client, dead
        self.suspects: set[LatePoll] = set()  # late at this process's last look

    @activity.defn
    async def find_lost_sellers(self) -> list[OperatorOverrides]:
        """Sellers whose workflow was terminated by hand or lost with Temporal's database; at most 1,000, with what people had set."""
        with suppress(RPCError):  # the workers look too, and what is lost is started all the same
            await compare_feed(self.client, self.store, activity.info().task_queue)
        await self.look_for_others()
        await asyncio.to_thread(self.look_at_the_planner)
        await asyncio.to_thread(self.look_for_late_polls)
        await asyncio.to_thread(evaluate_due, self.store)
        if self.dead:
            await self.dead.look(activity.info().started_time)
        running = await queues(self.client)
        enrolled = await asyncio.to_thread(self.store.enrolled)
        lost = lost_of(enrolled, running)
        return [await asyncio.to_thread(overrides_of, self.store, seller_id) for seller_id in lost[:AT_ONCE]]

    def look_at_the_planner(self) -> None:
        if self.store.levels.late(PLANNER_LATE):
            self.store.open_alert(AlertKind.PLANNER_LATE, PLANNER_LATE_TEXT)
        else:
            self.store.close_alert(AlertKind.PLANNER_LATE)

    def look_for_late_polls(self) -> None:
        """No good poll for 3 intervals at two looks, a minute apart: a seller who was paused until just now is polled in between."""
        late, reported = self.store.lateness.late(), self.store.lateness.reported()
        self.store.many_alerts.open(alert_of(one) for one in (late & self.suspects) - reported)
        self.store.many_alerts.close(alert_of(one) for one in reported - late)
        self.suspects = late

    async def look_for_others(self) -> None:
        """A deployment is a namespace of one Temporal and a task queue there: several workers of one are one."""
        namespace = await self.client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=self.client.namespace))
        identity = f"{namespace.namespace_info.id}/{activity.info().task_queue}"
        if await asyncio.to_thread(self.store.deployments.others, identity):
            await asyncio.to_thread(self.store.open_alert, AlertKind.TWO_DEPLOYMENTS, TWO_DEPLOYMENTS_TEXT)
        else:
            await asyncio.to_thread(self.store.close_alert, AlertKind.TWO_DEPLOYMENTS)


async def queues(client: Client) -> dict[str, str]:
    """Of each seller's workflow that runs, by its id: on which task queue. Raises RPCError."""
    return {run.id: run.task_queue async for run in client.list_workflows(RUNNING, page_size=1000)}


def lost_of(enrolled: Iterable[str], running: Container[str]) -> list[str]:
    """Sellers without a workflow; `running`: ids of workflows, whatever their task queue. How many there are says nothing."""
    return [seller_id for seller_id in enrolled if f"ebay-polling:{seller_id}" not in running]


def alert_of(late: LatePoll) -> SellersAlert:
    return SellersAlert(late.seller_id, named(AlertKind.LATE, late.stream.value), late_words(late.stream))


def late_words(stream: Stream) -> str:
    return f"{stream.value}: no good poll for {INTERVALS} intervals"
