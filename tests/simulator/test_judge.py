"""The judge must see through everything that a product may do wrong; so a perfect reader of a living world is made here, and spoilt."""

import copy
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import Life
from simulator.judge import Verdict, judge
from tests.simulator.judging import END, START, renumbered
from tests.simulator.perfect import Event, poll
from tests.support.examples import examples
from tests.support.manual_world import ManualWorld
from tests.support.present import present


@cache
def lived() -> list[Event]:
    """A life in which everything happens that there are events of."""
    world = ManualWorld(seed=21, now=START)
    world.add_seller("anna", orders_a_day=12, skus=4)
    world.add_seller("bert", orders_a_day=3, skus=2)
    for name in world.sellers:
        world.preload_skus(name)
    Life(world, rate=2).run_until(END)
    return list(world.rows())


@cache
def right() -> list[Event]:
    return poll(lived(), timedelta(minutes=20), START, END)


TYPES = {"order.created", "order.updated", "fulfillment.created", "fulfillment.removed", "inventory.created", "inventory.updated"}
TYPES |= {"inventory.removed", "inventory.sold"}
ANY_EVENT = st.deferred(lambda: st.integers(0, len(right()) - 1))


def verdict(events: list[Event], rows: list[Event] | None = None, **options: Any) -> Verdict:
    return judge(lived() if rows is None else rows, events, at=END + timedelta(hours=1), **options)


def about(event: Event) -> tuple[str, ...]:
    """What there is one last event of; sellers may have the same SKU, and a sale is not about its stock."""
    sale = event["type"] == "inventory.sold"
    return event["seller_id"], event["entity_id"], event["data"]["lineItemId"] if sale else ""


def counts(found: Verdict) -> tuple[int, int, int]:
    return found.lost, found.twice, found.wrong


@pytest.mark.parametrize("minutes", [5, 20, 600])
def test_a_perfect_poller_is_acquitted_however_seldom_it_polls(minutes: float) -> None:
    found = verdict(poll(lived(), timedelta(minutes=minutes), START, END))

    assert {event["type"] for event in right()} >= TYPES
    assert found.examples == []
    assert found.ok
    assert found.changes > 50
    assert 0 < present(found.delay_p50_s) <= present(found.delay_p95_s) <= minutes * 60


@settings(deadline=None, max_examples=examples(12))
@given(ANY_EVENT)
def test_the_last_event_about_something_is_never_missed_unnoticed(k: int) -> None:
    spoilt = renumbered(right()[:k] + right()[k + 1 :])
    last = right()[k]["type"] == "inventory.sold" or all(about(event) != about(right()[k]) for event in right()[k + 1 :])

    found = verdict(spoilt)

    only_removed = last and right()[k]["type"].endswith("removed")
    assert (found.lost > 0) == last or only_removed
    assert found.lost == int(last)


@settings(deadline=None, max_examples=examples(12))
@given(ANY_EVENT)
def test_an_event_that_comes_twice_is_found(k: int) -> None:
    assert verdict(renumbered([*right(), right()[k]])).twice == 1
    again = {**right()[k], "id": "another", "version": right()[k]["version"] + 1}
    assert verdict(renumbered([*right()[: k + 1], again])).twice == 1
    assert verdict(renumbered([*right()[: k + 1], {**right()[k], "id": "another"}])).twice == 1


def made_up(event: Event) -> None:
    event["data"]["title_of_nothing"] = "x"


def of_another_entity(event: Event) -> None:
    event["entity_id"] = "03-00000-00000"


@pytest.mark.parametrize("spoil", [made_up, of_another_entity])
def test_what_ebay_never_showed_is_wrong(spoil: Callable[[Event], None]) -> None:
    spoilt = copy.deepcopy(right())
    spoil(next(event for event in reversed(spoilt) if event["type"] == "order.updated"))

    found = verdict(spoilt)

    assert (found.wrong, found.twice) == (1, 0)
    assert found.lost >= 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("sequence", 10_000), ("position", 1), ("detected_at", "2026-06-18T11:00:00.000Z")],
)
def test_a_gap_or_a_fall_is_wrong(field: str, value: object) -> None:
    spoilt = [*right()[:-1], {**right()[-1], field: value}]

    assert counts(verdict(spoilt)) == (0, 0, 1)


def test_a_lost_event_leaves_a_gap_in_the_sequence() -> None:
    assert verdict(right()[:5] + right()[6:]).wrong >= 1


def test_an_older_version_recorded_after_a_newer_one_is_wrong_and_the_newer_one_lost() -> None:
    order = next(event for event in right() if event["type"] == "order.updated")
    first = next(event for event in right() if event["entity_id"] == order["entity_id"])
    last = [event for event in right() if event["entity_id"] == order["entity_id"]][-1]
    back = {
        **first,
        "id": "back",
        "version": last["version"] + 1,
        "type": "order.updated",
        "detected_at": right()[-1]["detected_at"],
    }

    assert counts(verdict(renumbered([*right(), back]))) == (1, 0, 1)


