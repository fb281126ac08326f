"""A worker killed in the middle of its deliveries: the next one goes on, and repeats one message of a seller at most."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from itertools import groupby

from simulator import World
from tests.deliveries.hand import change
from tests.support.histories import forget_dead_worker
from tests.support.house import House
from tests.support.receivers import Receiver, Talk
from tests.support.waiting import eventually_here

SELLERS, CHANGES, BEFORE = ("anna", "bert", "carla"), 60, 30


def test_a_killed_worker_loses_no_delivery_and_repeats_one_of_each_seller_at_most(
    open_house: Callable[..., House], temporal_address: str
) -> None:
    house = open_house(World(seed=5), delivery_networks="127.0.0.1:1024-65535")  # by its name, not by the switch
    for seller in SELLERS:
        house.enroll(seller, "--orders-every", "1h")
    dead = threading.Event()

    def pausing(talk: Talk) -> None:  # so that the kill comes in between, with a message of each seller unanswered
        while talk.read():
            if len(receiver.posts) > BEFORE:
                dead.wait()
            talk.answer(200)

    with Receiver(pausing) as receiver:
        house.store.endpoints.add(receiver.url, ["order.*"])
        for seller in SELLERS:  # before a worker's own step takes the next epoch of the seller
            change(house.store, seller, [f"{seller}-{number}" for number in range(CHANGES)])
        killed = house.worker()
        eventually_here(lambda: len(receiver.posts) >= BEFORE + len(SELLERS))
        assert killed.end(signal.SIGKILL) == -9
        before = len(receiver.posts)
        dead.set()

        house.worker()
        forget_dead_worker(temporal_address)
        awaited = {event["id"] for event in house.events() if event["type"].startswith("order.")}
        eventually_here(lambda: {post.headers["webhook-id"] for post in receiver.posts} >= awaited)

    reported = [json.loads(post.body)["data"] for post in receiver.posts]
    assert before < len(awaited)
    for seller in SELLERS:
        sent = [event["sequence"] for event in reported if event["seller_id"] == seller]
        once = [sequence for sequence, _ in groupby(sent)]
        assert once == sorted(once)
        assert len(once) == len(set(once)) == CHANGES
        assert len(sent) - len(once) <= 1


def test_what_waits_for_hours_is_delivered_now_in_order_and_nothing_else(open_house: Callable[..., House]) -> None:
    house = open_house(World(seed=6), delivery_networks="127.0.0.1:1024-65535")
    for seller in ("anna", "bert"):
        house.enroll(seller, "--orders-every", "1h")
    well = threading.Event()

    def mending(talk: Talk) -> None:
        while post := talk.read():
            ill = not well.is_set() and json.loads(post.body)["data"]["seller_id"] == "anna"
            talk.answer(503 if ill else 200, headers={"retry-after": "20000"})

    with Receiver(mending) as receiver:
        endpoint, _ = house.store.endpoints.add(receiver.url, ["order.*"])
        for seller in ("anna", "bert"):
            change(house.store, seller, [f"{seller}-{number}" for number in range(5)])
        house.worker()
        eventually_here(lambda: len(receiver.posts) == 6)  # all of bert's, and anna's first
        well.set()
        said = house.command("endpoint", "deliver-now", endpoint)
        eventually_here(lambda: house.store.deliveries.waiting(endpoint).changes == 0)

    annas = [event["id"] for event in house.events() if event["type"] == "order.created" and event["seller_id"] == "anna"]
    assert "5 events that waited for a later try are sent now" in said.out
    assert [post.headers["webhook-id"] for post in receiver.posts[6:]] == annas
