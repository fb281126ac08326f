"""A receiver that is down for three days, in skipped time; and order under whatever a receiver answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import Client as Temporal
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.delivering.deliver import Delivering, DeliveryCursor
from domain.delivery.schedule import TRIES
from outbound import Client
from tests.deliveries.hand import Hand, ids, verified
from tests.support.receivers import Receiver, Talk
from workflows.delivery import Delivery, delivery_id

QUEUE = "outage"
SELLERS = ("anna", "bert", "carla")


@asynccontextmanager
async def worker(temporal: Temporal, delivering: Delivering) -> AsyncIterator[None]:
    with ThreadPoolExecutor(4) as threads:
        steps = [delivering.deliver_changes]
        async with Worker(temporal, task_queue=QUEUE, workflows=[Delivery], activities=steps, activity_executor=threads):
            yield


async def test_after_three_days_without_a_receiver_everything_arrives_in_order_for_each_seller_once(
    time_skipping: WorkflowEnvironment, hand: Hand, client: Client
) -> None:
    hand.enroll(*SELLERS)
    up = asyncio.Event()

    def behave(talk: Talk) -> None:
        while talk.read():
            talk.answer(200 if up.is_set() else 503)

    async def begin(endpoint: str) -> list[Any]:
        cursors = [DeliveryCursor(endpoint=endpoint, seller=seller) for seller in SELLERS]
        return [
            await time_skipping.client.start_workflow(Delivery.run, cursor, id=delivery_id(cursor), task_queue=QUEUE, start_signal="look")
            for cursor in cursors
        ]

    with Receiver(behave) as receiver:
        endpoint, secret = hand.endpoint(receiver.url)
        awaited: dict[str, list[str]] = {seller: await asyncio.to_thread(hand.change, seller, 10) for seller in SELLERS}
        async with worker(time_skipping.client, hand.delivering):
            running = await begin(endpoint)
            for _ in range(3):
                await time_skipping.sleep(timedelta(days=1))
                for seller in SELLERS:
                    awaited[seller] += await asyncio.to_thread(hand.change, seller, 20)
            refused = len(receiver.posts)
            up.set()
            for one in running:
                await one.result()
        lengths = [len((await one.fetch_history()).events) for one in running]
        taken = receiver.posts[refused:]

    arrived = [verified(post, secret)["data"] for post in taken]
    assert refused >= 3 * 5
    assert {seller: [one["id"] for one in arrived if one["seller_id"] == seller] for seller in SELLERS} == awaited
    assert len(taken) == 3 * 70
    assert {event["outcome"] for event in hand.store.deliveries.log(endpoint, limit=10_000)} == {"refused", "delivered"}
    assert hand.store.endpoints.one(endpoint).state == "on"
    assert hand.store.alerts() == []
    assert max(lengths) < 120


def is_borne(answers: list[Any]) -> bool:
    """Fewer refusals in a row than there are in five days, after which an endpoint is switched off."""
    return all(sum(1 for _ in run) <= TRIES for taken, run in groupby(answers, key=TAKEN.__contains__) if not taken)


TAKEN = (200, 204)
ANSWERS = st.lists(st.sampled_from([*TAKEN, 301, 400, 429, 500, 503, None]), max_size=25).filter(is_borne)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(answers=ANSWERS, orders=st.integers(1, 8))
def test_whatever_is_answered_each_change_is_sent_until_it_is_taken_and_then_the_next(hand: Hand, answers: list[Any], orders: int) -> None:
    left = list(answers)

    def behave(talk: Talk) -> None:
        while talk.read():
            status = left.pop(0) if left else 200
            if status is None:
                return  # closed without a word
            talk.answer(status)

    seller = f"seller-{hand.orders}"
    hand.enroll(seller)
    with Receiver(behave) as receiver:
        endpoint, _ = hand.endpoint(receiver.url, seller=seller)
        awaited = hand.change(seller, orders)

        hand.run_on(endpoint, seller)

    sent = [one for one, _ in groupby(ids(receiver))]
    taken = [row["event_id"] for row in reversed(hand.store.deliveries.log(endpoint, limit=1000)) if row["outcome"] == "delivered"]
    assert sent == taken == awaited
