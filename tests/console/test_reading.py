"""What the commands print about sellers that a worker polls: the shapes that other tools build on, field by field."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from simulator import World
from tests.console.shapes import EVENT, ROW, SALE, STATUS, STREAM, TIME, assert_times, calls, is_version, poll_until, read
from tests.console.test_missing_servers import CHECKS
from tests.support.house import ROOT, House
from tests.support.waiting import PATIENCE_S, eventually_here


@pytest.fixture(scope="module")
def house(open_house: Callable[..., House]) -> House:
    """anna: an order that was paid and shipped, one without an id, two SKUs, one SKU that is gone. bert has nothing."""
    world = World(seed=22)
    world.add_seller("anna", skus=3)
    skus = world.preload_skus("anna")
    house = open_house(world, orders_every="1h", fulfillment_every="1h", inventory_every="1h")
    house.enroll("anna")
    house.enroll("bert")
    house.worker()
    eventually_here(lambda: len(house.events("anna")) == 4)  # that she is connected, and three SKUs
    order = world.place_order("anna", paid=False)
    poll_until(house, "orders", "order.created")
    world.pay("anna", order)
    world.ship("anna", order)
    poll_until(house, "orders", "fulfillment.created")
    world.remove_sku("anna", skus[0])
    poll_until(house, "inventory", "inventory.removed")
    world.place_order("anna", raw=lambda text: json.dumps({**json.loads(text), "orderId": None}))
    house.command("poll-now", "anna")
    eventually_here(lambda: house.store.set_aside("anna"))
    return house


@pytest.fixture(scope="module")
def order(house: House) -> str:
    return house.world.order_ids("anna")[0]


def test_status_has_the_fields_of_the_contract(house: House) -> None:
    (status,) = read(house, "status", "anna")

    assert status.keys() == STATUS
    assert (status["seller_id"], status["state"]) == ("anna", "polling")
    assert "orders: every 1 h" in status["reason"]
    assert status["streams"].keys() >= {"orders", "fulfillment", "inventory"}
    assert status["changes_24h"] == len([event for event in house.events("anna") if is_version(event["type"])])
    eventually_here(lambda: house.store.seller("anna")["api_calls_24h"] == calls(house, "anna"))
    for stream in status["streams"].values():
        assert stream.keys() >= STREAM
        assert_times(stream)
        assert (stream["failures"], stream["last_error"]) == (0, None)
    for name in ("orders", "fulfillment", "inventory"):
        assert status["streams"][name]["last_poll_at"] < status["streams"][name]["next_poll_at"]
        assert status["streams"][name]["why"].partition(";")[0] == "every 1 h"
    assert TIME.fullmatch(status["streams"]["orders"]["cursor"])


def test_changes_have_the_fields_of_the_contract(house: House, order: str) -> None:
    events = read(house, "changes", "--seller", "anna")

    by_type = {event["type"]: event for event in events}
    for event in events:
        assert event.keys() == EVENT
        assert_times(event)
        assert event["seller_id"] == "anna"
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [event["position"] for event in events] == sorted({event["position"] for event in events})
    assert len({event["id"] for event in events}) == len(events)
    created, updated = by_type["order.created"], by_type["order.updated"]
    assert (created["entity_id"], created["version"], created["changed"], created["previous"]) == (order, 1, [], {})
    assert (created["source"], created["occurred_at"]) == ("poll", created["data"]["creationDate"])
    assert updated["version"] > 1
    assert updated["changed"] == sorted(updated["changed"]) == sorted(updated["previous"])
    assert "orderPaymentStatus" in updated["changed"]
    assert updated["previous"]["orderPaymentStatus"] == created["data"]["orderPaymentStatus"]
    assert updated["data"] == house.world.order("anna", order)
    ((parcel_id, parcel),) = house.world.parcels("anna", order).items()
    assert (by_type["fulfillment.created"]["entity_id"], by_type["fulfillment.created"]["data"]) == (parcel_id, parcel)
    assert {event["source"] for event in events if event["type"] == "inventory.created"} == {"backfill"}
    assert (by_type["inventory.removed"]["changed"], by_type["inventory.removed"]["previous"]) == ([], {})
    assert by_type["alert.opened"]["entity_id"] == "alert:set_aside"
    sale, line = by_type["inventory.sold"], created["data"]["lineItems"][0]
    assert (sale["data"].keys(), sale["changed"], sale["previous"], sale["source"]) == (SALE, [], {}, "poll")
    assert (sale["data"]["orderId"], sale["data"]["lineItemId"], sale["entity_id"]) == (order, line["lineItemId"], line["sku"])
    assert sale["occurred_at"] == sale["data"]["soldAt"] == created["data"]["creationDate"]


def test_changes_go_on_after_a_position(house: House) -> None:
    events = read(house, "changes")
    third, last = events[2]["position"], events[-1]["position"]

    assert read(house, "changes", "--after", str(third)) == events[3:]
    assert read(house, "changes", "--after", str(last)) == []
    assert [event["type"] for event in read(house, "changes", "--seller", "bert")] == ["seller.connected"]


def test_snapshots_have_the_fields_of_the_contract(house: House, order: str) -> None:
    orders, parcels, items = (read(house, "snapshot", "anna", kind) for kind in ("orders", "fulfillments", "inventory"))

    for row in orders + parcels + items:
        assert row.keys() == (ROW | {"expected"} if row in items else ROW)
        assert_times(row)
    stored, aside = orders
    assert (stored["entity_id"], stored["data"], stored["set_aside"], stored["removed_at"]) == (
        order,
        house.world.order("anna", order),
        None,
        None,
    )
    assert stored["version"] == max(event["version"] for event in house.events("anna") if event["entity_id"] == order)
    assert (aside["entity_id"], aside["data"], aside["version"]) == (None, None, None)
    assert aside["set_aside"]
    assert [row["entity_id"] for row in parcels] == list(house.world.parcels("anna", order))
    assert {row["entity_id"]: row["data"] for row in items if not row["removed_at"]} == {
        sku: house.world.item("anna", sku) for sku in house.world.skus("anna")
    }
    assert [row["version"] for row in items if row["removed_at"]] == [2]
    assert read(house, "snapshot", "bert", "orders") == []


def test_an_order_number_and_a_sku_are_found_with_their_seller(house: House, order: str) -> None:
    by_order, by_beginning = read(house, "find", order), read(house, "find", order[:6])
    by_sku = {(row["kind"], row["found_by"]) for row in read(house, "find", house.world.skus("anna")[0])}
    screen = house.command("find", order, COLUMNS="60").out

    assert [(row["seller_id"], row["kind"], row["entity_id"]) for row in by_order] == [
        ("anna", "order", order),
        ("anna", "fulfillment", order),
    ]
    assert by_beginning == by_order
    assert ("inventory", "SKU") in by_sku
    assert screen.count("seller: anna") == 2
    assert max(map(len, screen.splitlines())) <= 60
    assert "nothing is stored under it" in house.command("find", "nobody-has-it").out


def test_a_list_has_one_row_a_seller(house: House) -> None:
    rows = read(house, "list")

    assert [(row["seller_id"], row["state"]) for row in rows] == [("anna", "polling"), ("bert", "polling")]
    for row in rows:
        assert row.keys() == STATUS | {"last_poll_at", "next_poll_at"}
        assert_times(row)
        assert row["last_poll_at"] < row["next_poll_at"]


def test_a_list_of_each_state_is_a_list_of_those_in_it(house: House) -> None:
    house.command("pause", "bert", "--reason", "holiday")
    eventually_here(lambda: house.store.seller("bert")["state"] == "paused")

    found = {
        state: [row["seller_id"] for row in read(house, "list", "--state", state)]
        for state in ("polling", "paused", "needs_reauthorization", "waiting_for_quota", "failing", "removed")
    }
    (paused,) = read(house, "status", "bert")
    resumed = house.command("resume", "bert", "--json").object
    eventually_here(lambda: house.store.seller("bert")["state"] == "polling")

    assert {state: sellers for state, sellers in found.items() if sellers} == {"polling": ["anna"], "paused": ["bert"]}
    assert (paused["state"], paused["reason"], paused["streams"]["orders"]["next_poll_at"]) == ("paused", "holiday", None)
    assert resumed == {"seller_id": "bert", "state": "polling"}


def test_quota_plan_tells_the_freshness_of_a_larger_fleet_and_what_would_buy_more(house: House) -> None:
    as_it_is, twice, five_times, announced = house.command("quota", "--plan", "600", "--json").objects

    assert [row["sellers"] for row in (as_it_is, twice, five_times, announced)] == [600] * 4
    assert as_it_is["mean_s"] >= twice["mean_s"] >= five_times["mean_s"] > 0
    assert announced["mean_s"] < as_it_is["mean_s"]
    assert "95 % within" in house.command("quota", "--plan", "600").out


def test_quota_plan_of_nobody_is_refused(house: House) -> None:
    assert "--plan" in house.command("quota", "--plan", "0").failure(2)


def test_alerts_quota_and_set_aside_documents_are_objects_with_utc_times(house: House) -> None:
    (alert,), quotas, (aside,) = read(house, "alerts"), read(house, "quota"), read(house, "set-aside")

    for row in (alert, *quotas, aside):
        assert_times(row)
    assert (alert["seller_id"], alert["kind"], alert["closed_at"]) == ("anna", "set_aside", None)
    limits = {"inventory": 2_000_000, "orders": 100_000, "trading": 5_000, "feed": 100_000}
    assert {row["resource"]: row["limit"] for row in quotas} == limits
    assert all(row["used"] > 0 for row in quotas if row["resource"] in ("orders", "inventory"))
    assert (aside["seller_id"], aside["kind"], aside["entity_id"]) == ("anna", "order", None)
    assert aside["attempts"] >= 1
    assert aside["reason"]
    assert read(house, "set-aside", "--seller", "bert") == []
    assert (read(house, "alerts", "--seller", "anna"), read(house, "alerts", "--seller", "bert")) == ([alert], [])


def test_an_alert_is_told_in_whole_words_on_a_narrow_screen(house: House) -> None:
    head, *lines = house.command("alerts", "--all").out.splitlines()

    assert head.startswith("set_aside, seller anna, opened ")
    assert lines[0].startswith("  could not be read or kept, and set aside: ")
    assert [line for line in lines if line.startswith("  What to do: ")]
    assert lines[-1] == "  More: docs/runbooks/set_aside.md"
    assert max(map(len, lines)) <= 80


def test_a_document_set_aside_is_tried_again_by_hand(house: House) -> None:
    (aside,) = house.store.set_aside("anna")

    (refused,) = read(house, "set-aside", "--retry", str(aside["id"]))

    assert refused == {"id": aside["id"], "stored": False}
    assert [row["id"] for row in house.store.set_aside("anna")] == [aside["id"]]
    assert house.command("set-aside", "--retry", "99999").failure(1) == "no document is set aside under 99999"


def test_for_people_every_command_prints_words(house: House, order: str) -> None:
    for command in ("list", "status anna", "quota", "alerts", "alerts --closed", "set-aside", "changes", "snapshot anna orders", "doctor"):
        said = house.command(*command.split())

        assert (said.code, said.err) == (0, ""), command
        assert len(said.out.splitlines()) > 1 or command == "set-aside"
        assert "{" not in said.out
    assert [line.split()[0] for line in house.command("snapshot", "anna", "orders").out.splitlines()] == [order, "-"]
    assert house.command("list", "--state", "removed").out == "no sellers in state removed\n"


def test_for_people_a_sale_says_how_many_pieces_of_which_order(house: House, order: str) -> None:
    (line,) = [line for line in house.command("changes").out.splitlines() if "inventory.sold" in line]

    assert line.endswith(f" sold in order {order}")


def test_what_people_set_is_answered_with_fields(house: House) -> None:
    assert read(house, "set-cadence", "bert", "--orders", "5m", "--inventory", "1h") == [
        {"seller_id": "bert", "orders_every_s": 300, "inventory_every_s": 3600}
    ]
    eventually_here(lambda: read(house, "status", "bert")[0]["streams"]["orders"]["why"] == "cadence set by hand: every 5 min")
    assert read(house, "speed-up", "bert", "--every", "30s", "--for", "10m") == [{"seller_id": "bert", "every_s": 30, "for_s": 600}]
    assert read(house, "active", "bert") == [{"seller_id": "bert"}]
    eventually_here(lambda: "30 s" in read(house, "status", "bert")[0]["streams"]["orders"]["why"])


def test_the_doctor_finds_all_well(house: House) -> None:
    checks = read(house, "doctor")

    assert [(check["what"], check["mark"]) for check in checks] == [(what, "ok") for what in CHECKS]
    assert checks[1]["found"] == (
        "reached directly as postgres, which has its rights; waits end: connecting 5s, lock 5s, statement 15s, idle in a transaction 30s"
    )


def test_following_prints_what_comes_and_ends_well_with_ctrl_c(house: House) -> None:
    last = house.events()[-1]["position"]
    following = house.starter("changes", "--json", "--follow", "--after", str(last - 1))
    eventually_here(lambda: following.out.read_text().count("\n") == 1)

    placed = house.world.place_order("anna")
    house.command("poll-now", "anna")

    eventually_here(lambda: placed in following.out.read_text())
    following.tell(signal.SIGINT)
    said = following.result()
    assert (said.code, said.err) == (0, "")
    assert [event["position"] for event in said.objects] == sorted({event["position"] for event in said.objects})


@pytest.fixture
def gone_reader() -> Iterator[int]:
    """The end of a pipe to write to, whose reader has seen enough."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("command", [pytest.param("changes", marks=pytest.mark.repeats), "changes --json", "list"])
def test_a_reader_that_leaves_early_is_no_error(house: House, gone_reader: int, command: str) -> None:
    program = [sys.executable, str(ROOT / "starter.py"), *command.split()]

    left = subprocess.run(
        program, stdout=gone_reader, stderr=subprocess.PIPE, env=house.environment, cwd=house.folder, timeout=PATIENCE_S, check=False
    )

    assert (left.returncode, left.stderr) == (0, b"")
