"""What notifications tell of: read at once, held until eBay shows it, told once with the polls."""

from __future__ import annotations

from datetime import timedelta

from activities.polling.notified import UNMOVED_WAITS, WAITS, batches
from domain.pacing import Stream
from store.steps.notifications import PendingNotification, State
from tests.activities.notifying import states, stream_of, tell
from tests.support.rig import START, Rig


def test_an_order_is_told_from_its_notification_and_the_poll_finds_nothing_new(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    tell(anna, "ORDER_CONFIRMATION", order)

    result = anna.poll_notified("anna")
    anna.advance(minutes=5)
    poll = anna.poll("anna")

    event, sale = anna.events("anna")
    assert (event["type"], event["entity_id"], event["source"], event["data"]["orderId"]) == ("order.created", order, "notification", order)
    assert (sale["type"], sale["source"], sale["data"]["orderId"]) == ("inventory.sold", "notification", order)
    assert (result.changes, result.done, result.api_calls) == (1, True, 1)
    assert (poll.changes, poll.duplicates) == (0, 1)
    assert states(anna) == {"notice-1": "done"}


def test_a_hint_moves_neither_the_cursor_nor_the_next_poll(anna: Rig) -> None:
    anna.advance(minutes=5)
    anna.poll("anna")
    before = stream_of(anna)
    anna.advance(seconds=30)
    tell(anna, "ORDER_CONFIRMATION", anna.world.place_order("anna"))

    anna.poll_notified("anna")

    assert stream_of(anna) == before


def test_many_notifications_of_one_order_are_one_call(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    for _ in range(5):
        tell(anna, "ORDER_CONFIRMATION", order)

    result = anna.poll_notified("anna")

    assert (result.api_calls, result.changes) == (1, 1)
    assert set(states(anna).values()) == {"done"}


def test_120_orders_are_three_calls(anna: Rig) -> None:
    for order in anna.world.preload_orders("anna", 120, anna.world.clock.now()):
        tell(anna, "ORDER_CONFIRMATION", order)

    result = anna.poll_notified("anna")

    assert (result.api_calls, result.changes, result.done) == (3, 120, True)


def test_a_topic_that_only_a_later_version_reads_is_left_and_not_looked_at_for_ever(anna: Rig) -> None:
    tell(anna, "OF_A_LATER_VERSION", "o-1")

    result = anna.poll_notified("anna")

    assert (result.api_calls, result.done) == (0, True)
    assert set(states(anna).values()) == {"left"}


def test_an_order_that_ebay_does_not_show_yet_is_asked_for_again(anna: Rig) -> None:
    visible = anna.world.clock.now() + timedelta(seconds=8)
    order = anna.world.place_order("anna", visible_at=visible)
    tell(anna, "ORDER_CONFIRMATION", order)

    waits = []
    while not (result := anna.poll_notified("anna")).done:
        waits.append(round((result.next_due - anna.world.clock.now()).total_seconds()))
        anna.advance(seconds=waits[-1] + 0.5)

    assert waits == [1, 2, 3, 5][: len(waits)]
    assert anna.world.clock.now() - visible < timedelta(seconds=7)
    assert anna.types("anna") == ["order.created"]


def test_before_its_time_a_held_hint_costs_no_call(anna: Rig) -> None:
    tell(anna, "ORDER_CONFIRMATION", "03-99999-00001")
    anna.poll_notified("anna")

    again = anna.poll_notified("anna")

    assert (again.api_calls, again.done) == (0, False)


def test_what_ebay_never_shows_is_left_to_polling_after_ten_minutes(anna: Rig) -> None:
    tell(anna, "ORDER_CONFIRMATION", "03-99999-00001")
    began, calls = anna.world.clock.now(), 0

    while not (result := anna.poll_notified("anna")).done:
        calls += result.api_calls
        anna.world.clock.set(result.next_due)
        anna.advance(seconds=0.1)

    assert states(anna) == {"notice-1": "left"}
    assert timedelta(minutes=9) < anna.world.clock.now() - began < timedelta(minutes=12)
    assert calls == len(WAITS)


def test_a_parcel_is_held_until_the_order_shows_it_and_then_announced(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.advance(minutes=5)
    anna.world.ship("anna", order, visible_at=anna.world.clock.now() + timedelta(seconds=2))
    tell(anna, "ITEM_MARKED_SHIPPED", order)

    early = anna.poll_notified("anna")
    anna.advance(seconds=3)
    result = anna.poll_notified("anna")
    anna.poll("anna", Stream.FULFILLMENT, announced=True)

    assert (early.changes, early.done) == (0, False)
    assert (result.changes, result.done, Stream.FULFILLMENT in result.due) == (1, True, True)
    assert anna.types("anna") == ["order.created", "order.updated", "fulfillment.created"]


def test_what_changed_nothing_is_asked_for_some_times_only(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    anna.poll("anna")
    tell(anna, "ITEM_MARKED_SHIPPED", order)

    steps = 1
    while not (result := anna.poll_notified("anna")).done:
        steps += 1
        anna.world.clock.set(result.next_due)
        anna.advance(seconds=0.1)

    assert steps == len(UNMOVED_WAITS) + 1
    assert states(anna) == {"notice-1": "done"}


def test_what_a_poll_saw_first_is_done_at_once(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    tell(anna, "ORDER_CONFIRMATION", order)
    anna.advance(minutes=5)
    anna.poll("anna")

    result = anna.poll_notified("anna")

    assert (result.changes, result.done) == (0, True)
    assert [event["source"] for event in anna.events("anna")] == ["poll", "poll"]  # the order and its sale


def test_a_cancellation_is_read_with_its_order(anna: Rig) -> None:
    order = anna.world.place_order("anna")
    anna.poll("anna")
    anna.advance(minutes=1)
    anna.world.cancel("anna", order)
    tell(anna, "ORDER_CANCELLATION_ACTIVITY", order)

    anna.poll_notified("anna")

    assert anna.types("anna")[-1] == "order.cancelled"


def test_an_order_of_before_the_enrolment_is_told_as_backfill(anna: Rig) -> None:
    (old,) = anna.world.preload_orders("anna", 1, START - timedelta(days=9), START - timedelta(days=9))
    tell(anna, "ORDER_RETURN_ACTIVITY", old)

    anna.poll_notified("anna")

    assert [event["source"] for event in anna.events("anna")] == ["backfill"]


def test_a_listing_is_read_alone(hub: Rig) -> None:
    item = hub.world.inventories["anna"].active[0][1]
    before = len(hub.events("anna"))
    hub.advance(minutes=10)
    hub.world.revise("anna", item, title="Another title")
    tell(hub, "ItemRevised", listings=(item,))

    result = hub.poll_notified("anna")

    (event,) = hub.events("anna")[before:]
    assert (event["type"], event["entity_id"], event["source"]) == ("inventory.updated", f"listing:{item}", "notification")
    assert (result.done, hub.calls("anna", "trading") > 0) == (True, True)


def test_before_the_report_of_all_listings_none_is_told_as_new(anna: Rig) -> None:
    anna.world.add_seller("anna", listings=3)
    anna.world.preload_listings("anna")
    tell(anna, "ItemRevised", listings=(anna.world.inventories["anna"].active[0][1],))

    anna.poll_notified("anna")

    assert (anna.events("anna"), states(anna)) == ([], {"notice-1": "left"})


def test_other_sellers_hints_are_not_touched(anna: Rig) -> None:
    anna.world.add_seller("bert")
    anna.enroll("bert")
    tell(anna, "ORDER_CONFIRMATION", anna.world.place_order("bert"), seller="bert")

    result = anna.poll_notified("anna")

    assert (result.done, result.api_calls, states(anna)) == (True, 0, {"notice-1": "pending"})


def test_a_call_takes_as_many_hints_as_it_takes_orders() -> None:
    given = [PendingNotification(str(n), "ORDER_CONFIRMATION", tuple(f"{n}-{k}" for k in range(20)), (), None, 0) for n in range(5)]

    assert [[notification.id for notification in batch] for batch in batches(given)] == [["0", "1"], ["2", "3"], ["4"]]


def test_what_ended_is_not_ended_otherwise(anna: Rig) -> None:
    id_ = tell(anna, "ORDER_CONFIRMATION", "o")
    anna.store.notifications.end([id_])
    anna.store.notifications.end([id_], State.LEFT)

    assert states(anna) == {id_: "done"}
