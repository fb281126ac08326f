"""Whatever is recorded reaches its endpoints: at once where all is well, and after whatever broke in between."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.client import Client as Temporal

from activities.delivering import dispatcher
from activities.delivering.deliver import DeliveryCursor
from outbound import Client
from store.schema.errors import StoreUnavailableError
from store.schema.kinds import AlertKind
from tests.deliveries.hand import Hand, ids, replay
from tests.support.histories import client_of
from tests.support.receivers import Receiver, Talk, answering, hanging
from tests.support.waiting import PATIENCE_S, eventually, eventually_here, least
from workflows.delivering import delivering
from workflows.delivery import delivery_id

QUEUE = "dispatchers"


@asynccontextmanager
async def worker(temporal: Temporal, hand: Hand, client: Client) -> AsyncIterator[None]:
    async with delivering(temporal, QUEUE, hand.store, client):
        yield


@pytest.fixture(autouse=True)
def scans_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test does not wait for ten seconds."""
    monkeypatch.setattr(dispatcher, "SCAN_S", 0.5)
    monkeypatch.setattr(dispatcher, "LEAD_S", 0.1)
    monkeypatch.setattr(dispatcher, "WAKE_AGAIN_S", 0.5)


async def test_a_change_reaches_an_idle_endpoint_within_a_second(
    temporal: Temporal, hand: Hand, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "SCAN_S", 600)  # the look does it, not the scan
    hand.enroll("anna")
    look, looked = hand.store.backlog.new, threading.Event()

    def seen(*given: Any) -> Any:
        news = look(*given)
        looked.set()
        return news

    monkeypatch.setattr(hand.store.backlog, "new", seen)
    with Receiver() as receiver:
        hand.endpoint(receiver.url)

        def took_s() -> float:
            looked.clear()
            assert looked.wait(PATIENCE_S)  # so that nearly all the time until the next look is waited for
            began, before = time.monotonic(), len(receiver.posts)
            hand.change("anna")
            eventually_here(lambda: len(receiver.posts) > before)
            return time.monotonic() - began

        async with worker(temporal, hand, client):
            await asyncio.to_thread(took_s)  # which may be found as the dispatcher begins
            took = await asyncio.to_thread(least, took_s, 1.0)

    assert took < 1


async def test_what_was_recorded_while_nobody_worked_is_delivered_in_order(temporal: Temporal, hand: Hand, client: Client) -> None:
    hand.enroll("anna", "bert")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        awaited = {seller: hand.change(seller, orders=60) for seller in ("anna", "bert")}
        hand.store.open_alert(AlertKind.QUOTA_HIGH, "words", about="orders")
        async with worker(temporal, hand, client):
            await eventually(lambda: len(receiver.posts) == 121)
            runs = await eventually(lambda: ended(temporal, endpoint))

    got = [json.loads(post.body)["data"] for post in receiver.posts]
    for seller, changes in awaited.items():
        assert [event["id"] for event in got if event["seller_id"] == seller] == changes
    assert sorted(runs) == sorted(delivery_id(DeliveryCursor(endpoint=endpoint, seller=seller)) for seller in ("anna", "bert", ""))


async def ended(temporal: Temporal, endpoint: str) -> list[str]:
    """Ids of the workflows of an endpoint, once none runs."""
    query = f"WorkflowId STARTS_WITH 'delivery:{endpoint}'"
    runs = [run async for run in temporal.list_workflows(query)]
    return [run.id for run in runs] if all(run.close_time for run in runs) else []


async def test_what_nobody_wants_begins_no_workflow_and_lets_the_cursor_move_on(temporal: Temporal, hand: Hand, client: Client) -> None:
    hand.enroll("anna")
    endpoint, _ = hand.endpoint("http://127.0.0.1:9/", "inventory.*")
    hand.change("anna", orders=5)
    async with worker(temporal, hand, client):
        await eventually(lambda: cursors(hand, endpoint) == {"anna": 5, "": 0})

    assert [run async for run in temporal.list_workflows(f"WorkflowId STARTS_WITH 'delivery:{endpoint}'")] == []


def cursors(hand: Hand, endpoint: str) -> dict[str, int]:
    with hand.store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT seller_id, sequence FROM sellerbeat.delivery_lanes WHERE endpoint_id = %s", (endpoint,))
        return {row.seller_id: row.sequence for row in rows}


async def test_a_dead_endpoint_and_a_stuck_seller_delay_nobody_else(temporal: Temporal, hand: Hand, client: Client) -> None:
    sellers = [f"s-{number}" for number in range(10)]
    hand.enroll(*sellers)

    def stuck(talk: Talk) -> None:
        while post := talk.read():
            talk.answer(500 if json.loads(post.body)["data"]["seller_id"] == "s-0" else 200)

    with Receiver(stuck) as partly, Receiver() as well:
        async with worker(temporal, hand, client):
            with Receiver(hanging) as dead:
                hanged, *_ = [hand.endpoint(receiver.url)[0] for receiver in (dead, partly, well)]
                for seller in sellers:
                    await asyncio.to_thread(hand.change, seller)
                await eventually(lambda: len(ids(well)) == 10 and len({*ids(partly)}) == 10 and len(dead.posts) == 10)
                late = await asyncio.to_thread(hand.change, "s-1")
                await eventually(lambda: late[0] in ids(well) and late[0] in ids(partly))
                given_up = hand.store.deliveries.log(hanged)

    assert given_up == []  # all this while it held what it was sent


