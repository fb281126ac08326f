"""What `pause` and `speed-up` tell a seller's workflow, and say: until when, and by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from temporalio.client import Client

from operations.authors import operating_system_user
from tests.support.house import House
from workflows.client import handle

ME = operating_system_user()


def latest_signal(house: House, seller: str) -> tuple[str, Any]:
    async def latest(client: Client) -> tuple[str, Any]:
        events = [event async for event in handle(client, seller).fetch_history_events()]
        signal = next(
            event.workflow_execution_signaled_event_attributes
            for event in reversed(events)
            if event.HasField("workflow_execution_signaled_event_attributes")
        )
        [message] = await client.data_converter.decode(signal.input.payloads)
        return signal.signal_name, message

    return house.ask(latest)


@pytest.fixture(scope="module", autouse=True)
def enrolled(house: House) -> None:
    for seller in ("anna", "bert"):
        house.enroll(seller)


@pytest.mark.parametrize(("typed", "lasting"), [("90s", timedelta(seconds=90)), ("2h", timedelta(hours=2)), ("366d", timedelta(days=366))])
def test_a_pause_for_a_while_ends_so_much_later(house: House, typed: str, lasting: timedelta) -> None:
    began = datetime.now(UTC)

    said = house.command("pause", "anna", "--reason", "stock-take", "--until", typed, "--json").object
    name, message = latest_signal(house, "anna")

    assert said == {"seller_id": "anna", "state": "paused", "reason": "stock-take", "until": said["until"]}
    until = datetime.fromisoformat(message["until"])
    assert began + lasting <= until <= datetime.now(UTC) + lasting
    assert said["until"] == until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert (name, message["reason"], message["by"]) == ("pause", "stock-take", str(ME))


def test_a_pause_until_a_time_ends_then_and_says_so_in_words(house: House) -> None:
    noon = (datetime.now(UTC) + timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)
    elsewhere = noon.astimezone(timezone(timedelta(hours=5, minutes=30)))

    said = house.command("pause", "--all", "--reason", "stock-take", "--until", elsewhere.isoformat()).out
    by_day = house.command("pause", "anna", "--until", f"{noon:%Y-%m-%d}", "--json").object

    words = f"paused until {noon:%Y-%m-%d} 12:00 UTC by {ME.words()}: stock-take"
    assert said == f"anna is {words}\nbert is {words}\n"
    assert datetime.fromisoformat(latest_signal(house, "bert")[1]["until"]) == noon
    assert by_day["until"] == f"{noon:%Y-%m-%d}T00:00:00.000Z"


@pytest.mark.parametrize("reason", [(), ("--reason", ""), ("--reason", "  ")])
def test_a_pause_without_words_is_by_hand_and_lasts_until_somebody_resumes(house: House, reason: tuple[str, ...]) -> None:
    said = house.command("pause", "anna", *reason, "--json").object

    assert said == {"seller_id": "anna", "state": "paused", "reason": "by hand"}
    assert latest_signal(house, "anna")[1] == {"reason": "by hand", "until": None, "by": str(ME)}


def test_a_speed_up_has_an_author_too(house: House) -> None:
    said = house.command("speed-up", "anna", "--every", "30s", "--for", "10m", "--json").object

    assert said == {"seller_id": "anna", "every_s": 30.0, "for_s": 600.0}
    assert latest_signal(house, "anna") == ("speed_up", {"every": "PT30S", "lasting": "PT10M", "by": str(ME)})
