"""What was sent, from the command line: the log, one message, and replays with their progress."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from console.replays import drawn, follow
from operations.authors import operating_system_user
from operations.context import CommandContext
from tests.deliveries.hand import change
from tests.support.house import House

SENT_ONE = "DELETE FROM sellerbeat.redeliveries WHERE position = (SELECT min(position) FROM sellerbeat.redeliveries)"


@pytest.fixture
def endpoint(house: House) -> Iterator[str]:
    """Of anna's orders, who is enrolled."""
    house.enroll("anna")
    endpoint, _ = house.store.endpoints.add("http://127.0.0.1:9/", ["order.*"], "anna")
    yield endpoint
    house.store.endpoints.remove(endpoint)


def test_the_log_is_limited_and_goes_on_with_older_ones(house: House, endpoint: str) -> None:
    with house.store.engine.begin() as connection:
        connection.exec_driver_sql(f"""
            INSERT INTO sellerbeat.deliveries (at, endpoint_id, seller_id, event_id, position, type, attempt, replayed, outcome, took_ms)
            SELECT clock_timestamp() - n * interval '1 hour', '{endpoint}', 'anna', 'e-' || n, n,
                CASE WHEN n = 2 THEN 'alert.opened' ELSE 'order.created' END, 1, false, 'delivered', 5
            FROM generate_series(3, 1, -1) AS n""")
    all_of_it = house.command("deliveries", "--endpoint", endpoint, "--json").objects
    first = house.command("deliveries", "--endpoint", endpoint, "--limit", "2")

    def positions(*options: str) -> list[int]:
        return [row["position"] for row in house.command("deliveries", "--endpoint", endpoint, "--json", *options).objects]

    assert [row["position"] for row in all_of_it] == [1, 2, 3]
    assert f"There are older ones: add --before {all_of_it[1]['id']}." in first.out
    assert positions("--before", str(all_of_it[1]["id"])) == [3]
    assert positions("--type", "alert.*,offer.*") == [2]
    assert positions("--since", "150m", "--until", "90m") == [2]


def test_a_message_is_shown_with_its_attempts_and_the_buyer_for_who_asks(house: House, endpoint: str) -> None:
    change(house.store, "anna", ["o-77"], buyer={"username": "tweety4711user"})
    id_ = house.store.feed.read(seller="anna", limit=1000)[-1]["id"]

    fields = house.command("delivery", id_, "--json").object
    hidden = house.command("delivery", id_, COLUMNS="60")
    shown = house.command("delivery", id_, "--reveal")
    act = house.store.audit.read(limit=1)[0]

    assert [(one["endpoint_id"], one["state"]) for one in fields["endpoints"]] == [(endpoint, "waiting")]
    assert "(hidden)" in hidden.out
    assert "no attempt is in the log" in hidden.out
    assert "--reveal" in hidden.out
    assert "tweety4711user" not in hidden.out + str(fields)
    assert "tweety4711user" in shown.out
    assert (act["action"], act["author"], act["seller_id"], act["subject"]) == (
        "delivery.reveal",
        str(operating_system_user()),
        "anna",
        id_,
    )
    assert "no change has the id none" in house.command("delivery", "none").failure(1)


def test_a_replay_is_counted_first_and_followed_until_all_is_sent(house: House, endpoint: str) -> None:
    change(house.store, "anna", ["o-81", "o-82"])
    with house.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.delivery_lanes SET sequence = 1000000")
    asked = ("replay", "--since", "1h", "--type", "order.*", "--endpoint", endpoint)

    counted = house.command(*asked, "--dry-run")
    nothing = house.store.deliveries.waiting(endpoint).again
    begun = house.command(*asked, "--json").object
    seen: list[str] = []

    def sent_meanwhile() -> None:
        seen.append(drawn(house.store.replays.page(replay_id=begun["id"])[0])[-6:])
        with house.store.engine.begin() as connection:
            connection.exec_driver_sql(SENT_ONE)

    ended = follow(cast("CommandContext", house), begun["id"], sent_meanwhile)
    row = house.command("replays", str(begun["id"]), "--json").object

    assert f"{begun['messages']} messages would be sent again" in counted.out
    assert (nothing, begun["messages"] >= 2) == (0, True)
    assert seen[0].startswith("0 of ")
    assert len(seen) == begun["messages"]
    assert (ended["state"], row["state"], row["sent"]) == ("done", "done", begun["messages"])
    assert f"order.* of all sellers to {endpoint}" in house.command("replays").out
    assert "there is no replay 9999" in house.command("replays", "9999").failure(1)
