"""Steps without eBay and Postgres: they remember their requests and answer by the rules of `domain/pacing/`, or as told."""

from __future__ import annotations

import asyncio
import math
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

from temporalio import activity
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.delivering.deliver import Delivered, DeliveryCursor
from activities.fleet.overrides import OperatorOverrides
from activities.polling.poll import Poll, PollResult
from domain.pacing import Facts, PacingSettings, SellerPace, Stream, next_poll
from tests.support.waiting import PATIENCE_S
from workflows.attributes import KINDS
from workflows.delivery import Delivery
from workflows.messages import workflow_id
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState
from workflows.stream_state import StreamState
from workflows.visibility import TYPES
from workflows.watchdog import Watchdog

QUEUE = "fakes"
Answer = Callable[[Stream, Poll, datetime], PollResult]


def nothing_pending(request: Poll, now: datetime) -> PollResult:
    return PollResult(done=True, next_due=now, why="nothing is pending")


def hardly_ever(stream: Stream, request: Poll, now: datetime) -> PollResult:
    return PollResult(next_due=now + timedelta(hours=100), why="every 100 h")


class FakeSteps:
    """One fake for every stream; `answer` may be replaced to return another result or to raise."""

    def __init__(self) -> None:
        self.polls: list[tuple[Stream, datetime, Poll]] = []
        self.overrides: list[OperatorOverrides] = []
        self.lost: list[OperatorOverrides] = []  # what the watchdog finds
        self.delivered: list[Delivered] = []  # what the next runs of a cursor come to; then all is delivered
        self.cursors: list[tuple[datetime, DeliveryCursor]] = []  # runs
        self.held = threading.Event()  # cleared: runs wait for it
        self.held.set()
        self.changed_at: Callable[[datetime], bool] = lambda at: False
        self.last_change: datetime | None = None
        self.answer: Answer = self.by_the_rules
        self.notified: list[datetime] = []
        self.read_notified: Callable[[Poll, datetime], PollResult] = nothing_pending
        self.sales_30d = 0

    def of(self, stream: Stream) -> list[datetime]:
        return [at for polled, at, _ in self.polls if polled is stream]

    def poll(self, stream: Stream, request: Poll) -> PollResult:
        now = activity.info().started_time
        self.polls.append((stream, now, request))
        return self.answer(stream, request, now)

    def by_the_rules(self, stream: Stream, request: Poll, now: datetime) -> PollResult:
        changed = self.changed_at(now)
        if self.last_change is None or changed:
            self.last_change = now
        facts = Facts(
            sales_30d=self.sales_30d,
            last_login=request.active_at.timestamp() if request.active_at else None,
            cadence_s=request.cadence.total_seconds() if request.cadence else None,
            speed_up_s=request.speed_up.total_seconds() if request.speed_up else None,
        )
        at, why = next_poll(SellerPace(self.last_change.timestamp()), facts, now.timestamp(), PacingSettings())
        assert not math.isinf(at)
        return PollResult(changes=int(changed), next_due=datetime.fromtimestamp(at, UTC), why=why)

    @activity.defn
    def poll_orders(self, request: Poll) -> PollResult:
        return self.poll(Stream.ORDERS, request)

    @activity.defn
    def poll_fulfillment(self, request: Poll) -> PollResult:
        return self.poll(Stream.FULFILLMENT, request)

    @activity.defn
    def poll_inventory(self, request: Poll) -> PollResult:
        return self.poll(Stream.INVENTORY, request)

    @activity.defn
    def poll_listings(self, request: Poll) -> PollResult:
        return self.poll(Stream.LISTINGS, request)

    @activity.defn
    def backfill_orders(self, request: Poll) -> PollResult:
        return self.poll(Stream.BACKFILL, request)

    @activity.defn
    def sweep_orders(self, request: Poll) -> PollResult:
        return self.poll(Stream.SWEEP, request)

    @activity.defn
    def read_report(self, request: Poll) -> PollResult:
        return self.poll(Stream.REPORT, request)

    @activity.defn
    def read_offers(self, request: Poll) -> PollResult:
        return self.poll(Stream.OFFERS, request)

    @activity.defn(name="read_hints")
    def poll_notified(self, request: Poll) -> PollResult:
        self.notified.append(activity.info().started_time)
        return self.read_notified(request, self.notified[-1])

    @activity.defn(name="keep_wishes")
    def save_overrides(self, overrides: OperatorOverrides) -> None:
        self.overrides.append(overrides)

    @activity.defn
    def deliver_changes(self, cursor: DeliveryCursor) -> Delivered:
        self.cursors.append((activity.info().started_time, cursor))
        self.held.wait(PATIENCE_S)
        return self.delivered.pop(0) if self.delivered else Delivered(delivered=1, why="all is delivered")

    @activity.defn
    def find_lost_sellers(self) -> list[OperatorOverrides]:
        return self.lost


