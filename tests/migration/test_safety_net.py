"""In webhooks polling is the safety net, and comes back by itself when notifications fail; shadow says daily who is ready."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.fleet.comparing import evaluate, evaluate_due
from activities.fleet.planning import facts
from activities.polling.safety_net import share
from domain.comparison import Mode
from domain.pacing import SellerPace, Stream
from tests.migration.announced import SELLER, Announced

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
GRACE = 15 * MINUTE
BY_HAND = "cadence set by hand: every 20 min"


@pytest.fixture
def relied_on(anna: Announced) -> Announced:
    """In webhooks, after some hours in shadow in which each of 24 orders was announced."""
    anna.store.modes.set(SELLER, Mode.SHADOW)
    for number in range(24):
        anna.later(anna.now + (7 + 10 * number) * MINUTE, anna.order)
    anna.run(anna.now + timedelta(hours=4))
    assert evaluate(anna.store, SELLER)
    anna.store.modes.set(SELLER, Mode.WEBHOOKS)
    assert anna.store.modes.get(SELLER).comparison
    anna.run(anna.now + timedelta(hours=1))
    return anna


def cadence(it: Announced) -> str:
    """When orders are polled next, in words."""
    return it.states[SELLER].streams[Stream.ORDERS].why


def alerts(it: Announced) -> list[str]:
    return [alert["kind"] for alert in it.store.alerts()]


def mode(it: Announced) -> Mode:
    return it.store.modes.get(SELLER).mode


def test_polling_falls_to_the_safety_net_where_orders_are_announced(relied_on: Announced) -> None:
    relied_on.order()
    relied_on.run(relied_on.now + timedelta(hours=1))

    assert cadence(relied_on) == "notifications work: every 30 min"
    assert (mode(relied_on), alerts(relied_on)) == (Mode.WEBHOOKS, [])


def test_a_seller_of_whom_no_order_was_announced_is_polled_as_before(anna: Announced) -> None:
    anna.store.modes.set(SELLER, Mode.WEBHOOKS)
    anna.order()
    anna.run(anna.now + timedelta(hours=1))

    assert cadence(anna) == BY_HAND
    assert mode(anna) is Mode.WEBHOOKS


def test_polling_comes_back_with_an_alert_when_it_finds_what_no_notification_told(relied_on: Announced) -> None:
    relied_on.order(reported=False)
    relied_on.run(relied_on.now + timedelta(hours=1, minutes=5))

    assert (mode(relied_on), alerts(relied_on)) == (Mode.SHADOW, ["not_notified"])
    assert cadence(relied_on) == BY_HAND
    assert relied_on.store.modes.get(SELLER).comparison is None  # what it said is over
    assert relied_on.events()[-1]["data"]["text"].startswith("polling found an order that no notification told within 15 minutes")


def test_polling_waits_for_a_notification_that_may_still_come(relied_on: Announced) -> None:
    """A poll finds it at once, another one sees that nobody told it yet, and the notification comes 14 minutes later."""
    order_id = relied_on.order(reported=False)
    relied_on.wait(MINUTE)
    relied_on.poll_once(SELLER, Stream.ORDERS)
    late = relied_on.now + GRACE - MINUTE
    relied_on.wait(5 * MINUTE)
    relied_on.poll_once(SELLER, Stream.ORDERS)
    relied_on.later(late, lambda: relied_on.announce(order_id))
    relied_on.run(relied_on.now + timedelta(hours=2))

    assert [event["source"] for event in relied_on.events() if event["entity_id"] == order_id] == ["poll"]
    assert (mode(relied_on), alerts(relied_on)) == (Mode.WEBHOOKS, [])


def test_a_change_that_no_topic_tells_or_one_that_is_not_counted_on_brings_nobody_back(relied_on: Announced) -> None:
    order_id = relied_on.order(paid=False)
    relied_on.run(relied_on.now + MINUTE)
    relied_on.wait(MINUTE)
    relied_on.world.pay(SELLER, order_id)
    relied_on.run(relied_on.now + timedelta(hours=1))
    with relied_on.silence():
        relied_on.world.cancel(SELLER, order_id)
    relied_on.run(relied_on.now + timedelta(hours=2))

    types = [event["type"] for event in relied_on.events() if event["entity_id"] == order_id]
    assert types[:4] == ["order.created", "order.updated", "order.updated", "order.cancelled"]
    assert (mode(relied_on), alerts(relied_on)) == (Mode.WEBHOOKS, [])


def test_what_was_lost_before_webhooks_began_brings_nobody_back(anna: Announced) -> None:
    anna.store.modes.set(SELLER, Mode.SHADOW)
    anna.order(reported=False)
    anna.run(anna.now + timedelta(hours=1))
    anna.store.modes.set(SELLER, Mode.WEBHOOKS)
    anna.run(anna.now + timedelta(hours=2))

    assert mode(anna) is Mode.WEBHOOKS


def test_a_poll_that_was_under_way_overrides_nobody_who_chose_polling(relied_on: Announced) -> None:
    relied_on.order(reported=False)
    relied_on.wait(MINUTE)
    relied_on.poll_once(SELLER, Stream.ORDERS)
    relied_on.wait(GRACE)
    began = relied_on.store.begin(SELLER, Stream.ORDERS)
    relied_on.store.modes.set(SELLER, Mode.POLLING)
    with relied_on.store.commit(began) as commit:
        share(commit, began, SellerPace(0.0))

    assert (mode(relied_on), alerts(relied_on)) == (Mode.POLLING, [])


def test_polling_comes_back_with_an_alert_when_notifications_stop(relied_on: Announced) -> None:
    relied_on.run(relied_on.now + DAY - timedelta(hours=2))
    still = mode(relied_on)
    relied_on.run(relied_on.now + timedelta(hours=2))

    assert still is Mode.WEBHOOKS
    assert (mode(relied_on), alerts(relied_on)) == (Mode.SHADOW, ["notifications_stopped"])
    assert cadence(relied_on) == "cadence set by hand, quiet for 24 h: every 1 h"


def test_orders_that_notifications_told_first_keep_a_seller_in_shadow_from_looking_quiet(anna: Announced) -> None:
    anna.store.modes.set(SELLER, Mode.SHADOW)
    for number in range(8):
        anna.later(anna.now + (7 + 30 * number) * MINUTE, anna.order)
    anna.run(anna.now + timedelta(hours=4))

    first = {event["source"] for event in anna.events() if event["type"] == "order.created"}
    assert first == {"notification"}
    assert cadence(anna) == BY_HAND


def test_after_a_week_in_shadow_without_a_loss_an_alert_says_ready_until_a_loss(anna: Announced) -> None:
    anna.states[SELLER].streams[Stream.ORDERS].cadence = timedelta(hours=3)
    anna.store.modes.set(SELLER, Mode.SHADOW)
    reported: list[tuple[bool, list[str]]] = []
    for day in range(8):
        anna.order()
        if day == 7:
            anna.order(reported=False)
        anna.run(anna.now + DAY)
        evaluate_due(anna.store)
        evaluate_due(anna.store)  # once a day, however often one looks
        reported.append((anna.store.modes.get(SELLER).comparison["ready"], alerts(anna)))  # type: ignore[index]

    assert reported == [(False, [])] * 6 + [(True, ["ready_for_webhooks"]), (False, [])]
    stored = anna.store.modes.get(SELLER).comparison
    assert stored
    assert (stored["both"], stored["only_polling"], stored["days"]) == (7, 1, 7)
    assert stored["why"] == "1 change was told by no notification within 7 days, of 8 to be told"


def test_a_seller_who_came_back_and_is_ready_again_has_no_alert_of_the_failure_left(relied_on: Announced) -> None:
    relied_on.order(reported=False)
    relied_on.run(relied_on.now + timedelta(hours=2))
    relied_on.states[SELLER].streams[Stream.ORDERS].cadence = timedelta(hours=3)
    for _ in range(8):
        relied_on.order()
        relied_on.run(relied_on.now + DAY)
        evaluate_due(relied_on.store)

    assert alerts(relied_on) == ["ready_for_webhooks"]


def test_sellers_in_polling_are_not_judged(anna: Announced) -> None:
    anna.store.modes.set(SELLER, Mode.SHADOW)
    anna.store.modes.set(SELLER, Mode.POLLING)
    anna.run(anna.now + 2 * DAY)
    evaluate_due(anna.store)

    assert anna.store.modes.get(SELLER).comparison is None


def test_the_planner_counts_on_notifications_for_the_orders_of_sellers_in_webhooks_alone(relied_on: Announced) -> None:
    def shares() -> dict[str, float]:
        rows = relied_on.store.levels.fleet([Stream.ORDERS.value, Stream.INVENTORY.value])
        return {row.stream: facts(row, Stream(row.stream)).unseen_share for row in rows}

    in_webhooks = shares()
    relied_on.store.modes.set(SELLER, Mode.SHADOW)

    assert in_webhooks == {"orders": pytest.approx(2 / 28), "inventory": 1.0}
    assert shares() == {"orders": 1.0, "inventory": 1.0}
