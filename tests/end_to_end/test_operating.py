"""What people do to a running seller, through real servers; the worker's log tells everything that it can tell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from activities.fleet.feed_memory import watchdog_id
from domain.pacing import Stream
from operations.authors import operating_system_user
from simulator import World
from simulator.requests import Request
from store.schema.times import iso
from tests.support.histories import raw
from tests.support.house import Child, House
from tests.support.waiting import eventually_here, least
from workflows.client import handle
from workflows.messages import Pause, PollNow
from workflows.seller_polling import SellerPolling

SELLERS = ("anna", "bert", "carla", "dora", "eve")
SLOW = {"orders_every": "1h", "fulfillment_every": "1h", "inventory_every": "1h"}
PAUSES, NOISE = 40, 3  # signals: some 400 events
RUN_EVENTS = 120  # and a run ends at so many, of 500 in earnest
CANARY = "Canary4711Tweety"


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House]) -> House:
    world = World(seed=12)
    for name in SELLERS:
        world.add_seller(name, skus=2)
        world.preload_skus(name)
    house = open_house(world, **SLOW)
    for name in SELLERS:
        house.enroll(name)
    return house


@pytest.fixture(scope="module", autouse=True)
def worker(house: House) -> Child:
    worker = house.worker(talkative=True, run_events=RUN_EVENTS)
    idle(house, *SELLERS)
    return worker


def idle(house: House, *sellers: str) -> None:
    """No poll is in hand, and the next is an hour away."""

    def seen(seller: str) -> bool:
        soon = datetime.now(UTC) + timedelta(minutes=30)
        return all(stream.next_poll_at and stream.next_poll_at > soon for stream in house.status(seller).streams.values())

    for seller in sellers:
        eventually_here(partial(seen, seller))


def asked(house: House, seller: str, since_ms: int = 0, resource: str = "order") -> list[Request]:
    """Calls of a seller to eBay."""
    return [one for one in house.world.requests if (one.seller, one.resource) == (seller, resource) and one.at_ms >= since_ms]


def recorded(house: House, seller: str, entity_id: str) -> list[dict[str, Any]]:
    return [event for event in house.events(seller) if event["entity_id"] == entity_id]


def poll(house: House, seller: str, stream: Stream = Stream.ORDERS) -> int:
    return house.signal(seller, SellerPolling.poll_now, PollNow(stream=stream))


def test_poll_now_of_an_idle_seller_is_served_within_two_seconds(house: House) -> None:
    def waited_s() -> float:
        order = house.world.place_order("anna")

        reported_ms = poll(house, "anna")

        first = eventually_here(lambda: asked(house, "anna", reported_ms))[0]
        eventually_here(lambda: recorded(house, "anna", order))
        return float(first.at_ms - reported_ms) / 1000

    assert least(waited_s, 2.0) <= 2


def test_a_paused_seller_makes_no_call_and_catches_up_when_resumed(house: House) -> None:
    idle(house, "anna", "bert")
    for seller in ("anna", "bert"):
        assert house.command("set-cadence", seller, "--orders", "0.5s").code == 0
    eventually_here(lambda: len(asked(house, "bert")) > 2)

    house.command("pause", "bert", "--reason", "holiday")
    eventually_here(lambda: house.store.seller("bert")["state"] == "paused")
    paused_ms = house.world.clock.now_ms()
    order = house.world.place_order("bert")
    eventually_here(lambda: len(asked(house, "anna", paused_ms)) > 2)  # she went on, at the same cadence
    assert [*asked(house, "bert", paused_ms), *recorded(house, "bert", order)] == []

    house.command("resume", "bert")

    eventually_here(lambda: recorded(house, "bert", order))
    for seller in ("anna", "bert"):
        assert house.command("set-cadence", seller, "--orders", "1h").code == 0


def test_a_terminated_workflow_runs_again_with_what_people_had_set(house: House) -> None:
    house.command("set-cadence", "carla", "--orders", "7m")
    paused = house.command("pause", "carla", "--reason", "stocktaking", "--until", "1d", "--json").object
    eventually_here(lambda: house.store.seller("carla")["state"] == "paused")

    async def terminate(client: Client) -> None:
        await handle(client, "carla").terminate("by hand")

    async def wake_the_watchdog(client: Client) -> bool:  # as its schedule does once a minute
        await client.get_schedule_handle(watchdog_id(f"house-{house.number}")).trigger()
        await asyncio.sleep(0.2)
        return (await handle(client, "carla").describe()).status is WorkflowExecutionStatus.RUNNING

    house.ask(terminate)

    eventually_here(lambda: house.ask(wake_the_watchdog))
    status = house.status("carla")
    assert (status.state, status.reason) == ("paused", "stocktaking")
    stored = house.store.seller("carla")["paused"]
    assert status.paused is not None
    assert (iso(status.paused.until), status.paused.by) == (paused["until"], str(operating_system_user()))
    assert (stored["until"], stored["by"]) == (paused["until"], status.paused.by)
    resumed_ms = house.signal("carla", SellerPolling.resume)
    eventually_here(lambda: asked(house, "carla", resumed_ms))
    eventually_here(lambda: "7 min" in house.status("carla").streams[Stream.ORDERS].why)


def test_no_signal_is_lost_while_the_workflow_continues_as_new(house: House) -> None:
    """Each pause must show in the next answer; others signal at the same time, so that it is never idle when it continues as new."""
    wrong: list[tuple[int, str]] = []
    idle(house, "dora")
    house.command("set-cadence", "dora", "--orders", "7m")

    async def stream(client: Client) -> int:
        dora = handle(client, "dora")
        for number in range(PAUSES):
            noise = [dora.signal(SellerPolling.poll_now, PollNow()) for _ in range(NOISE)]
            await asyncio.gather(dora.signal(SellerPolling.pause, Pause(reason=f"number {number}")), *noise)
            if (reason := (await dora.query(SellerPolling.status)).reason) != f"number {number}":
                wrong.append((number, reason))
        return PAUSES * (1 + NOISE)

    sent = house.ask(stream)

    runs = house.chain("dora")
    signals = [event for history in runs for event in history.events if event.HasField("workflow_execution_signaled_event_attributes")]
    assert wrong == []
    assert len(runs) > 2
    assert len(signals) == sent + 1  # enrolment was one
    eventually_here(lambda: house.store.seller("dora")["reason"] == f"number {PAUSES - 1}")
    house.signal("dora", SellerPolling.resume)
    eventually_here(lambda: "7 min" in house.status("dora").streams[Stream.ORDERS].why)  # set before the first of these runs ended


def test_no_history_and_no_log_names_a_buyer_or_a_token(house: House, worker: Child) -> None:
    world = house.world

    def with_canary(order: dict[str, Any]) -> None:
        order["buyer"]["username"] = CANARY
        order["fulfillmentStartInstructions"][0]["shippingStep"]["shipTo"]["fullName"] = CANARY

    def without_id(text: str) -> str:
        return json.dumps({name: value for name, value in json.loads(text).items() if name != "orderId"})

    stored = world.place_order("eve", change=with_canary)
    world.place_order("eve", change=with_canary, raw=without_id)
    world.modify_sku("eve", world.skus("eve")[0], lambda item: item["product"].update(title=CANARY))
    poll(house, "eve")
    poll(house, "eve", Stream.INVENTORY)
    eventually_here(lambda: recorded(house, "eve", stored) and house.store.set_aside("eve"))
    eventually_here(lambda: any(event["type"] == "inventory.updated" for event in house.events("eve")))

    for status, body in ((200, f'{{"orders": [{{"buyer": {{"username": "{CANARY}"'), (400, json.dumps({"errors": [{"message": CANARY}]}))):
        world.faults.force(status, body, times=100, resource="order")
        poll(house, "eve")
        eventually_here(lambda: house.status("eve").streams[Stream.ORDERS].failures)
        world.faults.forced.clear()
        order = world.place_order("eve", change=with_canary)
        poll(house, "eve")
        eventually_here(partial(recorded, house, "eve", order))
    world.accounts.revoke("eve")
    poll(house, "eve")
    eventually_here(lambda: house.status("eve").state == "needs_reauthorization")

    secrets = [CANARY, *world.accounts.grants, *world.accounts.access]
    reported = b"\n".join(raw(history) for history in house.histories()) + worker.log.read_bytes()
    assert b"ebay-polling:eve" in reported  # there was something to look at
    assert worker.output().count('"level": "debug"') > 100
    assert CANARY in json.dumps(house.events("eve"))
    assert [secret for secret in secrets if secret.encode() in reported] == []
    assert CANARY not in house.command("set-aside", "--json").out
    assert CANARY not in house.command("alerts", "--closed", "--json").out
