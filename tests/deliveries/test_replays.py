"""Replays: which changes, in which order, across crashes, and how far they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from activities.delivering.dispatcher import DeliveryDispatcher
from store.delivery import replays
from store.delivery.replays import ReplayFilter
from tests.deliveries.hand import Hand, ids, replay
from tests.support.receivers import Receiver, answering


def begin(hand: Hand, **asked: Any) -> int:
    """A replay of which nothing is queued yet; its id."""
    begun = hand.store.replays.begin(ReplayFilter(**asked), "os:test")
    assert begun.id is not None
    return begun.id


def progress(hand: Hand, replay_id: int) -> tuple[str, int, int, int]:
    (row,) = hand.store.replays.page(replay_id=replay_id)
    return row["state"], row["messages"], row["queued"], row["sent"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "CHUNK", 2)


@pytest.mark.usefixtures("small")
def test_a_replay_in_parts_keeps_ids_and_order_and_tells_how_far_it_is(hand: Hand) -> None:
    hand.enroll("anna", "bert")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        anna = hand.change("anna", orders=3)
        bert = hand.change("bert", orders=2)
        for seller in ("anna", "bert"):
            hand.run(endpoint, seller)
        receiver.posts.clear()
        seen, id_ = [], begin(hand, since=hand.now - timedelta(hours=1))
        seen.append(progress(hand, id_))
        while hand.store.replays.advance():  # as whichever process comes: what was sent meanwhile stays sent
            for seller in ("anna", "bert"):
                hand.run(endpoint, seller)
            seen.append(progress(hand, id_))

    assert ids(receiver) == [*anna, *bert]
    assert seen == [("queueing", 5, 0, 0), ("queueing", 5, 2, 2), ("queueing", 5, 4, 4), ("done", 5, 5, 5)]
    assert [row["replayed"] for row in hand.store.deliveries.log(limit=5)] == [True] * 5


@pytest.mark.usefixtures("small")
def test_a_crash_within_a_part_leaves_it_to_whoever_comes_next(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        changes = hand.change("anna", orders=5)
        hand.run(endpoint)
        receiver.posts.clear()
        id_ = begin(hand, seller="anna")
        hand.store.replays.advance()

        def dies(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if "UPDATE sellerbeat.replays" in statement:
                raise KeyboardInterrupt

        event.listen(hand.store.engine, "before_cursor_execute", dies)
        with pytest.raises(KeyboardInterrupt):
            hand.store.replays.advance(id_)
        event.remove(hand.store.engine, "before_cursor_execute", dies)
        left = progress(hand, id_)
        unfinished = DeliveryDispatcher(hand.store, None).replay()  # type: ignore[arg-type]  # a worker's, which wakes nobody here
        hand.run(endpoint)

    assert left == ("queueing", 5, 2, 0)
    assert unfinished is False
    assert ids(receiver) == changes
    assert progress(hand, id_) == ("done", 5, 5, 5)


@pytest.mark.usefixtures("small")
def test_what_is_delivered_after_a_replay_was_asked_for_is_not_sent_again(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        old = hand.change("anna", orders=2)
        hand.run(endpoint)
        new = hand.change("anna", orders=3)
        id_ = begin(hand, seller="anna")
        hand.run(endpoint)
        while hand.store.replays.advance():
            pass
        hand.run(endpoint)

    assert ids(receiver) == [*old, *new, *old]
    assert progress(hand, id_) == ("done", 2, 2, 2)


def test_failed_only_tries_now_what_was_not_taken_and_sends_it_once(hand: Hand) -> None:
    hand.enroll("anna", "bert")
    with Receiver(answering(204, 500, 204)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        _, failing = hand.change("anna", orders=2)
        hand.change("bert")
        for seller in ("anna", "bert"):
            hand.run(endpoint, seller)
        counted = hand.store.replays.begin(ReplayFilter(failed=True), dry_run=True).messages
        receiver.posts.clear()
        id_ = begin(hand, failed=True)
        hand.store.replays.advance(id_)
        with hand.store.backlog.leading() as connection:
            assert connection
            due = hand.store.backlog.new(connection, 0).due
        for _ in range(2):
            hand.run(endpoint)

    assert counted == 1
    assert due == {(endpoint, "anna")}
    assert ids(receiver) == [failing]
    assert progress(hand, id_) == ("done", 1, 1, 1)
    assert hand.store.replays.begin(ReplayFilter(failed=True)).messages == 0


def test_two_replays_of_the_same_message_are_both_over_when_it_is_sent(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        first, second = hand.change("anna", orders=2)
        hand.run(endpoint)
        receiver.posts.clear()
        one, other = begin(hand, ids=(second,)), begin(hand, seller="anna")
        while hand.store.replays.advance():
            pass
        before = [progress(hand, id_) for id_ in (one, other)]
        hand.run(endpoint)

    assert before == [("sending", 1, 1, 0), ("sending", 2, 2, 0)]
    assert ids(receiver) == [first, second]
    assert [progress(hand, id_) for id_ in (one, other)] == [("done", 1, 1, 1), ("done", 2, 2, 2)]


@pytest.mark.parametrize(
    ("asked", "messages"),
    [
        (lambda hand: {"types": ("order.*",)}, 3),
        (lambda hand: {"types": ("alert.*", "inventory.sold")}, 0),
        (lambda hand: {"types": ("order.created",), "seller": "bert"}, 1),
        (lambda hand: {"since": hand.now - timedelta(hours=1), "until": hand.now + timedelta(hours=1), "types": ("order.*",)}, 3),
        (lambda hand: {"since": hand.now - timedelta(days=3), "until": hand.now - timedelta(days=1), "types": ("order.*",)}, 2),
        (lambda hand: {"until": hand.now - timedelta(days=9)}, 0),
        (lambda hand: {"failed": True}, 0),
    ],
)
def test_a_replay_is_limited_by_type_seller_and_time(hand: Hand, asked: Callable[[Hand], dict[str, Any]], messages: int) -> None:
    hand.enroll("anna", "bert")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna", orders=2)
        hand.change("bert")
        for seller in ("anna", "bert"):
            hand.run(endpoint, seller)
    if asked(hand).get("since", hand.now) < hand.now - timedelta(days=2):
        with hand.store.engine.begin() as connection:
            connection.execute(
                text("UPDATE sellerbeat.change_events SET detected_at = detected_at - interval '2 days' WHERE seller_id = 'anna'")
            )

    counted = hand.store.replays.begin(ReplayFilter(**asked(hand)), dry_run=True).messages

    assert counted == messages
    assert replay(hand.store, **asked(hand)) == messages
    assert hand.store.deliveries.waiting(endpoint).again == messages
