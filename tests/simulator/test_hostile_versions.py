"""What a hostile eBay writes down: each switch alone, seen over HTTP, with the ledger saying the same."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator import Hostility
from simulator.ledger import loads
from simulator.times import from_iso, iso, to_ms
from tests.simulator.conftest import START, Client
from tests.support.manual_world import ManualWorld

ITEMS = "/sell/inventory/v1/inventory_item"


def shown(anna: Client, **params: object) -> dict[str, dict[str, Any]]:
    return {order.get("orderId"): order for order in loads(anna.orders(limit=200, **params).text)["orders"]}


def rows(world: ManualWorld, kind: str = "order") -> list[dict[str, Any]]:
    return [row for row in world.rows() if row["kind"] == kind]


def since(world: ManualWorld, **ago: float) -> str:
    return f"lastmodifieddate:[{iso(to_ms(world.clock.now() - timedelta(**ago)))}..]"


def test_orders_show_late_but_within_four_minutes(anna: Client, world: ManualWorld) -> None:
    world.hostility = Hostility(late=1.0)
    ids = {world.place_order("anna") for _ in range(20)}
    assert anna.ids() < ids
    at_once = len(anna.ids())

    world.clock.advance(seconds=120)
    then = len(anna.ids())
    world.clock.advance(seconds=120)

    assert at_once < then < 20
    assert anna.ids() == ids
    assert all(row["modified_at"] == iso(to_ms(START)) < row["visible_at"] <= iso(to_ms(START) + 240_000) for row in rows(world))


def test_a_newer_version_or_a_parcel_never_shows_before_what_was_there_earlier(anna: Client, world: ManualWorld) -> None:
    world.hostility = Hostility(late=0.5)
    for _ in range(30):
        order_id = world.place_order("anna")
        world.clock.advance(seconds=5)
        world.ship("anna", order_id)
        world.touch("anna", order_id)

    seen: dict[str, str] = {}
    for row in world.rows():
        assert row["visible_at"] >= seen.get(row["entity_id"], "")
        seen[row["entity_id"]] = row["visible_at"]
    assert all(seen[row["entity_id"].split("/")[0]] >= row["visible_at"] for row in rows(world, "fulfillment"))


def test_scaled_times_are_short(anna: Client, world: ManualWorld) -> None:
    world.hostility = Hostility(scale=0.01, late=1.0)
    ids = {world.place_order("anna") for _ in range(10)}

    world.clock.advance(seconds=2.4)

    assert anna.ids() == ids


def test_many_orders_have_the_same_date(anna: Client, world: ManualWorld) -> None:
    world.hostility = Hostility(same_date=1.0)
    world.clock.advance(seconds=1)
    for _ in range(9):
        world.place_order("anna")
        world.clock.advance(seconds=0.4)

    dates = [order["lastModifiedDate"] for order in shown(anna).values()]

    assert dates == [iso(to_ms(START))] * 9
    assert len(shown(anna, filter=f"lastmodifieddate:[{dates[0]}..{dates[0]}]")) == 9


def test_a_shipment_can_leave_the_orders_date_as_it_is(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    world.hostility = Hostility(undated=1.0)
    world.clock.advance(minutes=10)
    world.ship("anna", order_id)

    order = shown(anna)[order_id]

    assert (order["orderFulfillmentStatus"], order["lastModifiedDate"]) == ("FULFILLED", iso(to_ms(START)))
    assert shown(anna, filter=since(world, minutes=5)) == {}
    world.refund("anna", order_id)  # of a closed order: another switch
    assert list(shown(anna, filter=since(world, minutes=5))) == [order_id]
    world.hostility.undated_closed = 1.0
    world.clock.advance(minutes=10)
    world.refund("anna", order_id, "1.0")
    assert shown(anna, filter=since(world, minutes=5)) == {}
    assert len(shown(anna)[order_id]["paymentSummary"]["refunds"]) == 2


def test_dates_move_without_a_change(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    before = shown(anna)[order_id]
    world.hostility = Hostility(touched=1.0, malformed=1.0, undated=1.0)
    world.clock.advance(hours=1)

    after = shown(anna)[order_id]

    assert after["lastModifiedDate"] == iso(to_ms(world.clock.now()))
    assert {**after, "lastModifiedDate": ""} == {**before, "lastModifiedDate": ""}


@pytest.mark.parametrize("switch", ["malformed", "unknown"])
def test_malformed_documents_are_in_the_ledger_as_they_are_served(anna: Client, world: ManualWorld, switch: str) -> None:
    world.hostility = Hostility(seed=5)
    setattr(world.hostility, switch, 1.0)
    for k in range(40):
        world.place_order("anna")
        world.add_sku("anna", f"S{k}")
    for order_id in world.order_ids("anna")[:10]:
        world.ship("anna", order_id)

    newest = {row["entity_id"]: row["document"] for row in world.rows()}
    orders, items = shown(anna), {item["sku"]: item for item in loads(anna.get(ITEMS, limit=200).text)["inventoryItems"]}
    parcels = [anna.get(f"/sell/fulfillment/v1/order/{order_id}/shipping_fulfillment") for order_id in world.order_ids("anna")[:10]]

    assert orders == {name: newest[name] for name in orders}
    assert items == {name: newest[name] for name in items}
    assert (len(orders), len(items)) == (40, 40)
    for order_id, answer in zip(world.order_ids("anna"), parcels, strict=False):
        for parcel in loads(answer.text)["fulfillments"]:
            assert newest[f"{order_id}/{parcel['fulfillmentId']}"] == parcel
    if switch == "malformed":
        plain = ManualWorld(seed=7, now=START)
        plain.add_seller("anna", skus=30)
        expected = plain.order("anna", plain.place_order("anna")).keys()
        assert any(order.keys() < expected for order in orders.values())  # something is missing
        assert {name for order in orders.values() for name, value in order.items() if value is None} - {"creationDate", "lastModifiedDate"}
        assert any(not isinstance(order.get("lineItems", []), list) for order in orders.values())
        assert '"oddNumber":1e400' in anna.orders(limit=200).text
    else:
        assert all(order["futureField"] for order in orders.values())
        assert "HELD_AT_HUB" in {order["orderFulfillmentStatus"] for order in orders.values()}
    assert anna.get(f"/sell/fulfillment/v1/order/{next(iter(orders))}").status_code == 200
    assert anna.bulk([f"S{k}" for k in range(25)]).status_code == 200


def test_the_world_goes_on_with_what_a_malformed_document_should_have_been(world: ManualWorld) -> None:
    world.hostility = Hostility(malformed=1.0)
    order_id = world.place_order("anna")
    world.ship("anna", order_id)
    world.refund("anna", order_id)
    world.hostility = None

    world.touch("anna", order_id)

    order = rows(world)[-1]["document"]
    assert order["orderPaymentStatus"] == "FULLY_REFUNDED"
    assert order["orderFulfillmentStatus"] == "FULFILLED"
    assert order["buyer"]["username"]


def test_a_removal_carries_the_document_that_was_shown_last(world: ManualWorld) -> None:
    world.hostility = Hostility(unknown=1.0)
    for k in range(10):
        world.add_sku("anna", f"S{k}")
        world.remove_sku("anna", f"S{k}")

    documents = [row["document"] for row in rows(world, "inventory")]

    assert documents[::2] == documents[1::2]
    assert all(document["futureField"] for document in documents)


def test_some_orders_come_without_an_id(anna: Client, world: ManualWorld) -> None:
    world.hostility = Hostility(nameless=1.0)
    for _ in range(12):
        world.place_order("anna")

    ids = [order.get("orderId") for order in anna.orders().json()["orders"]]

    assert len(ids) == 12
    assert {repr(one) for one in ids} == {"None", "''", "7"}


def test_a_string_of_four_megabytes_comes_at_most_three_times_a_seller(anna: Client, world: ManualWorld) -> None:
    world.hostility = Hostility(huge=1.0)
    for k in range(5):
        world.place_order("anna")
        world.add_sku("bert", f"S{k}")

    lengths = sorted(len(order.get("buyerCheckoutNotes", "")) for order in anna.orders().json()["orders"])

    assert lengths == [0, 0, 4_000_000, 4_000_000, 4_000_000]
    assert world.hostility.done["huge"] == 6


def test_orders_come_up_long_after_their_creation_and_then_lose_personal_data(anna: Client, world: ManualWorld) -> None:
    world.hostility = Hostility(seed=2, late_payer=1.0)
    for _ in range(12):
        anna.orders()
    world.hostility.late_payer = 0.0
    orders = shown(anna, filter=since(world, seconds=1))
    ages = sorted(to_ms(START) - from_iso(order["creationDate"]) for order in orders.values())
    personal = anna.orders(filter=since(world, seconds=1)).text.count('"fullName"')

    world.clock.advance(minutes=21)
    after = anna.orders(filter=since(world, minutes=30)).text

    assert len(orders) == 12
    assert ages[0] < 85 * 86_400_000 < ages[-1]
    assert 0 < after.count('"fullName"') < personal


def test_rows_move_while_somebody_walks_the_pages(anna: Client, world: ManualWorld) -> None:
    for _ in range(30):
        world.place_order("anna")
        world.clock.advance(seconds=1)
    window = f"lastmodifieddate:[{iso(to_ms(START))}..{iso(to_ms(world.clock.now()))}]"
    world.clock.advance(seconds=1)
    world.hostility = Hostility(moving=1.0)

    pages = [anna.orders(filter=window, limit=10, offset=offset).json() for offset in (0, 10, 20)]

    assert pages[0]["total"] == 30 > pages[1]["total"]
    assert len({order["orderId"] for page in pages for order in page["orders"]}) < 30
    world.quiet()
    total = anna.orders(filter=window, limit=10).json()["total"]
    assert anna.orders(filter=window, limit=10).json()["total"] == total


def test_skus_come_and_go_between_two_pages(anna: Client, world: ManualWorld) -> None:
    world.preload_skus("anna")
    before = set(world.skus("anna"))
    world.hostility = Hostility(coming_and_going=1.0)

    anna.get(ITEMS, limit=10)

    after = set(world.skus("anna"))
    assert (len(after - before), len(before - after)) == (1, 1)
    anna.get(ITEMS, limit=200)  # nothing follows
    assert set(world.skus("anna")) == after


def test_a_ledger_of_malformed_documents_can_be_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    world = ManualWorld(seed=3, now=START, ledger=path)
    world.hostility = Hostility(malformed=1.0, unknown=0.3, nameless=0.2)
    world.add_seller("anna")
    for _ in range(40):
        world.ship("anna", world.place_order("anna"))
    before = [json.dumps(row) for row in world.rows()]
    world.close()

    again = ManualWorld(seed=3, now=START, ledger=path)

    assert [json.dumps(row) for row in again.rows()] == before
    assert len(again.order_ids("anna")) == 40
    again.close()
