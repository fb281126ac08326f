"""What waits for a later try is sent when somebody says that the receiver is well again: exactly that, in order, counted on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from store.delivery.claims import Claim
from store.delivery.endpoints import UnknownEndpointError
from store.delivery.retrying import MadeDue
from store.schema.delivery_tables import FLEET_CURSOR
from store.schema.kinds import AlertKind
from tests.deliveries.hand import Hand, ids, replay
from tests.deliveries.test_retries import by_id
from tests.support.receivers import Receiver, answering


def test_what_waits_is_due_at_once_in_order_and_its_tries_are_counted_on(hand: Hand) -> None:
    hand.enroll("anna", "bert", "carla")
    with Receiver(answering(500, 500, 500, 200)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        first, second = hand.change("anna", orders=2)
        (berts,) = hand.change("bert")
        hand.run(endpoint)
        hand.pass_time(seconds=6)
        hand.run(endpoint)
        hand.run(endpoint, "bert")
        asleep = hand.store.backlog.behind()
        made = hand.store.delivery_retries.now(endpoint)
        awake = hand.store.backlog.behind()
        hand.run(endpoint)
        hand.run(endpoint, "bert")

    assert (asleep, awake) == (set(), {(endpoint, "anna"), (endpoint, "bert")})
    assert made == MadeDue(sellers=2, events=3)  # of carla nothing waits
    assert ids(receiver) == [first, first, berts, first, second, berts]
    log = reversed(hand.store.deliveries.log(endpoint))
    assert [(row["event_id"], row["attempt"]) for row in log if row["outcome"] == "delivered"] == [(first, 3), (second, 1), (berts, 2)]
    assert hand.store.delivery_retries.now(endpoint) == MadeDue(sellers=0, events=0)


def test_a_try_by_hand_that_fails_begins_the_waits_anew(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(500)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        for _ in range(4):
            waiting = hand.run(endpoint).wait_s
            hand.pass_time(seconds=waiting or 0)
        hand.store.delivery_retries.now(endpoint)
        first = hand.run(endpoint).wait_s
        hand.pass_time(seconds=6)
        second = hand.run(endpoint).wait_s

    assert waiting == pytest.approx(7200, rel=0.06)
    assert [first, second] == pytest.approx([5, 300], rel=0.06)
    assert [row["attempt"] for row in hand.store.deliveries.log(endpoint)] == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("act", ["deliver now", "switched off and on", "what failed replayed"])
def test_an_alert_of_what_was_not_delivered_closes_when_it_is_after_somebody_acted(hand: Hand, act: str) -> None:
    hand.enroll("anna", "bert")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        (refused,) = hand.change("anna")
        statuses = {refused: 500}
        receiver.behave = by_id(statuses)
        while not (alerts := hand.store.alerts()):
            hand.pass_time(seconds=hand.run(endpoint).wait_s or 0)
            hand.change("bert")
            hand.run(endpoint, "bert")
        statuses.clear()
        if act == "deliver now":
            hand.store.delivery_retries.now(endpoint)
        elif act == "what failed replayed":
            replay(hand.store, failed=True)
        else:
            hand.store.endpoints.switch_off(endpoint)
            hand.store.endpoints.switch_on(endpoint)
        hand.run(endpoint)

    assert [alert["kind"] for alert in alerts] == [f"undelivered:{endpoint}"]
    assert hand.store.alerts() == []


def test_what_is_to_be_sent_again_and_the_fleets_alerts_wait_too(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(200, 500)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        (change_id,) = hand.change("anna")
        hand.run(endpoint)
        replay(hand.store, ids=[change_id])
        hand.run(endpoint)
        hand.store.open_alert(AlertKind.PLANNER_LATE, "it is late")
        hand.run(endpoint, FLEET_CURSOR)

        assert hand.store.delivery_retries.now(endpoint) == MadeDue(sellers=2, events=2)


def test_an_endpoint_that_is_none_has_nothing_to_deliver(hand: Hand) -> None:
    with pytest.raises(UnknownEndpointError):
        hand.store.delivery_retries.now("ep-none")


@pytest.mark.parametrize(("tries", "schedule_from", "waited"), [(0, 0, 0), (3, 0, 3), (7, 7, 0), (9, 7, 2), (1, 7, 1)])
def test_the_next_wait_goes_by_the_tries_since_somebody_acted(tries: int, schedule_from: int, waited: int) -> None:
    """The last one: a version before counted from 0 again, and knew of no act."""
    now = datetime.now(UTC)

    claim = Claim("ep-1", "anna", "https://a/", (), ("*",), False, 0, 1, tries, schedule_from, now, None, None, False)

    assert claim.waited == waited
