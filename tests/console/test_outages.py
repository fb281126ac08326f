"""What is wrong with the whole stands above `list`, in `watch` and in `doctor`, and every seller says that nobody is polled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from domain.health_facts import WorkerFindings
from simulator import World
from tests.support.house import House
from tests.support.opening import open_house  # noqa: F401 - a fixture

WORDS = "no worker is seen: it is frozen or dead, since 20"


def run(house: House, statement: str) -> None:
    with house.store.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.fixture(scope="module")
def silent(open_house: Callable[..., House]) -> House:  # noqa: F811
    """A house whose worker said a minute ago, for the last time, that it is there."""
    house = open_house(World(seed=22))
    house.enroll("anna")
    house.store.presence.record("w", house.environment["SELLERBEAT_TASK_QUEUE"], WorkerFindings())
    run(house, "UPDATE sellerbeat.workers SET last_seen_at = last_seen_at - interval '1 minute'")
    return house


def test_a_list_begins_with_what_is_wrong_and_what_to_do(silent: House) -> None:
    said = silent.command("list", COLUMNS="300").out

    assert said.startswith(f"worker: {WORDS}")
    assert "then restart it; nothing is lost" in said.splitlines()[0]
    assert "1 seller: 1 stalled" in said


def test_a_list_with_json_has_sellers_alone(silent: House) -> None:
    (one,) = silent.command("list", "--json").objects

    assert (one["seller_id"], one["state"]) == ("anna", "stalled")
    assert [row["seller_id"] for row in silent.command("list", "--state", "stalled", "--json").objects] == ["anna"]


def test_a_status_says_since_when_nobody_is_polled_and_does_not_wait_for_temporal(silent: House, nobody: str) -> None:
    said = silent.command("status", "anna", COLUMNS="300", TEMPORAL_ADDRESS=nobody).out

    assert said.startswith(f"anna: stalled ({WORDS}")
    assert "what to do: Nobody is polled until it is mended: see starter.py doctor" in said


def test_watch_shows_it_above_all_else_and_with_json_as_fields(silent: House) -> None:
    shown = silent.command("watch", COLUMNS="300").out.splitlines()
    (found,) = silent.command("watch", "--json").object["findings"]

    assert shown[1].startswith(f"worker: {WORDS}")
    assert (found["part"], found["runbook"]) == ("worker", "docs/runbooks/outages.md")
    assert found["since"].endswith("Z")


def test_the_doctor_says_it_too(silent: House) -> None:
    (line,) = [row for row in silent.command("doctor", "--json").objects if row["what"] == "polling"]

    assert not line["ok"]
    assert line["found"].startswith(WORDS)


def test_the_doctor_says_where_keys_open_no_token_and_where_nothing_can_be_stored(silent: House) -> None:
    key = silent.command("new-key").out.strip()
    name = silent.store.engine.url.database
    (keys,) = [row for row in silent.command("doctor", "--json", SELLERBEAT_SECRET_KEYS=key).objects if row["what"] == "keys"]
    run(silent, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    try:
        doctor = silent.command("doctor", "--json").objects
        listed = silent.command("list", COLUMNS="300").out
    finally:
        run(silent, f'ALTER DATABASE "{name}" SET default_transaction_read_only = off')

    (writes,) = [row for row in doctor if row["what"] == "writes"]
    assert (keys["ok"], writes["ok"]) == (False, False)
    assert "put back the key that encrypted them" in keys["found"]
    assert writes["found"].startswith("nothing can be stored: Postgres lets us only read")
    assert listed.startswith("writes: nothing can be stored: Postgres lets us only read")
