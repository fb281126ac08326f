"""One endpoint and one seller: in order, signed, each change until it is taken, and nothing dropped."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import event
from standardwebhooks import Webhook, WebhookVerificationError

from activities.deliver import Delivering
from activities.signing import signed
from activities.slots import Slots
from delivery import LARGE, STEPS, Message
from outbound import Client, Policy
from pacing import Stream
from store import SupersededError, UnknownEndpointError, UnknownSellerError
from store.kinds import AlertKind
from store.lanes import Attempt
from tests.deliveries.lane import Hand, ids, verified
from tests.store.documents import LATER, order, someone_waits
from tests.support.receivers import SICK, Receiver, answering, garbage_body, hanging
from tests.support.waiting import eventually_here


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
        wanted = hand.change("anna", orders=120)

        result = hand.run(endpoint)

    assert result.delivered == 120
    assert ids(receiver) == wanted


def test_a_seller_enrolled_later_is_told_from_the_first_change_on(hand: Hand) -> None:
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.enroll("anna")
        wanted = hand.change("anna", orders=3)
        hand.run(endpoint)

    assert ids(receiver) == wanted


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

        told = {}
        for endpoint in (one, group, none):
            before = len(receiver.posts)
            hand.run(endpoint)
            told[endpoint] = [json.loads(post.body)["type"] for post in receiver.posts[before:]]

    assert told == {one: ["order.updated"], group: ["order.created", "alert.opened", "order.updated"], none: []}


def test_alerts_of_the_fleet_come_in_the_order_of_their_positions(hand: Hand) -> None:
    hand.store.open_alert(AlertKind.QUOTA_HIGH, "before", about="feed")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.store.open_alert(AlertKind.QUOTA_HIGH, "words", about="orders")
        hand.store.close_alert(AlertKind.QUOTA_HIGH, about="orders")

        result = hand.run(endpoint, "")

    assert result.delivered == 2
    assert [json.loads(post.body)["type"] for post in receiver.posts] == ["alert.opened", "alert.closed"]


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
def test_a_sick_receiver_costs_a_wait_and_nothing_else(hand: Hand, name: str) -> None:
    hand.enroll("anna")
    make, becomes = SICK[name]
    with make() as url:
        endpoint, secret = hand.endpoint(url)
        hand.change("anna")

        result = hand.run(endpoint)

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
        wanted = hand.change("anna", orders=2)
        over = hand.run(endpoint)
        alerts = [alert["kind"] for alert in hand.store.alerts()]
        still = hand.run(endpoint)
        hand.store.endpoints.switch_on(endpoint)

        hand.run(endpoint)

    assert over.over
    assert still.over
    assert alerts == [f"endpoint_off:{endpoint}"]
    assert hand.store.alerts() == []
    assert ids(receiver) == [wanted[0], *wanted]


def test_after_five_days_of_failure_an_endpoint_is_switched_off_with_an_alert_and_nothing_is_dropped(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(500)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        wanted = hand.change("anna", orders=3)
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
    assert ids(receiver) == wanted


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


def by_id(statuses: dict[str, int]):
    def behave(talk) -> None:
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
            hand.pass_time(seconds=waits[-1])

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


def test_a_crash_between_the_answer_and_the_cursor_delivers_again_under_the_same_id(hand: Hand) -> None:
    hand.enroll("anna")

    class Crash(BaseException):
        pass

    class Dies(Client):
        def post(self, *given):
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
        def post(self, *given):
            answer = super().post(*given)
            hand.store.lanes.begin(endpoint, "anna", hand.now)
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
            hand.store.deliveries.replay(ids=[third]),
            hand.store.deliveries.replay(endpoint=endpoint, first=positions[0], last=positions[1]),
            hand.store.deliveries.replay(seller="anna", endpoint="ep-none"),
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
        wanted = hand.change("anna", orders=3)
        hand.run(endpoint)
        hand.store.deliveries.replay(seller="anna")
        hand.run(endpoint)
        (more,) = hand.change("anna")
        hand.run(endpoint)

    assert ids(receiver) == [*wanted, *wanted, more]
    assert hand.store.deliveries.waiting(endpoint).changes == 0


def test_a_replay_that_is_asked_for_as_a_run_ends_is_not_forgotten(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        hand.run(endpoint)
        ending = hand.store.lanes.begin(endpoint, "anna", hand.now)
        assert ending
        hand.store.deliveries.replay(seller="anna")
        hand.store.lanes.rest(ending)

    with hand.store.lookout.leading() as connection:
        assert connection
        assert hand.store.lookout.new(connection, 0).due == {(endpoint, "anna")}


def test_an_endpoint_that_hangs_takes_few_threads_and_the_others_come_again(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(hanging) as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna")
        slots = Slots(most=1, slow_s=0)
        with slots.place(endpoint) as mine:
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
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
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
        assert connection.exec_driver_sql("SELECT count(*) FROM delivery_lanes WHERE seller_id = 'anna'").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM deliveries").scalar() == 0


def test_whoever_comes_back_after_an_erasure_is_told_of_from_the_beginning(hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver() as receiver:
        endpoint, _ = hand.endpoint(receiver.url)
        hand.change("anna", orders=3)

        def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if "DELETE FROM erased_orders" in statement:  # the lanes are gone, the seller is not yet
                hand.store.lookout.behind()

        event.listen(hand.store.engine, "before_cursor_execute", look)
        hand.store.sellers.erase("anna")
        event.remove(hand.store.engine, "before_cursor_execute", look)
        with hand.store.engine.begin() as connection:
            left = connection.exec_driver_sql("SELECT count(*) FROM delivery_lanes WHERE seller_id = 'anna'").scalar()
            connection.exec_driver_sql(f"INSERT INTO delivery_lanes (endpoint_id, seller_id, sequence) VALUES ('{endpoint}', 'anna', 3)")
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
    run = store.lanes.begin(endpoint, "anna", hand.now)
    assert run
    (change,) = store.lanes.next(run, 0, limit=1)
    store.lanes.failed(run, Attempt(change, 1, False, "refused", 500, None, 5), hand.now, hand.now)
    store.open_alert(AlertKind.ENDPOINT_FAILING, "it fails", about=endpoint)
    store.open_alert(AlertKind.UNDELIVERED, "it does not take this", "anna", about=endpoint)
    again = store.lanes.begin(endpoint, "anna", hand.now)
    assert again

    with ThreadPoolExecutor(1) as pool:
        with store.commit(store.begin("anna", Stream.ORDERS)) as commit:
            commit.keep_orders([order("o-9")], LATER)  # the seller's row is locked
            taken = pool.submit(store.lanes.delivered, again, Attempt(change, 2, False, "delivered", 200, None, 5), hand.now)
            eventually_here(lambda: taken.done() or someone_waits(store))
        taken.result()

    assert change["id"] == id_
    assert store.alerts() == []
    assert [one["entity_id"] for one in store.feed.read(seller="anna")][-2:] == ["o-9", f"alert:undelivered:{endpoint}"]
