"""One endpoint and one seller: each change signed, in order, as the feed has it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from activities.delivering.signing import signed
from domain.delivery import Message
from store.schema.kinds import AlertKind
from tests.deliveries.hand import Hand, ids, verified
from tests.support.receivers import Receiver


def test_a_change_arrives_signed_and_as_the_feed_has_it(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, secret = hand.endpoint(receiver.url)
        hand.change("anna")

        result = hand.run(endpoint)

    (event,) = hand.store.feed.read(seller="anna")
    (post,) = receiver.posts
    content = verified(post, secret)
    assert (result.delivered, result.more, result.wait_s) == (1, False, None)
    assert content == {"type": "order.created", "timestamp": event["occurred_at"], "data": json.loads(json.dumps(event))}
    assert post.headers["webhook-id"] == event["id"]
    assert post.headers["content-type"] == "application/json"


def test_another_secret_or_body_or_time_does_not_verify(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, secret = hand.endpoint(receiver.url)
        hand.change("anna")
        hand.run(endpoint)
    (post,) = receiver.posts
    headers = dict(post.headers)
    old = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)}

    for webhook, body, given in (
        (Webhook("whsec_" + "A" * 32), post.body, headers),
        (Webhook(secret), post.body + b" ", headers),
        (Webhook(secret), post.body, old),
    ):
        with pytest.raises(WebhookVerificationError):
            webhook.verify(body, given)


@pytest.mark.parametrize("moment", [datetime.now(), datetime.now(timezone(timedelta(hours=2)))])  # noqa: DTZ005
def test_nothing_is_signed_with_another_time_than_utc(moment: datetime) -> None:
    with pytest.raises(ValueError, match="UTC"):
        signed(Message("id", "{}", thin=False), ["whsec_" + "A" * 32], moment)


def test_while_a_secret_rotates_both_verify_and_then_only_the_new_one(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, old = hand.endpoint(receiver.url)
        new = hand.store.endpoints.rotate(endpoint)
        hand.change("anna")
        hand.run(endpoint)
        dropped = hand.store.endpoints.drop_old(endpoint)
        hand.change("anna")
        hand.run(endpoint)

    during, after = receiver.posts
    assert dropped == 1
    assert verified(during, old) == verified(during, new)
    assert verified(after, new)["type"] == "order.created"
    with pytest.raises(WebhookVerificationError):
        verified(after, old)


def test_changes_come_in_order_from_the_registration_on(hand: Hand) -> None:
    hand.enroll("anna")
    hand.change("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        awaited = hand.change("anna", orders=120)

        result = hand.run(endpoint)

    assert result.delivered == 120
    assert ids(receiver) == awaited


def test_a_seller_enrolled_later_is_told_from_the_first_change_on(hand: Hand) -> None:
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.enroll("anna")
        awaited = hand.change("anna", orders=3)
        hand.run(endpoint)

    assert ids(receiver) == awaited


def test_an_endpoint_gets_the_types_that_it_chose(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        one, _ = hand.endpoint(receiver.url, "order.updated")
        group, _ = hand.endpoint(receiver.url, "alert.*", "order.*")
        none, _ = hand.endpoint(receiver.url, "inventory.*")
        hand.change("anna")
        hand.store.open_alert(AlertKind.FAILING, "words", "anna", "orders")
        hand.orders = 0
        hand.change("anna", orderPaymentStatus="PAID", modified=datetime(2026, 3, 2, tzinfo=UTC))

        reported = {}
        for endpoint in (one, group, none):
            before = len(receiver.posts)
            hand.run(endpoint)
            reported[endpoint] = [json.loads(post.body)["type"] for post in receiver.posts[before:]]

    assert reported == {one: ["order.updated"], group: ["order.created", "alert.opened", "order.updated"], none: []}


def test_alerts_of_the_fleet_come_in_the_order_of_their_positions(hand: Hand) -> None:
    hand.store.open_alert(AlertKind.QUOTA_HIGH, "before", about="feed")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.store.open_alert(AlertKind.QUOTA_HIGH, "words", about="orders")
        hand.store.close_alert(AlertKind.QUOTA_HIGH, about="orders")

        result = hand.run(endpoint, "")

    assert result.delivered == 2
    assert [json.loads(post.body)["type"] for post in receiver.posts] == ["alert.opened", "alert.closed"]
