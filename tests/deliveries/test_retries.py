"""What an endpoint does not take: tried again by the schedule, in order, and nothing dropped."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from activities.delivering.deliver import Delivering
from domain.delivery import STEPS
from outbound import Client, Policy
from tests.deliveries.hand import Hand, ids
from tests.support.present import present
from tests.support.receivers import SICK, Receiver, Talk, answering, garbage_body


def test_what_is_not_taken_is_tried_again_before_what_follows(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(500, 503, 200)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        first, second = hand.change("anna", orders=2)

        hand.run_on(endpoint)

    assert ids(receiver) == [first, first, first, second]
    log = hand.store.deliveries.log(endpoint)
    assert [(row["outcome"], row["status"], row["attempt"]) for row in reversed(log)] == [
        ("refused", 500, 1), ("refused", 503, 2), ("delivered", 200, 3), ("delivered", 200, 1),
    ]  # fmt: skip
    assert all(row["took_ms"] >= 0 for row in log)


def test_a_lane_that_waits_is_not_tried_early(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(500, 200)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        waiting = hand.run(endpoint)

        early = hand.run(endpoint)

    assert waiting.wait_s
    assert early.wait_s == pytest.approx(waiting.wait_s, abs=1)
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(("given", "waited"), [("7200", 7200), ("0", 5), ("-3", 5), ("soon", 5), ("99999999", 86_400)])
def test_retry_after_is_obeyed_and_bounded(hand: Hand, given: str, waited: float) -> None:
    hand.enroll("anna")
    with Receiver(answering(429, headers={"retry-after": given})) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")

        result = hand.run(endpoint)

    assert result.wait_s == pytest.approx(waited, rel=0.05)


@pytest.mark.parametrize("name", SICK)
def test_a_sick_receiver_costs_a_wait_and_nothing_else(hand: Hand, client: Client, hasty: Client, name: str) -> None:
    hand.enroll("anna")
    make, becomes = SICK[name]
    with make() as url:
        endpoint, secret = hand.endpoint(url)
        hand.change("anna")

        result = hand.run(endpoint, delivering=Delivering(hand.store, hasty if becomes == "timeout" else client))

    (row,) = hand.store.deliveries.log(endpoint)
    if becomes == 200:
        assert (result.delivered, row["outcome"]) == (1, "delivered")
    else:
        assert 4 < (result.wait_s or 0) < 6
        assert becomes in (row["status"], row["kind"])
    assert secret not in str(row)


def test_a_body_of_garbage_is_nobodys_concern(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(garbage_body) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")

        assert hand.run(endpoint).delivered == 1


def test_a_redirect_is_a_failure_and_not_followed(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as target, Receiver(answering(302, headers={"location": target.url})) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        hand.run(endpoint)

    assert target.connections == 0
    assert hand.store.deliveries.log(endpoint)[0]["outcome"] == "redirected"


def test_a_target_that_became_forbidden_is_not_called(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")

        with closing(Client(Policy())) as strict:
            result = hand.run(endpoint, delivering=Delivering(hand.store, strict))

    assert receiver.connections == 0
    assert result.wait_s
    assert hand.store.deliveries.log(endpoint)[0]["outcome"] == "forbidden"


def test_who_is_gone_is_switched_off_and_catches_up_when_switched_on(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(410, 200)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        awaited = hand.change("anna", orders=2)
        over = hand.run(endpoint)
        alerts = [alert["kind"] for alert in hand.store.alerts()]
        still = hand.run(endpoint)
        hand.store.endpoints.switch_on(endpoint)

        hand.run(endpoint)

    assert over.over
    assert still.over
    assert alerts == [f"endpoint_off:{endpoint}"]
    assert hand.store.alerts() == []
    assert ids(receiver) == [awaited[0], *awaited]


def test_after_five_days_of_failure_an_endpoint_is_switched_off_with_an_alert_and_nothing_is_dropped(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(500)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        awaited = hand.change("anna", orders=3)
        began = hand.now
        over = hand.run_on(endpoint)
    failed = hand.now - began
    kinds = [event["data"]["kind"] for event in hand.store.feed.read(limit=1000) if event["type"] == "alert.opened"]

    with Receiver(port=receiver.port) as receiver:
        hand.store.endpoints.switch_on(endpoint)
        hand.run_on(endpoint)

    assert over.over
    assert timedelta(days=5) <= failed <= timedelta(days=6.1)
    assert kinds == [f"endpoint_failing:{endpoint}", f"endpoint_off:{endpoint}"]
    assert ids(receiver) == awaited


def test_a_change_that_only_one_seller_cannot_deliver_is_told_after_75_hours_and_tried_on(hand: Hand) -> None:
    hand.enroll("anna", "bert")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        (refused,) = hand.change("anna")
        statuses = {refused: 500}
        receiver.behave = by_id(statuses)

        while not (alerts := hand.store.alerts()) and hand.store.endpoints.one(endpoint).off_at is None:
            result = hand.run(endpoint)
            hand.change("bert")
            assert hand.run(endpoint, "bert").delivered == 1
            hand.pass_time(seconds=result.wait_s or 0)
        tries = len([one for one in ids(receiver) if one == refused])
        statuses.clear()
        hand.run_on(endpoint)

    assert [alert["kind"] for alert in alerts] == [f"undelivered:{endpoint}"]
    assert tries == 10
    assert [json.loads(post.body)["type"] for post in receiver.posts[-3:]] == ["order.created", "alert.opened", "alert.closed"]
    assert ids(receiver)[-3] == refused
    assert hand.store.alerts() == []


def by_id(statuses: dict[str, int]) -> Callable[[Talk], None]:
    def behave(talk: Talk) -> None:
        while post := talk.read():
            talk.answer(statuses.get(post.headers["webhook-id"], 200))

    return behave


def test_of_a_troubled_endpoint_one_seller_at_a_time_asks_and_its_recovery_frees_all(hand: Hand) -> None:
    sellers = [f"s-{number}" for number in range(12)]
    hand.enroll(*sellers)
    with Receiver(answering(*[500] * 6, 200, headers={"retry-after": "3600"})) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        for seller in sellers:
            hand.change(seller)
        results = [hand.run(endpoint, seller) for seller in sellers]
        asked = len(receiver.posts)
        hand.pass_time(seconds=21)
        early = hand.run(endpoint, sellers[0])
        probe = hand.run(endpoint, sellers[11])
        freed = [hand.run(endpoint, seller) for seller in sellers[:11]]

    assert asked == 6  # five that failed, and one that asked for all
    assert [round((result.wait_s or 0) / 60) for result in results] == [60] * 6 + [0] * 6
    assert early.wait_s == pytest.approx(3579, abs=2)
    assert probe.delivered == 1
    assert [result.delivered for result in freed] == [1] * 11


def test_a_seller_who_is_stuck_keeps_to_the_schedule_whatever_others_deliver(hand: Hand) -> None:
    hand.enroll("anna", "bert")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        (refused,) = hand.change("anna")
        receiver.behave = by_id({refused: 500})
        waits = []
        for _ in range(8):
            waits.append(hand.run(endpoint).wait_s)
            hand.change("bert")
            assert hand.run(endpoint, "bert").delivered == 1
            assert hand.run(endpoint).wait_s == pytest.approx(waits[-1], rel=0.2, abs=1)  # no time has passed: still to wait
            hand.pass_time(seconds=present(waits[-1]))

    assert ids(receiver).count(refused) == 8
    assert waits == [pytest.approx(step, rel=0.06) for step in STEPS[:8]]


def test_a_seller_who_was_stuck_before_the_trouble_is_not_freed_with_the_others(hand: Hand) -> None:
    hand.enroll("anna", "bert")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        (refused,) = hand.change("anna")
        receiver.behave = by_id({refused: 500})
        asked = []
        for _ in range(2):  # whose trouble the first was nobody can tell: then they are freed once
            for _ in range(5):
                hand.pass_time(seconds=hand.run(endpoint).wait_s or 0)
            waiting = hand.run(endpoint).wait_s
            hand.pass_time(seconds=21)
            hand.change("bert")
            assert hand.run(endpoint, "bert").delivered == 1
            before = len(receiver.posts)
            hand.run(endpoint)
            asked.append(len(receiver.posts) - before)

    assert waiting
    assert asked == [1, 0]
