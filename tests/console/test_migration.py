"""The move from polling to webhooks, by hand: what `mode` refuses and does, and what `reconcile` prints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from activities.fleet.comparing import evaluate
from domain.pacing import Stream
from tests.support.house import House

SOON = datetime(2100, 1, 1, tzinfo=UTC)
COUNTS = "both", "folded", "only_polling", "only_notifications", "pending", "unannounced"


def order(order_id: str, **fields: Any) -> dict[str, Any]:
    dates = {"creationDate": SOON.isoformat(), "lastModifiedDate": SOON.isoformat()}
    return {"orderId": order_id, "orderFulfillmentStatus": "NOT_STARTED", **dates, **fields}


def keep(house: House, seller: str, *orders: dict[str, Any], source: str = "poll") -> None:
    with house.store.commit(house.store.begin(seller, Stream.ORDERS)) as commit:
        commit.store_orders(orders, SOON, source)


def shift(house: House, seller: str) -> None:
    """As if the mode had begun a week ago, and all were seen a day later."""
    columns = {"modes": (7, "since"), "sightings": (6, "first_at", "first_told_at", "other_at", "other_told_at")}
    with house.store.engine.begin() as connection:
        for table, (days, *names) in columns.items():
            moved = ", ".join(f"{name} = {name} - interval '{days} days'" for name in names)
            connection.exec_driver_sql(f"UPDATE sellerbeat.{table} SET {moved} WHERE seller_id = %(seller)s", {"seller": seller})


def mode(house: House, *arguments: str) -> str:
    said = house.command("mode", *arguments)
    assert (said.code, said.err) == (0, "")
    return said.out.rstrip()


@pytest.fixture(scope="module")
def week(house: House) -> House:
    """wanda: a week in shadow with six orders that both saw, and one that only polling did. rita: the same without that one."""
    for seller in ("wanda", "rita"):
        house.enroll(seller)
        assert mode(house, seller, "shadow").startswith(f"{seller} is now in mode shadow: polled as ever")
        for number in range(6):
            first, second = ("notification", "poll") if number % 2 else ("poll", "notification")
            keep(house, seller, order(f"o-{number}"), source=first)
            keep(house, seller, order(f"o-{number}"), source=second)
    keep(house, "wanda", order("o-lost"))
    for seller in ("wanda", "rita"):
        shift(house, seller)
        keep(house, seller, order("o-new"))
    return house


def test_a_seller_in_polling_is_not_ready_and_stays(house: House) -> None:
    house.enroll("paul")

    line = house.command("mode", "paul", "webhooks").failure(1)

    assert line == (
        "paul is not ready for webhooks: in mode polling nothing is compared: begin with mode shadow. With --force it is done all the same"
    )
    assert mode(house, "paul", "polling") == "paul is already in mode polling: notifications are not compared; polling does it all"


def test_reconcile_lists_what_no_notification_told(week: House) -> None:
    found = week.command("reconcile", "--seller", "wanda", "--last", "8d", "--json").object

    assert [found[name] for name in COUNTS] == [6, 0, 1, 0, 1, 0]
    assert (found["notifications_ahead"]["count"], found["polling_ahead"]["count"]) == (3, 3)
    missing = found["missing"]["notifications"][0]
    assert missing["event_id"] == next(event["id"] for event in week.events("wanda") if event["entity_id"] == "o-lost")
    assert (missing["type"], missing["version"], missing["topic"]) == ("order.created", 1, "ORDER_CONFIRMATION")
    assert (found["ready"], found["missing"]["polling"]) == (False, [])


def test_reconcile_says_it_in_words_for_a_person(week: House) -> None:
    lines = week.command("reconcile", "--last", "8d").out.splitlines()

    assert [line.split()[:2] for line in lines[1:3]] == [["rita", "shadow"], ["wanda", "shadow"]]
    assert any(line.startswith("rita: ready: each of 6 changes of the last 7 days") for line in lines)
    assert any(line.startswith("wanda: not yet ready: 1 change was told by no notification") for line in lines)
    assert any(line.startswith("  notifications ahead in 3: by 0") for line in lines)
    assert any(line.startswith("  no notification told order.created of o-lost (version 1, ") for line in lines)


def test_status_and_list_show_the_mode_and_the_last_comparison(week: House) -> None:
    evaluate(week.store, "rita")
    after = " ".join(week.command("status", "rita", COLUMNS="200").out.split())
    status = week.command("status", "rita", "--json").object
    rows = {row["seller_id"]: row["mode"] for row in week.command("list", "--json").objects}

    assert "changes of 7 days: 6 by both, 0 by polling only, 0 by notifications only; ready for webhooks: each of 6 changes" in after
    assert (status["mode"], status["comparison"]["both"], status["comparison"]["ready"]) == ("shadow", 6, True)
    assert rows.items() >= {"rita": "shadow", "wanda": "shadow"}.items()
    assert "mode" in week.command("list", COLUMNS="200").out.splitlines()[2]


def test_reconcile_of_a_period_counts_what_was_first_seen_in_it(week: House) -> None:
    today = week.command("reconcile", "--seller", "wanda", "--last", "1d", "--json").object

    assert [today[name] for name in COUNTS] == [0, 0, 0, 0, 1, 0]


def test_webhooks_are_refused_while_not_ready_and_forced_all_the_same(week: House) -> None:
    assert "1 change was told by no notification" in week.command("mode", "wanda", "webhooks").failure(1)
    assert week.store.modes.get("wanda").mode == "shadow"

    said = week.command("mode", "wanda", "webhooks", "--force", "--json").object

    assert said["mode"] == week.store.modes.get("wanda").mode == "webhooks"
    assert (said["before"], said["ready"]) == ("shadow", False)


def test_a_ready_seller_goes_to_webhooks_and_back_at_once(week: House) -> None:
    assert mode(week, "rita", "webhooks") == "rita is now in mode webhooks: notifications are relied on; polling is the safety net"
    assert mode(week, "rita", "polling").startswith("rita is now in mode polling, at once: ")


def test_nobody_in_shadow_is_said_in_words(house: House) -> None:
    with house.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.modes SET mode = 'polling'")

    assert house.command("reconcile").out == "no seller is in shadow or webhooks: begin with starter.py mode SELLER shadow\n"
    assert house.command("reconcile", "--json").out == ""


@pytest.mark.parametrize("arguments", [("mode", "nobody", "shadow"), ("reconcile", "--seller", "nobody")])
def test_a_seller_who_never_enrolled_is_refused(house: House, arguments: tuple[str, ...]) -> None:
    assert house.command(*arguments).failure(1) == "seller nobody is not enrolled; starter.py list shows all sellers"
