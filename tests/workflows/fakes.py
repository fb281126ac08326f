"""Steps without eBay and Postgres: they remember their requests and answer by the rules of `pacing/`, or as told."""

from __future__ import annotations

import math
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.poll import Poll, PollResult
from activities.wishes import Wishes
from pacing import Facts, SellerPace, Settings, Stream, next_poll
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState, StreamState

QUEUE = "fakes"
FAR = timedelta(days=3650)


class FakeSteps:
    """One fake for every stream; `answer` may be replaced to return another result or to raise."""

    def __init__(self) -> None:
        self.polls: list[tuple[Stream, datetime, Poll]] = []
        self.wishes: list[Wishes] = []
        self.changed_at: Callable[[datetime], bool] = lambda at: False
        self.last_change: datetime | None = None
        self.answer: Callable[[Stream, Poll, datetime], PollResult] = self.by_the_rules
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
        at, why = next_poll(SellerPace(self.last_change.timestamp()), facts, now.timestamp(), Settings())
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
    def backfill_orders(self, request: Poll) -> PollResult:
        return self.poll(Stream.BACKFILL, request)

    @activity.defn
    def sweep_orders(self, request: Poll) -> PollResult:
        return self.poll(Stream.SWEEP, request)

    @activity.defn
    def keep_wishes(self, wishes: Wishes) -> None:
        self.wishes.append(wishes)


@asynccontextmanager
async def polling_worker(client: Client) -> AsyncIterator[FakeSteps]:
    fake = FakeSteps()
    steps = [fake.poll_orders, fake.poll_fulfillment, fake.poll_inventory, fake.backfill_orders, fake.sweep_orders, fake.keep_wishes]
    with ThreadPoolExecutor(5) as threads:
        async with Worker(client, task_queue=QUEUE, workflows=[SellerPolling], activities=steps, activity_executor=threads):
            yield fake


async def start(
    environment: WorkflowEnvironment, state: PollingState | None = None, *, now: datetime | None = None
) -> WorkflowHandle[SellerPolling, None]:
    state = state or orders_only(now or await environment.get_current_time())
    return await environment.client.start_workflow(SellerPolling.run, state, id=f"ebay-polling:{state.seller_id}", task_queue=QUEUE)


def orders_only(now: datetime, **more: object) -> PollingState:
    return PollingState(seller_id=f"seller-{uuid.uuid4().hex[:8]}", streams={Stream.ORDERS: StreamState(next_due=now)}, **more)  # type: ignore[arg-type]