async def test_a_workflow_that_was_lost_is_begun_again(temporal: Temporal, hand: Hand, client: Client) -> None:
    hand.enroll("anna")
    with Receiver(answering(500, 200)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        awaited = hand.change("anna", orders=2)
        async with worker(temporal, hand, client):
            await eventually(lambda: hand.store.deliveries.log(endpoint, failed=True))
            await temporal.get_workflow_handle(delivery_id(DeliveryCursor(endpoint=endpoint, seller="anna"))).terminate("by a test")
            with hand.store.engine.begin() as connection:  # and the time of its retry has passed
                connection.exec_driver_sql("UPDATE sellerbeat.delivery_lanes SET retry_at = now(), tell_at = now()")
            await eventually(lambda: len(receiver.posts) == 3)

    assert ids(receiver) == [awaited[0], *awaited]


async def test_switching_on_and_replaying_need_no_wait(
    temporal: Temporal, hand: Hand, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "SCAN_S", 600)
    hand.enroll("anna")
    with Receiver(answering(429, 200, headers={"retry-after": "7200"})) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        async with worker(temporal, hand, client):
            (change,) = await asyncio.to_thread(hand.change, "anna")
            await eventually(lambda: hand.store.deliveries.log(endpoint))
            hand.store.endpoints.switch_on(endpoint)
            await eventually(lambda: len(receiver.posts) == 2)
            await eventually(lambda: hand.store.deliveries.waiting(endpoint).changes == 0)
            replay(hand.store, ids=(change,))
            await eventually(lambda: len(receiver.posts) == 3)

    assert ids(receiver) == [change] * 3


@pytest.mark.parametrize("error", [StoreUnavailableError("Postgres is shutting down"), KeyError("CANARY")])
async def test_the_dispatcher_outlives_what_goes_wrong(
    temporal: Temporal, hand: Hand, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    hand.enroll("anna")
    looks = hand.store.backlog.behind, hand.store.backlog.new
    left = [error, error]

    def failing(look: Callable[..., Any]) -> Callable[..., Any]:
        def tried(*given: Any) -> Any:
            if left:
                raise left.pop()
            return look(*given)

        return tried

    monkeypatch.setattr(hand.store.backlog, "behind", failing(looks[0]))
    monkeypatch.setattr(hand.store.backlog, "new", failing(looks[1]))
    with Receiver() as receiver:
        hand.endpoint(receiver.url)
        awaited = hand.change("anna", 3)
        async with worker(temporal, hand, client):
            await eventually(lambda: len(receiver.posts) == 3)

    assert ids(receiver) == awaited
    assert sum("the dispatcher cannot" in record.message for record in caplog.records) == 2
    assert "CANARY" not in caplog.text


async def test_two_workers_deliver_each_change_once(temporal: Temporal, temporal_address: str, hand: Hand, client: Client) -> None:
    hand.enroll("anna")
    other = await client_of(temporal_address)
    with Receiver() as receiver:
        hand.endpoint(receiver.url)
        async with worker(temporal, hand, client), worker(other, hand, client):
            awaited = [one for _ in range(5) for one in await asyncio.to_thread(hand.change, "anna", 10)]
            await eventually(lambda: len(receiver.posts) >= 50)

    assert ids(receiver) == awaited


async def test_no_secret_no_address_and_no_buyer_is_in_a_history_or_a_log(
    temporal: Temporal, hand: Hand, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hand.enroll("anna")
    with Receiver(answering(500, 200)) as receiver:
        endpoint, secret = hand.endpoint(receiver.url + "/CANARY-path")
        hand.change("anna", buyer={"username": "CANARY-buyer"})
        async with worker(temporal, hand, client):
            await eventually(lambda: hand.store.deliveries.log(endpoint))
            hand.store.endpoints.switch_on(endpoint)
            await eventually(lambda: ended(temporal, endpoint))
            handle = temporal.get_workflow_handle(delivery_id(DeliveryCursor(endpoint=endpoint, seller="anna")))
            history = (await handle.fetch_history()).to_json()
            raw = b"".join(event.SerializeToString() for event in (await handle.fetch_history()).events)

    assert "deliver_changes" in history
    assert b"all is delivered" in raw
    assert any("delivery failed" in record.message for record in caplog.records)
    reported = (
        raw + caplog.text.encode() + repr([record.__dict__ for record in caplog.records if record.name.startswith("sellerbeat")]).encode()
    )
    assert [canary for canary in ("CANARY", secret, secret.removeprefix("whsec_")) if canary.encode() in reported] == []
