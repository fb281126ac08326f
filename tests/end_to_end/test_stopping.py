"""How the worker ends when it is asked to."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest
from temporalio.api.enums.v1 import EventType

from simulator import World
from simulator.requests import Request
from tests.support.house import House
from tests.support.waiting import eventually_here
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

BROKEN_OFF = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
}


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House]) -> House:
    world = World(seed=13)
    world.add_seller("anna")
    house = open_house(world, orders_every="1h", fulfillment_every="1h", inventory_every="1h")
    house.enroll("anna")
    return house


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_finishes_the_step_in_hand(house: House, name: signal.Signals) -> None:
    world, waiting, go_on = house.world, threading.Event(), threading.Event()
    order = world.place_order("anna")

    def hold(request: Request) -> None:
        if request.resource == "order":
            waiting.set()
            go_on.wait(30)

    worker = house.worker()
    world.faults.after_answer = hold
    house.signal("anna", SellerPolling.poll_now, PollNow())
    eventually_here(waiting.is_set)
    worker.tell(name)
    eventually_here(lambda: "worker stops" in worker.told())
    assert worker.process.poll() is None

    world.faults.after_answer = None
    go_on.set()

    assert worker.process.wait(25) == 0
    assert [event["type"] for event in house.events("anna") if event["entity_id"] == order] == ["order.created"]
    types = {event.event_type for history in house.chain("anna") for event in history.events}
    assert not types & BROKEN_OFF
    assert "Traceback" not in worker.told()
