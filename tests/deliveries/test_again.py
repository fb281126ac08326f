"""Crashes, overtaken runs, replays, and what is left of an endpoint or a seller who is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import event

from activities.delivering.deliver import Delivering
from activities.delivering.slots import Slots
from domain.delivery import LARGE
from domain.pacing import Stream
from outbound import Client, Policy
from outbound.client import EndpointResponse
from store import SupersededError, UnknownEndpointError, UnknownSellerError
from store.delivery.claims import Attempt
from store.schema.kinds import AlertKind
from tests.deliveries.hand import Hand, ids, replay, verified
from tests.store.documents import LATER, order, someone_waits
from tests.support.receivers import Receiver, answering, hanging
from tests.support.waiting import eventually_here


def test_a_crash_between_the_answer_and_the_cursor_delivers_again_under_the_same_id(hand: Hand) -> None:
    hand.enroll("anna")

    class Crash(BaseException):
        pass

    class Dies(Client):
        def post(self, *given: Any) -> EndpointResponse:
            super().post(*given)
            raise Crash

    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        first, second = hand.change("anna", orders=2)
        with closing(Dies(Policy(loopback=True))) as dying:
            with pytest.raises(Crash):
                hand.run(endpoint, delivering=Delivering(hand.store, dying))

        hand.run(endpoint)

    assert ids(receiver) == [first, first, second]


def test_a_run_that_was_overtaken_records_nothing(hand: Hand) -> None:
    hand.enroll("anna")

    class Overtaken(Client):
        def post(self, *given: Any) -> EndpointResponse:
            answer = super().post(*given)
            hand.store.delivery_cursors.begin(endpoint, "anna", hand.now)
            return answer

    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna", orders=2)
        with closing(Overtaken(Policy(loopback=True))) as overtaken:
            with pytest.raises(SupersededError):
                hand.run(endpoint, delivering=Delivering(hand.store, overtaken))

    assert len(receiver.posts) == 1
    assert hand.store.deliveries.log(endpoint) == []


def test_large_changes_go_thin_where_the_endpoint_asked_for_it(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        thin, secret = hand.endpoint(receiver.url, thin=True)
        whole, _ = hand.endpoint(receiver.url)
        hand.change("anna", title="x" * LARGE)
        hand.change("anna")
        hand.run(thin)
        hand.run(whole)

    large, small, all_of_it, _ = receiver.posts
    (event, _) = hand.store.feed.read(seller="anna")
    data = verified(large, secret)["data"]
    assert len(large.body) < 1000
    assert data == {name: value for name, value in event.items() if name not in ("data", "previous")} | {
        "thin": True, "feed": f"/v1/changes?after={event['position'] - 1}&limit=1",
    }  # fmt: skip
    assert "thin" not in verified(small, secret)["data"]
    assert len(all_of_it.body) > LARGE


def test_replays_go_out_under_the_same_ids_behind_what_is_new(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        first, second, third = hand.change("anna", orders=3)
        hand.run(endpoint)
        positions = [event["position"] for event in hand.store.feed.read(seller="anna")]
        (new,) = hand.change("anna")

        asked = (
            replay(hand.store, ids=(third,)),
            replay(hand.store, endpoint=endpoint, first=positions[0], last=positions[1]),
            replay(hand.store, seller="anna", endpoint="ep-none"),
        )
        hand.run(endpoint)
        hand.run(endpoint)

    assert asked == (1, 2, 0)
    assert ids(receiver) == [first, second, third, new, first, second, third]
    assert [row["replayed"] for row in hand.store.deliveries.log(endpoint)] == [True, True, True, False, False, False, False]


def test_a_replay_moves_no_cursor_back(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        awaited = hand.change("anna", orders=3)
        hand.run(endpoint)
        replay(hand.store, seller="anna")
        hand.run(endpoint)
        (more,) = hand.change("anna")
        hand.run(endpoint)

    assert ids(receiver) == [*awaited, *awaited, more]
    assert hand.store.deliveries.waiting(endpoint).changes == 0


def test_a_replay_that_is_asked_for_as_a_run_ends_is_not_forgotten(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        hand.run(endpoint)
        ending = hand.store.delivery_cursors.begin(endpoint, "anna", hand.now)
        assert ending
        replay(hand.store, seller="anna")
        hand.store.delivery_cursors.complete(ending)

    with hand.store.backlog.leading() as connection:
        assert connection
        assert hand.store.backlog.new(connection, 0).due == {(endpoint, "anna")}


def test_an_endpoint_that_hangs_takes_few_threads_and_the_others_come_again(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(hanging) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        slots = Slots(most=1, slow_s=0)
        with slots.slot(endpoint) as mine:
            result = hand.run(endpoint, delivering=Delivering(hand.store, hand.delivering.client, slots))

    assert mine
    assert 2 <= (result.wait_s or 0) <= 5
    assert receiver.connections == 0


def test_who_is_not_enrolled_gets_no_endpoint_and_who_is_not_there_is_unknown(hand: Hand) -> None:
    with pytest.raises(UnknownSellerError):
        hand.endpoint("https://example.com/", seller="nobody")
    for act in (hand.store.endpoints.one, hand.store.endpoints.rotate, hand.store.endpoints.switch_on, hand.store.endpoints.remove):
        with pytest.raises(UnknownEndpointError):
            act("ep-none")


def test_a_removed_endpoint_leaves_nothing_and_is_told_nothing(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        hand.run(endpoint)
        hand.store.endpoints.remove(endpoint)
        hand.change("anna")

        result = hand.run(endpoint)

    assert result.over
    assert len(receiver.posts) == 1
    with hand.store.engine.connect() as connection:
        left = [
            connection.exec_driver_sql(f"SELECT count(*) FROM sellerbeat.{table}").scalar()
            for table in ("endpoints", "endpoint_secrets", "delivery_lanes", "deliveries", "redeliveries")
        ]
    assert left == [0] * 5


def test_of_an_erased_seller_nothing_comes_back(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(500)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        hand.run(endpoint)
        hand.store.sellers.erase("anna")
        hand.pass_time(hours=1)

        result = hand.run(endpoint)

    assert result.over
    assert len(receiver.posts) == 1
    with hand.store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.delivery_lanes WHERE seller_id = 'anna'").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.deliveries").scalar() == 0


def test_whoever_comes_back_after_an_erasure_is_told_of_from_the_beginning(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna", orders=3)

        def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if "DELETE FROM sellerbeat.erased_orders" in statement:  # the cursors are gone, the seller is not yet
                hand.store.backlog.behind()

        event.listen(hand.store.engine, "before_cursor_execute", look)
        hand.store.sellers.erase("anna")
        event.remove(hand.store.engine, "before_cursor_execute", look)
        with hand.store.engine.begin() as connection:
            left = connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.delivery_lanes WHERE seller_id = 'anna'").scalar()
            connection.exec_driver_sql(
                f"INSERT INTO sellerbeat.delivery_lanes (endpoint_id, seller_id, sequence) VALUES ('{endpoint}', 'anna', 3)"
            )
        hand.enroll("anna")
        new = hand.change("anna")
        hand.run(endpoint)

    assert left == 0
    assert ids(receiver) == new


def test_the_success_that_ends_two_alerts_and_a_commit_of_the_seller_do_not_wait_for_each_other(hand: Hand) -> None:
    hand.enroll("anna")
    endpoint, _ = hand.endpoint("https://shop.example.com/")
    (id_,) = hand.change("anna")
    store = hand.store
    run = store.delivery_cursors.begin(endpoint, "anna", hand.now)
    assert run
    (change,) = store.delivery_cursors.next(run, 0, limit=1)
    store.delivery_cursors.failed(run, Attempt(change, 1, False, "refused", 500, None, 5), hand.now, hand.now)
    store.open_alert(AlertKind.ENDPOINT_FAILING, "it fails", about=endpoint)
    store.open_alert(AlertKind.UNDELIVERED, "it does not take this", "anna", about=endpoint)
    again = store.delivery_cursors.begin(endpoint, "anna", hand.now)
    assert again

    with ThreadPoolExecutor(1) as pool:
        with store.commit(store.begin("anna", Stream.ORDERS)) as commit:
            commit.store_orders([order("o-9")], LATER)  # the seller's row is locked
            taken = pool.submit(store.delivery_cursors.delivered, again, Attempt(change, 2, False, "delivered", 200, None, 5), hand.now)
            eventually_here(lambda: taken.done() or someone_waits(store))
        taken.result()

    assert change["id"] == id_
    assert store.alerts() == []
    assert [one["entity_id"] for one in store.feed.read(seller="anna")][-2:] == ["o-9", f"alert:undelivered:{endpoint}"]


def test_that_a_seller_was_erased_is_delivered_though_nothing_of_them_is_left(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, secret = hand.endpoint(receiver.url, "seller.*")
        hand.change("anna")
        hand.store.sellers.erase("anna")
        behind = hand.store.backlog.behind()

        result = hand.run(endpoint, seller="")
        again = hand.run(endpoint, seller="")

    assert behind == {(endpoint, "")}
    assert (result.delivered, again.delivered) == (2, 0)
    for post, erased in zip(receiver.posts, (False, True), strict=True):
        heard = verified(post, secret)
        assert (heard["type"], heard["data"]["entity_id"], heard["data"]["data"]["erased"]) == ("seller.removed", "anna", erased)