def test_events_beside_a_change_share_its_version_and_data() -> None:
    k = next(k for k, event in enumerate(right()) if event["type"] == "order.updated")
    beside = {**right()[k], "id": "beside", "type": "order.cancelled"}

    assert verdict(renumbered([*right()[: k + 1], beside, *right()[k + 1 :]])).ok
    other = {**beside, "data": {**beside["data"], "sellerId": "x"}}
    assert verdict(renumbered([*right()[: k + 1], other, *right()[k + 1 :]])).wrong == 1


def test_what_became_visible_within_the_grace_need_not_be_recorded() -> None:
    early = [event for event in right() if event["detected_at"] < "2026-06-19T12:00:00.000Z"]

    assert verdict(early).lost > 0
    assert counts(verdict(early, grace=timedelta(hours=7, minutes=20))) == (0, 0, 0)


def test_orders_older_than_what_was_to_be_read_are_not_lost() -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    world.preload_orders("anna", 10, START - timedelta(days=50), START - timedelta(days=40), shipped=0.5)

    assert judge(world.rows(), [], at=START).lost > 10  # orders, and the parcels of some
    assert judge(world.rows(), [], at=START, since=START - timedelta(days=30)).lost == 0


def test_seller_ids_may_differ_from_the_ledgers_names() -> None:
    renamed = [{**event, "seller_id": f"s-{event['seller_id']}"} for event in right()]

    assert not verdict(renamed).ok
    assert verdict(renamed, sellers={"s-anna": "anna", "s-bert": "bert"}).ok


def test_events_about_sellers_and_alerts_only_count_for_the_order_of_the_feed() -> None:
    alert = {
        **right()[0],
        "id": "alert",
        "seller_id": None,
        "sequence": None,
        "type": "alert.opened",
        "entity_id": "quota",
        "position": 0.5,
    }

    assert verdict([alert, *right()]).ok


def test_a_snapshot_must_say_what_ebay_says() -> None:
    newest = {event["entity_id"]: event for event in right() if event["seller_id"] == "anna" and event["type"].startswith("order")}
    rows = [{"entity_id": oid, "data": event["data"], "removed_at": None, "set_aside": None} for oid, event in newest.items()]
    assert verdict(right(), snapshots={("anna", "orders"): rows}).ok
    unreadable = {"entity_id": None, "data": None, "removed_at": None, "set_aside": "no orderId"}

    found = verdict(right(), snapshots={("anna", "orders"): [*rows[1:], unreadable]})

    assert (counts(found), found.set_aside) == ((1, 0, 0), 1)


def test_a_removal_carries_what_was_known_last_even_if_a_newer_version_was_never_seen() -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    world.add_sku("anna", "S", 1)
    (created,) = poll(list(world.rows()), timedelta(minutes=20), START, START)
    world.set_stock("anna", "S", 2)
    world.remove_sku("anna", "S")
    removed = {
        **created,
        "occurred_at": created["detected_at"],
        "id": "gone",
        "type": "inventory.removed",
        "version": 2,
        "position": 2,
        "sequence": 2,
    }

    assert judge(world.rows(), [created, removed], at=END).ok
    never = {**removed, "data": {**removed["data"], "locale": "xx"}}
    assert judge(world.rows(), [created, never], at=END).wrong == 1
    assert judge(world.rows(), [created], at=END).lost == 1


def test_an_order_shown_without_its_id_and_its_parcels_are_not_lost() -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    order_id = world.place_order("anna")
    world.ship("anna", order_id)
    assert judge(world.rows(), [], at=END).lost == 2
    world.modify("anna", order_id, raw=lambda text: text.replace(f'"orderId":"{order_id}"', '"orderId":null'))

    found = judge(world.rows(), [], at=END)

    assert (counts(found), found.nameless) == ((0, 0, 0), 1)
    assert judge(world.rows(), [], at=START - timedelta(seconds=1)).nameless == 0


def test_a_parcel_of_an_order_that_was_not_to_be_read_is_not_lost() -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    (order_id,) = world.preload_orders("anna", 1, START - timedelta(days=50), START - timedelta(days=40))
    world.ship("anna", order_id)
    assert judge(world.rows(), [], at=END, since=START - timedelta(days=30)).lost == 2
    rows = [{**row, "modified_at": "2026-04-29T12:00:00.000Z"} if row["kind"] == "order" else row for row in world.rows()]

    assert judge(rows, [], at=END, since=START - timedelta(days=30)).lost == 0


ASKED = [{"cancelReason": "BUYER_CANCEL", "cancelRequestId": "5000"}]


@pytest.mark.parametrize(("requests", "twice"), [(ASKED, 0), ([], 1)], ids=["told more", "told nothing more"])
def test_what_only_a_single_read_fills_is_a_change_without_one_in_the_list(requests: list[dict[str, str]], twice: int) -> None:
    k, event = next((k, event) for k, event in enumerate(right()) if event["type"] == "order.created")
    data = {**event["data"], "cancelStatus": {**event["data"]["cancelStatus"], "cancelRequests": requests}}
    alone = {**event, "id": "another", "type": "order.updated", "version": event["version"] + 1, "data": data}

    found = verdict(renumbered([*right()[: k + 1], alone]))

    assert (found.twice, found.wrong) == (twice, 0)
