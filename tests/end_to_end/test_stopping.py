"""How the worker ends when it is asked to."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable

import pytest
from temporalio.api.enums.v1 import EventType

from activities.polling.tokens import VERSION
from simulator import World
from simulator.requests import Request
from tests.support.house import ROOT, STARTED, House
from tests.support.waiting import PATIENCE_S, eventually_here
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

OPEN_WINDOW = re.compile(r"^lastmodifieddate:\[[^\]]+\.\.\]$")
BROKEN_OFF = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
}
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
# As `python worker.py`, with an SDK that never ends, as it sometimes does where a step's workflow is gone; its times are short.
ENDLESS = """
import asyncio, sys
from datetime import timedelta
sys.path.insert(0, {root!r})
import worker
async def shutdown(self):
    await asyncio.Event().wait()
worker.Worker.shutdown = shutdown
worker.GRACE = worker.ENDING = timedelta(seconds=0.5)
worker.leave(worker.main())
"""


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House]) -> House:
    world = World(seed=13)
    world.add_seller("anna")
    house = open_house(world, orders_every="1h", fulfillment_every="1h", inventory_every="1h", ebay_timeout="60s")
    house.enroll("anna")
    return house


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_finishes_the_step_in_hand(house: House, name: signal.Signals) -> None:
    world, waiting, go_on = house.world, threading.Event(), threading.Event()
    order = world.place_order("anna")

    def hold(request: Request) -> None:
        if OPEN_WINDOW.search(request.query.get("filter", "")):  # the poll that finds the order: a slice of the backfill may be before it
            waiting.set()
            go_on.wait(PATIENCE_S)

    worker = house.worker()
    world.faults.after_answer = hold
    house.signal("anna", SellerPolling.poll_now, PollNow())
    eventually_here(waiting.is_set)
    worker.tell(name)
    eventually_here(lambda: "worker stops" in worker.output())
    assert worker.process.poll() is None

    world.faults.after_answer = None
    go_on.set()

    assert worker.result().code == 0
    assert [event["type"] for event in house.events("anna") if event["entity_id"] == order] == ["order.created"]
    events = [event for history in house.chain("anna") for event in history.events]
    assert not {event.event_type for event in events} & BROKEN_OFF
    tasks = [event.workflow_task_completed_event_attributes for event in events if event.event_type == TASK_COMPLETED]
    assert {task.worker_version.build_id for task in tasks} == {VERSION}  # what people see in the Web UI
    assert "Traceback" not in worker.output()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_whose_sdk_never_ends_leaves_by_itself_and_says_so(house: House, name: signal.Signals) -> None:
    worker = house.child("endless", "-c", ENDLESS.format(root=str(ROOT)))
    eventually_here(lambda: STARTED in worker.output())

    signalled = time.monotonic()
    worker.tell(name)
    code = worker.result().code

    assert code == 0
    assert time.monotonic() - signalled >= 1.0  # not before the grace
    assert worker.output().count("worker leaves though the SDK has not ended") == 1
    assert "Traceback" not in worker.output()
