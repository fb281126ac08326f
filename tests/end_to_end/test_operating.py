"""What people do to a running seller, through real servers; the worker's log tells everything that it can tell."""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import Client

from pacing import Stream
from simulator import World
from simulator.requests import Request
from tests.support.histories import raw
from tests.support.house import Child, House
from tests.support.waiting import eventually_here
from workflows.client import handle
from workflows.messages import Pause, PollNow
from workflows.seller_polling import SellerPolling

SELLERS = ("anna", "bert", "carla", "dora", "eve")
SLOW = {"orders_every": "1h", "fulfillment_every": "1h", "inventory_every": "1h"}
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
    worker = house.worker(talkative=True)
    for name in SELLERS:
        idle(house, name)
    return worker


def idle(house: House, seller: str) -> None:
    """Every stream was polled, and the next poll is an hour away."""

    def seen() -> bool:
        streams = house.store.seller(seller)["streams"]
        return all(streams[name]["last_good_at"] for name in ("orders", "fulfillment", "inventory")) and "backfill" not in streams

    eventually_here(seen, within=30)


def asked(house: House, seller: str, since_ms: int = 0, resource: str = "order") -> list[Request]:
    """Calls of a seller to eBay."""
    return [one for one in house.world.requests if (one.seller, one.resource) == (seller, resource) and one.at_ms >= since_ms]


def recorded(house: House, seller: str, entity_id: str) -> list[dict[str, Any]]:
    return [event for event in house.events(seller) if event["entity_id"] == entity_id]


def poll(house: House, seller: str, stream: Stream = Stream.ORDERS) -> int:
    return house.signal(seller, SellerPolling.poll_now, PollNow(stream=stream))


def test_poll_now_of_an_idle_seller_is_served_within_two_seconds(house: House) -> None:
    waited = []
    for _ in range(3):
        order = house.world.place_order("anna")

        told_ms = poll(house, "anna")

        first = eventually_here(lambda told_ms=told_ms: asked(house, "anna", told_ms))[0]
        waited.append((first.at_ms - told_ms) / 1000)
        eventually_here(lambda order=order: recorded(house, "anna", order))
    assert statistics.median(waited) <= 2


def test_a_paused_seller_makes_no_call_and_catches_up_when_resumed(house: House) -> None:
    for seller in ("anna", "bert"):
        assert house.command("set-cadence", seller, "--orders", "0.5s").code == 0
    eventually_here(lambda: len(asked(house, "bert")) >= 4)

    house.command("pause", "bert", "--reason", "holiday")
    eventually_here(lambda: house.store.seller("bert")["state"] == "paused")
    paused_ms = house.world.clock.now_ms()
    order = house.world.place_order("bert")
    eventually_here(lambda: len(asked(house, "anna", paused_ms)) >= 4)  # she went on, at the same cadence
    assert [*asked(house, "bert", paused_ms), *recorded(house, "bert", order)] == []

    house.command("resume", "bert")

    eventually_here(lambda: recorded(house, "bert", order))
    for seller in ("anna", "bert"):
        assert house.command("set-cadence", seller, "--orders", "1h").code == 0


def test_a_terminated_workflow_runs_again_with_what_people_had_set(house: House) -> None:
    house.command("set-cadence", "carla", "--orders", "7m")
    house.command("pause", "carla", "--reason", "stocktaking")
    eventually_here(lambda: house.store.seller("carla")["state"] == "paused")

    async def terminate(client: Client) -> None:
        await handle(client, "carla").terminate("by hand")

    async def wake_the_watchdog(client: Client) -> bool:  # as its schedule does once a minute
        await client.get_schedule_handle("sellerbeat-watchdog").trigger()
        await asyncio.sleep(0.2)
        return (await handle(client, "carla").describe()).status.name == "RUNNING"

    house.ask(terminate)

    eventually_here(lambda: house.ask(wake_the_watchdog), within=30)
    status = house.status("carla")
    assert (status.state, status.reason) == ("paused", "stocktaking")
    resumed_ms = house.signal("carla", SellerPolling.resume)
    eventually_here(lambda: asked(house, "carla", resumed_ms))
    eventually_here(lambda: "7 min" in house.status("carla").streams[Stream.ORDERS].why)


def test_no_signal_is_lost_while_the_workflow_continues_as_new(house: House) -> None:
    """Each pause must show in the next answer; meanwhile others signal too, so that it is never idle when it continues as new."""
    wrong: list[tuple[int, str]] = []

    async def stream(client: Client) -> int:
        dora, over, sent = handle(client, "dora"), asyncio.Event(), 0

        async def noise() -> int:
            signals = 0
            while not over.is_set():
                await dora.signal(SellerPolling.poll_now, PollNow())
                signals += 1
            return signals

        others = asyncio.create_task(noise())
        for number in range(150):
            await dora.signal(SellerPolling.pause, Pause(reason=f"number {number}"))
            sent += 1
            if (reason := (await dora.query(SellerPolling.status)).reason) != f"number {number}":
                wrong.append((number, reason))
        over.set()
        return sent + await others

    sent = house.ask(stream)

    runs = house.histories("dora")
    signals = [event for history in runs for event in history.events if event.HasField("workflow_execution_signaled_event_attributes")]
    assert wrong == []
    assert len(runs) > 2
    assert len(signals) == sent + 1  # enrolment was one
    eventually_here(lambda: house.store.seller("dora")["reason"] == "number 149")  # told by the last of these runs


def test_no_history_and_no_log_names_a_buyer_or_a_token(house: House, worker: Child) -> None:
    world = house.world

    def with_canary(order: dict[str, Any]) -> None:
        order["buyer"]["username"] = CANARY
        order["fulfillmentStartInstructions"][0]["shippingStep"]["shipTo"]["fullName"] = CANARY

    def without_id(text: str) -> str:
        return json.dumps({name: value for name, value in json.loads(text).items() if name != "orderId"})

    kept = world.place_order("eve", change=with_canary)
    world.place_order("eve", change=with_canary, raw=without_id)
    world.modify_sku("eve", world.skus("eve")[0], lambda item: item["product"].update(title=CANARY))
    poll(house, "eve")
    poll(house, "eve", Stream.INVENTORY)
    eventually_here(lambda: recorded(house, "eve", kept) and house.store.set_aside("eve"))
    eventually_here(lambda: any(event["type"] == "inventory.updated" for event in house.events("eve")))

    for status, body in ((200, f'{{"orders": [{{"buyer": {{"username": "{CANARY}"'), (400, json.dumps({"errors": [{"message": CANARY}]}))):
        world.faults.force(status, body, times=3 if status == 200 else 1, resource="order")
        poll(house, "eve")
        eventually_here(lambda: not world.faults.forced and house.status("eve").streams[Stream.ORDERS].failures, within=20)
        order = world.place_order("eve", change=with_canary)
        poll(house, "eve")
        eventually_here(lambda order=order: recorded(house, "eve", order), within=20)
    world.accounts.revoke("eve")
    poll(house, "eve")
    eventually_here(lambda: house.status("eve").state == "needs_reauthorization")

    secrets = [CANARY, *world.accounts.grants, *world.accounts.access]
    told = b"\n".join(raw(history) for history in house.histories()) + worker.log.read_bytes()
    assert b"ebay-polling:eve" in told  # there was something to look at
    assert worker.told().count("DEBUG") > 100
    assert CANARY in json.dumps(house.events("eve"))
    assert [secret for secret in secrets if secret.encode() in told] == []
    assert CANARY not in house.command("set-aside", "--json").out
    assert CANARY not in house.command("alerts", "--closed", "--json").out
