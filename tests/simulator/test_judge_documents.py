"""What the judge takes for the same document: order of parts, data that eBay drops by age, parcels that share an id."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.judge import judge
from simulator.judge.normal import digest
from simulator.state.orders import EMAIL, PERSONAL, without_personal_data
from simulator.times import iso, to_ms
from tests.simulator.judging import END, START, renumbered
from tests.simulator.perfect import Event, poll
from tests.support.examples import examples
from tests.support.manual_world import ManualWorld


def test_parcels_that_share_their_id_are_compared_together() -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    order_id = world.place_order("anna", lines=[(world.good("anna", 1), 2), (world.good("anna", 2), 1)])
    first, second = (line["lineItemId"] for line in world.order("anna", order_id)["lineItems"])
    ids = [world.ship("anna", order_id, lines=lines, tracking=None) for lines in ({first: 2}, {second: 1})]
    events = poll(list(world.rows()), timedelta(minutes=20), START, END)
    swapped = [{**event, "entity_id": ids[1 - ids.index(event["entity_id"])]} if event["entity_id"] in ids else event for event in events]

    assert judge(world.rows(), swapped, at=END).ok
    missing = renumbered([event for event in events if event["entity_id"] != ids[0]])
    assert judge(world.rows(), missing, at=END).lost == 1


def test_personal_data_that_ebay_dropped_after_90_days_may_be_absent() -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    world.place_order("anna", created_at=START - timedelta(days=100))
    event, *sales = poll(list(world.rows()), timedelta(hours=40), START, END)
    del event["data"]["buyer"]["buyerRegistrationAddress"]["fullName"]

    assert judge(world.rows(), [event, *sales], at=END).ok
    del event["data"]["buyer"]["username"]
    assert not judge(world.rows(), [event, *sales], at=END).ok


@pytest.mark.parametrize(("days", "good"), [(12, False), (13, True), (20, True)])
def test_a_mail_address_that_ebay_dropped_after_14_days_may_be_absent(days: int, good: bool) -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    world.place_order("anna", created_at=START - timedelta(days=days))
    event, *sales = poll(list(world.rows()), timedelta(hours=2), START, START + timedelta(hours=1))
    ship_to = event["data"]["fulfillmentStartInstructions"][0]["shippingStep"]["shipTo"]

    del ship_to["email"]
    at = START + timedelta(days=100)  # the event tells what was there when it was told
    assert judge(world.rows(), [event, *sales], at=at).ok is good
    del ship_to["fullName"]
    assert judge(world.rows(), [event, *sales], at=at).wrong == 1


@pytest.mark.parametrize(("days", "names"), [(15, EMAIL), (91, PERSONAL)])
def test_what_vanishes_by_age_is_neither_lost_nor_a_change(days: int, names: frozenset[str]) -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    world.place_order("anna")
    rows, at = list(world.rows()), START + timedelta(days=100)
    events = poll(rows, timedelta(hours=1), START, START + timedelta(hours=1))
    later = {"id": "later", "version": 2, "type": "order.updated", "detected_at": iso(to_ms(START + timedelta(days=days)))}
    again = {**events[0], **later, "position": len(events) + 1, "sequence": len(events) + 1}

    assert judge(rows, events, at=at).ok
    found = judge(rows, [*events, {**again, "data": without_personal_data(rows[0]["document"], names)}], at=at)
    assert (found.lost, found.twice, found.wrong) == (0, 0, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": {"value": "120.0", "currency": "USD"}}, {"a": {"value": "120.00", "currency": "USD"}}),
        ({"a": None, "b": "", "c": [], "d": {}, "e": {"f": None}}, {}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": "x\x00\ud800y"}, {"a": r"x\u0000\ud800y"}),
        ({"a": "1e400"}, {"a": "1e400", "lastModifiedDate": "2026-06-18T12:00:00.000Z"}),
        ({"a": float("nan")}, {"a": "nan"}),
        ({"a": 10**30}, {"a": str(10**30)}),
        ({"lineItems": [1, 2]}, {"lineItems": [2, 1]}),
        ({"cancelStatus": {"cancelState": "X", "cancelRequests": [1]}}, {"cancelStatus": {"cancelState": "X"}}),
        ({"a": 1, "cancelStatus": {"cancelRequests": [1]}}, {"a": 1}),
    ],
)
def test_these_say_the_same(one: Event, other: Event) -> None:
    assert digest("order", one) == digest("order", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "1"}, {"a": 1}),
        ({"a": "120.0"}, {"a": "120.00"}),
        ({"a": {"value": "1", "currency": "USD"}}, {"a": {"value": "1", "currency": "EUR"}}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": False}, {"a": 0}),
        ({"a": False}, {}),
    ],
)
def test_these_do_not(one: Event, other: Event) -> None:
    assert digest("order", one) != digest("order", other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(deadline=None, max_examples=examples(50))
@given(st.dictionaries(st.text() | st.sampled_from(["value", "currency", "lineItems"]), JSON))
def test_any_document_can_be_judged_and_equals_itself_after_a_round_trip(document: Event) -> None:
    assert digest("order", document) == digest("order", json.loads(json.dumps(document)))