async def listed(client: Client) -> None:
    """Make the search attributes, as `starter.py migrate` does: this server cannot tell which it has."""
    with suppress(RPCError):  # it has them already
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes={name: TYPES[kind] for name, kind in KINDS.items()})
        )


class PreparedOnce(SandboxedWorkflowRunner):
    """The whole sandbox for each run; whether a workflow can be loaded in it at all is found out by the first worker of this process."""

    prepared: ClassVar[set[type]] = set()

    def prepare_workflow(self, defn: Any) -> None:
        if defn.cls not in self.prepared:
            super().prepare_workflow(defn)
            self.prepared.add(defn.cls)


RUNNER = PreparedOnce()
SHUTDOWN_S = 15.0


@asynccontextmanager
async def polling_worker(client: Client, queue: str = QUEUE, **more: Any) -> AsyncIterator[FakeSteps]:
    """`more`: of the worker's options."""
    await listed(client)
    fake = FakeSteps()
    polls = [fake.poll_orders, fake.poll_fulfillment, fake.poll_inventory, fake.poll_listings, fake.backfill_orders]
    steps: list[Callable[..., Any]] = [
        *polls,
        fake.sweep_orders,
        fake.read_report,
        fake.read_offers,
        fake.poll_notified,
        fake.save_overrides,
        fake.find_lost_sellers,
    ]
    steps += [fake.deliver_changes]
    with ThreadPoolExecutor(5) as threads:
        options = {"workflow_runner": RUNNER, **more}
        worker = Worker(
            client, task_queue=queue, workflows=[SellerPolling, Watchdog, Delivery], activities=steps, activity_executor=threads, **options
        )
        running = asyncio.create_task(worker.run())
        try:
            yield fake
        finally:
            if running.done():
                await running  # raises what ended it
            # The SDK sometimes waits for ever for a step whose workflow is gone already ("Activity not found on completion").
            await asyncio.wait({asyncio.create_task(worker.shutdown())}, timeout=SHUTDOWN_S)


async def start(environment: WorkflowEnvironment, state: PollingState | None = None) -> WorkflowHandle[SellerPolling, None]:
    state = state or orders_only(await environment.get_current_time())
    return await environment.client.start_workflow(SellerPolling.run, state, id=workflow_id(state.seller_id), task_queue=QUEUE)


def some_seller() -> str:
    return f"seller-{uuid.uuid4().hex[:8]}"


def orders_only(now: datetime, **more: object) -> PollingState:
    return PollingState(**{"seller_id": some_seller(), "streams": {Stream.ORDERS: StreamState(next_due=now)}, **more})


def with_streams(now: datetime, *streams: Stream) -> PollingState:
    return PollingState.new(some_seller(), now, streams)


def refusing(error: str, generation: int = 0) -> Answer:
    """Steps that fail for good; `generation`: of the token that was refused."""

    def answer(stream: Stream, request: Poll, now: datetime) -> PollResult:
        raise ApplicationError("refused", generation, type=error, non_retryable=True)

    return answer


def gaps(times: list[datetime]) -> list[int]:
    """Whole seconds between polls."""
    return [round((b - a).total_seconds()) for a, b in pairwise(times)]
